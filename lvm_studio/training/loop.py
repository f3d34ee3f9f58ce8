"""The training loop: a spec and its data go in, reports come out (DESIGN: how it moves)."""

from __future__ import annotations

import time
from collections.abc import Generator

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import Sent
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.training.problem import Problem
from lvm_studio.training.problems import problem_of
from lvm_studio.training.reports import Checkpoint, Finished, Report, Wish
from lvm_studio.training.run import TrainingRun
from lvm_studio.training.spec import TrainSpec


def train(
    spec: TrainSpec,
    households: HouseholdSet | VectorSet | None = None,
    *,
    resume: Tree | None = None,
) -> Generator[Report, Sent, Finished]:
    """Train a model; the last report, which is also the result, is a `Finished`.

    `households` may be None for a model that does not learn from them (`spec.needs_households`).
    Yields a `DeviceReport`, then a `TrainReport` for every step, one of the held-out batch every
    `spec.eval_every` steps, a `Checkpoint` every `spec.checkpoint_seconds`; at the end `Refining`
    while the prior over z is fitted. After `send(Wish.CHECKPOINT)` the next report is a
    `Checkpoint`; after `send(Wish.STOP)` the run ends where it stands. Given a checkpoint's tree
    as `resume`, the run goes on as if it had never stopped, to the bit on a CPU.

    Raises:
        DataError: the data cannot be trained on, or the checkpoint belongs to another run.
        TrainingDiverged: the loss is not a number; earlier checkpoints stay good.
    """
    return (yield from train_on(problem_of(spec, households), resume=resume))


def train_on(problem: Problem, *, resume: Tree | None = None) -> Generator[Report, Sent, Finished]:
    """`train` on a problem that is made ready already."""
    spec, run = problem.spec, TrainingRun(problem)
    if resume is not None:
        run.restore(resume)
    yield from _say(run.device_report(), run)
    saved = time.monotonic()
    while not run.finished:
        for step in run.train_steps():
            yield from _say(step, run)
        if run.step % spec.eval_every == 0 or run.finished:
            report = run.evaluate()
            if report is not None:
                yield from _say(report, run)
        if time.monotonic() - saved > spec.checkpoint_seconds:
            yield from _say(Checkpoint(run.step, run.checkpoint()), run)
            saved = time.monotonic()
    for refining in run.refine():
        yield from _say(refining, run)
    finished = run.result()
    yield from _say(finished, run)
    return finished


def _say(report: Report, run: TrainingRun) -> Generator[Report, Sent, None]:
    """Yield the report; answer each wish for a checkpoint with one, at once."""
    wish = yield report
    while wish is Wish.CHECKPOINT:
        wish = yield Checkpoint(run.step, run.checkpoint())
    if wish is Wish.STOP:
        run.stop()
