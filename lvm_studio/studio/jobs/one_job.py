"""One job at a time for a page: begun, followed by its latest report, cancelled, taken in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from lvm_studio.data.jobs import Job
from lvm_studio.studio.jobs.job_thread import JobThread

StartThread = Callable[[Any, QObject], JobThread]
"""(job, owner) -> the thread that will run it; tests give their own."""


class OneJob(QObject):
    """Runs jobs in a process of their own, none while another is under way.

    Args:
        report_type: reports of other types are not passed on.
        start_thread: makes the thread of a job.

    Signals:
        progressed(report): the latest, at most 30 times a second.
        ended(): completed, cancelled or failed; see `running`.
        failed(sentence, details): it ended by itself.
    """

    progressed = Signal(object)
    ended = Signal()
    failed = Signal(str, str)

    def __init__(
        self,
        report_type: type,
        start_thread: StartThread | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._report_type = report_type
        self._start_thread = start_thread or _thread
        self._thread: JobThread | None = None

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._thread is not None

    def cancel(self) -> None:
        """End at once: what is half made is not kept, what was there before stays."""
        if self._thread is not None:
            self._thread.kill()

    def _run(self, job: Job) -> None:
        thread = self._thread = self._start_thread(job, self)
        thread.reports.connect(self._take_reports)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._end)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        thread.start()

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        if isinstance(reports[-1], self._report_type):
            self.progressed.emit(reports[-1])

    def _complete(self, result: object) -> None:
        """Take in what the job returned; overridden by who keeps it."""
        self._end()

    def _fail(self, sentence: str, details: str) -> None:
        self._end()
        self.failed.emit(sentence, details)

    def _end(self, *_: object) -> None:
        self._thread = None
        self.ended.emit()


def _thread(job: Job, parent: QObject) -> JobThread:
    return JobThread(job, None, parent)
