"""Background work for the street on the page: begun once the page rests, given up when it moves."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.studio.street.tuned_keys import tuning_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.answers import StreetRequest

LOG = logging.getLogger(__name__)


class RestingJob(QObject):
    """Runs one job at a time: that of the street and criterion on the page, once for each.

    Nothing is run while λ is 0, unless told otherwise: the base law needs no help.

    Args:
        niceness: how far its process steps back where cores are scarce.
        rest_seconds: how long the page must have been at rest.
        begins: what is said of a job as it begins.

    Signals:
        wanted(StreetRequest): the page has come to rest; call `run` with the job for it.
        status(sentence): what the job is doing; '' when there is nothing to say.
    """

    wanted = Signal(object)
    status = Signal(str)

    def __init__(
        self, niceness: int, rest_seconds: float, begins: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._niceness, self._begins = niceness, begins
        self._said = ""
        self._rest = QTimer(self, singleShot=True, interval=int(rest_seconds * 1000))
        self._rest.timeout.connect(self._rested)
        self._request: StreetRequest | None = None
        self._key: Hashable = None
        self._job: JobThread | None = None
        self._done: set[Hashable] = set()
        self._cancelled: set[Hashable] = set()

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def consider(self, request: StreetRequest) -> None:
        """Run for this request when the page has been at rest for a while."""
        key = self._key_of(request)
        if key == self._key:
            if self._rest.isActive():  # λ still moves: a process that starts would hold it up
                self._rest.start()
            return
        self.forget()
        if self._worth(request) and key not in self._done | self._cancelled:
            self._request, self._key = request, key
            self._rest.start()

    def run(self, request: StreetRequest, job: Job) -> None:
        """Start the job, unless the page has moved on since `wanted`."""
        if self._job is not None or self._key_of(request) != self._key:
            return
        self._job = JobThread(job, parent=self, niceness=self._niceness)
        self._job.reports.connect(self._take_reports)
        self._job.completed.connect(self._take_result)
        self._job.failed.connect(self._take_failure)
        self._job.finished.connect(self._job.deleteLater)
        self._job.start()
        self._say(self._begins)

    def forget(self) -> None:
        """Give up the job in hand; does not wait for its process to end."""
        self._rest.stop()
        self._request = self._key = None
        job, self._job = self._job, None
        if job is not None:
            job.kill()
        self._say("")

    def cancel(self, request: StreetRequest) -> None:
        """Give up the job in hand; begin none for this street before `allow`."""
        self._cancelled.add(self._key_of(request))
        self.forget()

    def allow(self) -> None:
        """Streets whose job was cancelled may have one again."""
        self._cancelled.clear()

    def forget_streets(self) -> None:
        """Give up, and remember no street: those of a workspace that was closed hold its data."""
        self.forget()
        self._done.clear()
        self._cancelled.clear()

    def stop(self) -> None:
        """Give up, and wait until every process has ended."""
        self.forget()
        for job in self.findChildren(JobThread):
            job.wait()

    def _key_of(self, request: StreetRequest) -> Hashable:
        """Requests of one key share a job."""
        return tuning_key(request)

    def _worth(self, request: StreetRequest) -> bool:
        """Whether this request needs the job."""
        return request.state.lam != 0.0

    def _rested(self) -> None:
        if self._request is not None:
            self.wanted.emit(self._request)

    # What a job said just before it was given up is delivered all the same, disconnected or not:
    # it must not be taken for the street that is on the page by then.

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        if self.sender() is self._job:
            self._hear(reports)

    def _take_result(self, result: object) -> None:
        if self.sender() is self._job:
            self._complete(result)

    def _take_failure(self, sentence: str, details: str) -> None:
        if self.sender() is self._job:
            self._fail(sentence, details)

    # What subclasses override

    def _hear(self, reports: tuple[object, ...]) -> None:
        """Reports of the job, for who wants them."""

    def _complete(self, _result: object) -> None:
        self._end()

    def _fail(self, sentence: str, _details: str) -> None:
        LOG.warning("%s: %s", type(self).__name__, sentence)
        self._end()

    def _end(self) -> None:
        self._done.add(self._key)
        self._job = None
        self._say("")

    def _say(self, sentence: str) -> None:
        """Tell how it stands; reports come by the hundred, and most change nothing."""
        if sentence != self._said:
            self._said = sentence
            self.status.emit(sentence)
