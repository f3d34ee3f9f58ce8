"""Torch-free stand-ins for a training, picklable for a worker process."""

import time
from collections.abc import Generator
from dataclasses import dataclass

from lvm_studio.data.jobs import Checkpoint, Reports, Wish
from lvm_studio.data.tree import Tree
from lvm_studio.training.reports import DeviceReport, Finished, TrainReport
from lvm_studio.training.spec import TrainSpec


def report(
    step: int,
    steps: int,
    split: str = "train",
    skipped: int = 0,
    tight: float | None = None,
) -> TrainReport:
    """ELBO = step − 100; one step takes a hundredth of a second."""
    return TrainReport(
        step=step,
        steps=steps,
        seconds=step * 0.01,
        split=split,  # type: ignore[arg-type]
        elbo=step - 100.0,
        reconstruction=step - 90.0,
        kl_w=2.0,
        kl_z=8.0,
        sigma=1.0 / step,
        lr=2e-3,
        k=20.0,
        skipped=skipped,
        tight=tight,
    )


@dataclass(frozen=True)
class FakeTraining:
    """Counts steps; goes on from the step of a checkpoint; may fail at a step."""

    spec: TrainSpec
    first_step: int = 1
    fail_at: int = 0
    step_seconds: float = 0.005

    def run(self) -> Reports:
        yield DeviceReport("cpu", "CPU with 2 cores", 1234)
        for step in range(self.first_step, self.spec.steps + 1):
            if step == self.fail_at:
                raise RuntimeError("the fake training fell over")
            time.sleep(self.step_seconds)
            yield from self._say(report(step, self.spec.steps))
            if step % 10 == 0:
                yield from self._say(report(step, self.spec.steps, "heldout"))
        finished = Finished(self.spec.steps, {"name": "fake model"}, {"elbo": -1.0})
        yield finished
        return finished

    def _say(self, told: TrainReport) -> Generator[object, Wish | None, None]:
        """A wish is granted at once: who sent it looks no further than the next report."""
        wish = yield told
        if wish is Wish.CHECKPOINT:
            tree: Tree = {"step": told.step, "spec": self.spec.model_dump_json()}
            yield Checkpoint(told.step, tree)
