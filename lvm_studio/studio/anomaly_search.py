"""The search for anomalies seen from the window: one at a time, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.studio.job_thread import JobThread

StartThread = Callable[[AnomalyJob, QObject], JobThread]


class AnomalySearch(QObject):
    """Runs an `AnomalyJob`.

    Signals:
        progressed(Step): how far it is.
        found(Findings): it has ended well.
        ended(): found, cancelled or failed; see `running`.
        failed(sentence, details): it ended by itself.
    """

    progressed = Signal(object)
    found = Signal(object)
    ended = Signal()
    failed = Signal(str, str)

    def __init__(
        self, start_thread: StartThread | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._start_thread = start_thread or _thread
        self._thread: JobThread | None = None

    @property
    def running(self) -> bool:
        """Whether a search is under way."""
        return self._thread is not None

    def start(self, job: AnomalyJob) -> None:
        """Begin; nothing happens while one is under way."""
        if self.running:
            return
        thread = self._thread = self._start_thread(job, self)
        thread.reports.connect(self._take_reports)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._end)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        thread.start()

    def cancel(self) -> None:
        """End at once; what was found before stays."""
        if self._thread is not None:
            self._thread.kill()

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        if isinstance(reports[-1], Step):
            self.progressed.emit(reports[-1])

    def _complete(self, result: object) -> None:
        self._end()
        if isinstance(result, Findings):
            self.found.emit(result)

    def _fail(self, sentence: str, details: str) -> None:
        self._end()
        self.failed.emit(sentence, details)

    def _end(self, *_: object) -> None:
        self._thread = None
        self.ended.emit()


def _thread(job: AnomalyJob, parent: QObject) -> JobThread:
    return JobThread(job, None, parent)
