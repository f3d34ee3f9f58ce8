"""A run that was stopped becomes a model as it stands, without training any further."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.data.households import HouseholdSet
from lvm_studio.training.reports import Finished, Refining
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree


@dataclass(frozen=True, eq=False)
class KeepJob:
    """Makes the model of a checkpoint; `households` as for the training itself."""

    spec: TrainSpec
    households: HouseholdSet | None
    checkpoint: Tree

    def run(self) -> Generator[Refining | Finished, object, Finished]:
        """Yield how far the prior over z is fitted, then the model, which is returned too.

        Raises:
            DataError: the checkpoint belongs to another run.
        """
        from lvm_studio.training.problems import problem_of  # torch is imported where it runs
        from lvm_studio.training.run import TrainingRun

        run = TrainingRun(problem_of(self.spec, self.households))
        run.restore(self.checkpoint)
        yield from run.refine()
        finished = run.result()
        yield finished
        return finished
