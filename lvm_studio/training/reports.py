"""What a training run says while it runs. Free of torch: the window and the engine read these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lvm_studio.data.jobs import Checkpoint, Wish

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree


@dataclass(frozen=True)
class TrainReport:
    """One evaluation of the bound, in nats per observation (Eq. 3.4).

    `elbo = reconstruction - kl_w - kl_z`. `sigma` is the model's one number for its observation
    noise, in the unit of the data: for a CompVAE that of a single household, root mean square over
    the week, for a VAE of sums that of the whole sum, both in kW.
    `split` tells training minibatches from the fixed held-out batch. `seconds` counts training
    time over all resumed pieces of the run. `k` is the mean number of households in the batch.
    `skipped` counts the steps so far that were not taken because loss or gradient was no number or
    exploded; `tight` is the importance-weighted bound of the held-out batch (Eq. 3.5).
    """

    step: int
    steps: int
    seconds: float
    split: Literal["train", "heldout"]
    elbo: float
    reconstruction: float
    kl_w: float
    kl_z: float
    sigma: float
    lr: float
    k: float
    skipped: int = 0
    tight: float | None = None


@dataclass(frozen=True)
class DeviceReport:
    """Where the run computes: `device` as torch names it, `detail` for people.

    `flops` of the matrix products of a step and the operations a second (`peak`) that the device
    reached on a large one: what speed is measured by (`training.speed`). 0 where not counted.
    """

    device: str
    detail: str
    parameters: int
    flops: float = 0.0
    peak: float = 0.0


@dataclass(frozen=True)
class Refining:
    """The networks are trained; the prior over z is now fitted to their posteriors.

    `share` of that is done, 0 to 1.
    """

    share: float


@dataclass(frozen=True, eq=False)
class Finished:
    """The end of a run: `tree` is that of a `TrainedModel`."""

    step: int
    tree: Tree
    figures: Mapping[str, float]


__all__ = [
    "Checkpoint",
    "DeviceReport",
    "Finished",
    "Refining",
    "Report",
    "TrainReport",
    "TrainingDiverged",
    "Wish",
]

Report = TrainReport | DeviceReport | Checkpoint | Refining | Finished


class TrainingDiverged(ArithmeticError):  # noqa: N818  (a state of the run, as in the contract)
    """The loss is no longer a number; the last checkpoint is still good."""
