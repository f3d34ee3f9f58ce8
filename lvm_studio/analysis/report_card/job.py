"""The report card as a job: what the engine runs elsewhere. Free of torch until it runs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.analysis.report_card.card import ReportCard
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import Sent

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree


@dataclass(frozen=True, eq=False)
class CardJob:
    """Everything a report card needs, in a form that can be sent to another process.

    `model` is the tree of a trained CompVAE, `households` the set it was trained on.
    """

    model: Tree
    households: HouseholdSet
    spec: CardSpec

    def run(self) -> Generator[CardProgress, Sent, ReportCard]:
        """Yield progress; the result is the card. DataError if the model or data do not do."""
        from lvm_studio.analysis.report_card.drawing import draw_up
        from lvm_studio.analysis.report_card.trial import trial_of
        from lvm_studio.models.trained import TrainedModel

        trial = trial_of(TrainedModel.from_tree(self.model), self.households)
        return (yield from draw_up(trial, self.spec))
