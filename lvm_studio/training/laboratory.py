"""Training that is watched: frames many times a second, and a sigma that can be grabbed.

See `training.frames` for what passes. The steps are those of an ordinary run of the same spec: as
long as nobody grabs sigma the weights come out the same.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.data.jobs import Checkpoint, Request, Sent
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.training.frames import (
    QUANTILES,
    WALK_STEPS,
    Frame,
    Points,
    SetSigma,
    TakeSteps,
)
from lvm_studio.training.reports import Finished, TrainReport
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from torch import Tensor

    from lvm_studio.data.tree import Tree
    from lvm_studio.models.vectors import VectorVAE
    from lvm_studio.training.run import TrainingRun

EPOCH_POINTS = 10_000
"""Fresh points in an epoch of the thesis (6.3.2)."""
SHOWN_SEED = 7
WALK_REACH = 3.0
"""Deviations of the prior to either side that the walk goes."""

Reports = Generator[object, Sent, Finished]
"""Frames, held-out `TrainReport`s, a `DeviceReport`, `Checkpoint`s, and a `Finished`."""


@dataclass(frozen=True, eq=False)
class LaboratoryJob:
    """A run of a model of vectors that shows itself.

    Args:
        spec: with a manifold in `spec.data`, or any model of vectors if `vectors` are given.
        vectors: points to learn, e.g. from a file, or None.
        resume: the tree of a checkpoint of the same spec, or None.
        frames_per_second: at most.
        points: P, shown in every frame.
    """

    spec: TrainSpec
    vectors: VectorSet | None = None
    resume: Tree | None = None
    frames_per_second: float = 25.0
    points: int = 400

    def run(self) -> Reports:
        """Yield frames, held-out reports and checkpoints; the last report is a `Finished`."""
        from lvm_studio.training.problems import problem_of
        from lvm_studio.training.run import TrainingRun

        run = TrainingRun(problem_of(self.spec, self.vectors))
        if self.resume is not None:
            run.restore(self.resume)
        shown = _Shown(run, self.points)
        yield from _say(run.device_report(), run, shown)
        yield from _say(shown.frame(()), run, shown)
        yield from self._trained(run, shown)
        finished = run.result()
        yield from _say(finished, run, shown)
        return finished

    def _trained(self, run: TrainingRun, shown: _Shown) -> Generator[object, object, None]:
        since: list[TrainReport] = []
        due = saved = time.monotonic()
        while not run.finished:
            since += run.train_steps()
            now = time.monotonic()
            if run.step % self.spec.eval_every == 0 or run.finished:
                heldout = run.evaluate()
                if heldout is not None:
                    yield from _say(heldout, run, shown)
            if now >= due or run.finished:
                yield from _say(shown.frame(tuple(since)), run, shown)
                # From when it was due: a frame that waited for its step delays no other.
                since, due = [], max(due + 1.0 / self.frames_per_second, now)
            if now - saved > self.spec.checkpoint_seconds:
                yield from _say(Checkpoint(run.step, run.checkpoint()), run, shown)
                saved = now


def _say(report: object, run: TrainingRun, shown: _Shown) -> Generator[object, object, None]:
    """Yield the report; answer each wish at once, a request with a frame."""
    wish = yield report
    while wish is not None:
        if isinstance(wish, Request):
            wish = yield shown.frame(_obeyed(wish, run))
        else:
            wish = yield Checkpoint(run.step, run.checkpoint())


def _obeyed(request: Request, run: TrainingRun) -> tuple[TrainReport, ...]:
    """Do what is asked; the reports of the steps taken. What is not known is ignored."""
    reports: list[TrainReport] = []
    if isinstance(request, SetSigma):
        _vae(run).noise.set_sigma(request.value)
    elif isinstance(request, TakeSteps):
        while len(reports) < request.count and not run.finished:
            reports += run.train_steps()
    return tuple(reports)


def _vae(run: TrainingRun) -> VectorVAE:
    from lvm_studio.models.vectors import VectorVAE

    assert isinstance(run.module, VectorVAE)  # a problem of vectors makes nothing else
    return run.module


class _Shown:
    """The points and draws that all frames of a run share."""

    def __init__(self, run: TrainingRun, points: int) -> None:
        import torch

        batch = run.problem.heldout_batch()
        vae = _vae(run)
        device = run.problem.device
        generator = torch.Generator().manual_seed(SHOWN_SEED)
        self._run = run
        self._x = batch.x[:points]  # type: ignore[union-attr]  # vectors are always held out
        self._k = batch.k[:points]  # type: ignore[union-attr]
        sizes = (len(self._x), vae.spec.latent_z), (len(self._x), vae.spec.latent_z)
        self._eps, self._z = (torch.randn(s, generator=generator).to(device) for s in sizes)
        self._noise = torch.randn(self._x.shape, generator=generator).to(device)

    def frame(self, reports: tuple[TrainReport, ...]) -> Frame:
        """The model as it stands."""
        import torch

        run, vae = self._run, _vae(self._run)
        vae.eval()
        with torch.no_grad():
            q = vae.posterior(self._x, self._k)
            seen = vae.decode(q.transport(self._eps), self._k)
            made = vae.decode(self._z, self._k)
            sample = made.transport(self._noise)
            levels = torch.tensor(QUANTILES, device=made.stddev.device)
            sigma = made.stddev.flatten().quantile(levels).tolist()
            walk = vae.decode(_walk(q.mean), self._k[:1])
        return Frame(
            step=run.step,
            epoch=run.step * run.spec.batch / EPOCH_POINTS,
            seconds=run.seconds,
            reports=reports,
            x=_array(self._x),
            reconstruction=_array(seen.mean),
            reconstruction_stddev=_array(seen.stddev),
            mean=_array(made.mean),
            stddev=_array(made.stddev),
            sample=_array(sample),
            sigma=tuple(sigma),
            walk=_array(walk.mean),
            walk_stddev=_array(walk.stddev),
        )


def _walk(means: Tensor) -> Tensor:
    """Along the coordinate in which posterior means [P, Z] differ most, [W, Z]."""
    import torch

    z = means.new_zeros(WALK_STEPS, means.shape[1])
    walked = torch.linspace(-WALK_REACH, WALK_REACH, WALK_STEPS, device=means.device)
    z[:, means.var(0, correction=0).argmax()] = walked  # 0 of a single point, not NaN
    return z


def _array(values: Tensor) -> Points:
    array: Points = values.cpu().numpy().copy()
    return array
