"""Report cards of this session: made one at a time in a process of their own, then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lvm_studio.analysis.report_card.card import CARD_KEY, ReportCard, stored_card
from lvm_studio.analysis.report_card.job import CardJob
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.studio.jobs.one_job import OneJob, StartThread

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree
    from lvm_studio.studio.session import Session


class CardMaker(OneJob):
    """Makes the report card of the session's model; the model carries the last from then on.

    Args:
        session: what is open.
        start_thread: makes the thread of a job (tests give their own).
    """

    def __init__(
        self,
        session: Session,
        start_thread: StartThread | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(CardProgress, start_thread, parent)
        self._session = session
        self._asked: tuple[str, Tree] | None = None
        self._made: list[tuple[str, Tree, ReportCard]] = []
        self._carried: tuple[Tree, object, ReportCard | None] | None = None
        """A stored model, what it carried when its card was read, and the card."""
        session.closed.connect(self._forget_cards)

    @property
    def possible(self) -> bool:
        """Whether there is a model and data to judge it on."""
        return self._session.has_households and self._session.model_tree() is not None

    def card(self) -> ReportCard | None:
        """The newest card of the session's model on its data; else one that the model carries."""
        session = self._session
        model, dataset = session.model_tree(), session.state.dataset
        for name, tree, card in reversed(self._made):
            if name == dataset and tree is model:
                return card
        return None if model is None else self._card_in(model)

    def _card_in(self, model: Tree) -> ReportCard | None:
        """The card that a model carries, read once: the page asks whenever a run is saved."""
        provenance = model.get("provenance")
        known = self._carried
        if known is None or known[0] is not model or known[1] is not provenance:
            self._carried = known = (model, provenance, stored_card(model))
        return known[2]

    def start(self, spec: CardSpec) -> None:
        """Begin; nothing happens while one is being made or there is nothing to judge."""
        model = self._session.model_tree()
        if self.running or model is None or not self._session.has_households:
            return
        self._asked = (self._session.state.dataset, model)
        self._run(CardJob(model, self._session.households, spec))

    def _forget_cards(self) -> None:
        """Cards of a workspace that was closed hold its models."""
        self._made.clear()
        self._carried = None

    def _complete(self, result: object) -> None:
        if isinstance(result, ReportCard) and self._asked is not None:
            self._made.append((*self._asked, result))
            model = self._asked[1]
            if any(held is model for held in self._session.workspace.models.values()):
                self._session.note_in_model(model, CARD_KEY, result.to_json())
        super()._complete(result)
