"""Report cards of this session: made one at a time in a process of their own, then kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.analysis.report_card.card import CARD_KEY, ReportCard, stored_card
from lvm_studio.analysis.report_card.job import CardJob
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.studio.job_thread import JobThread

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree
    from lvm_studio.studio.session import Session

StartThread = Callable[[CardJob, QObject], JobThread]


class CardMaker(QObject):
    """Makes the report card of the session's model; the model carries the last from then on.

    Args:
        session: what is open.
        start_thread: makes the thread of a job (tests give their own).

    Signals:
        progressed(CardProgress): how far it is, at most 30 times a second.
        ended(): made, cancelled or failed; see `running`.
        failed(sentence, details): it ended by itself.
    """

    progressed = Signal(object)
    ended = Signal()
    failed = Signal(str, str)

    def __init__(
        self,
        session: Session,
        start_thread: StartThread | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._start_thread = start_thread or _thread
        self._thread: JobThread | None = None
        self._asked: tuple[str, Tree] | None = None
        self._made: list[tuple[str, Tree, ReportCard]] = []

    @property
    def running(self) -> bool:
        """Whether a card is being made."""
        return self._thread is not None

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
        return stored_card(model)

    def start(self, spec: CardSpec) -> None:
        """Begin; nothing happens while one is being made or there is nothing to judge."""
        model = self._session.model_tree()
        if self.running or model is None or not self._session.has_households:
            return
        self._asked = (self._session.state.dataset, model)
        thread = self._start_thread(CardJob(model, self._session.households, spec), self)
        self._thread = thread
        thread.reports.connect(self._take_reports)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._end)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        thread.start()

    def cancel(self) -> None:
        """End at once: there is nothing half made to keep."""
        if self._thread is not None:
            self._thread.kill()

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        if isinstance(reports[-1], CardProgress):
            self.progressed.emit(reports[-1])

    def _complete(self, result: object) -> None:
        if isinstance(result, ReportCard) and self._asked is not None:
            self._made.append((*self._asked, result))
            self._session.note_in_model(self._asked[1], CARD_KEY, result.to_json())
        self._end()

    def _fail(self, sentence: str, details: str) -> None:
        self._end()
        self.failed.emit(sentence, details)

    def _end(self, *_: object) -> None:
        self._thread = None
        self.ended.emit()


def _thread(job: CardJob, parent: QObject) -> JobThread:
    return JobThread(job, None, parent)
