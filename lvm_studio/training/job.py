"""The training job: what the engine runs elsewhere. Free of torch until it runs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import Sent
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.training.reports import Finished, Report
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """Everything a training run needs, in a form that can be sent to another process.

    `households` is what is learned from (a set of vectors for a model of these), None for a model
    that makes its own data; `resume` is the tree of a `Checkpoint` of the same spec, or None to
    begin.
    """

    spec: TrainSpec
    households: HouseholdSet | VectorSet | None = None
    resume: Tree | None = None

    def run(self) -> Generator[Report, Sent, Finished]:
        """Yield reports; the last one, which is also the result, holds the trained model."""
        from lvm_studio.training.loop import train  # torch is imported where the job runs

        return train(self.spec, self.households, resume=self.resume)
