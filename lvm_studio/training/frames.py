"""What the laboratory sees and may ask while a model of vectors trains. Free of torch.

The seam of the laboratory panel: a `LaboratoryJob` (`training.laboratory`) yields a `Frame` at most
`frames_per_second` times a second and ends with a `Finished`. Between two reports its owner may
send it, through `Worker.ask`, a `SetSigma` or a `TakeSteps`; pause and resume are the engine's.
While the job is paused a request still reaches it: it answers with one frame and rests again, so
that "step" is `TakeSteps(1)`, and a sigma that a hand has moved is seen at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.jobs import Request
from lvm_studio.training.reports import TrainReport

Points = NDArray[np.float32]

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
"""Of sigma(z) over the generative law, in a frame."""


WALK_STEPS = 161
"""W, points of the walk in a frame."""


@dataclass(frozen=True)
class SetSigma(Request):
    """Put the noise at this size now; a noise that learns goes on from there."""

    value: float


@dataclass(frozen=True)
class TakeSteps(Request):
    """Take so many steps, then show a frame."""

    count: int = 1


@dataclass(frozen=True, eq=False)
class Frame:
    """A model as it stands, on the same P points and the same draws of z for every frame.

    Args:
        step, epoch: training steps done, and epochs of 10,000 points.
        seconds: training time.
        reports: of the steps since the frame before.
        x: points of the data, [P, D].
        reconstruction, reconstruction_stddev: f(z) and sigma for z ~ q(z | x), [P, D].
        mean, stddev: f(z) and sigma for z ~ p, [P, D].
        sample: what these generate, with noise, [P, D].
        sigma: quantiles (`QUANTILES`) of sigma(z) for z ~ p, over coordinates and points.
        walk, walk_stddev: f(z) and sigma along the coordinate of z that q uses most, from -3 to 3
            with all others at 0, [W, D]: where z has found the manifold, this is the manifold.
    """

    step: int
    epoch: float
    seconds: float
    reports: tuple[TrainReport, ...]
    x: Points
    reconstruction: Points
    reconstruction_stddev: Points
    mean: Points
    stddev: Points
    sample: Points
    sigma: tuple[float, ...]
    walk: Points
    walk_stddev: Points
