"""The background reference: SMC in a process of its own, once street and criterion are at rest."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.job_thread import JobThread
from lvm_studio.studio.tuned_work import tuning_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.answers import StreetRequest

LOG = logging.getLogger(__name__)

REST_SECONDS = 4.0
NICENESS = 15
"""Behind the window, and behind the flow."""


class ReferenceRunner(QObject):
    """Runs one reference at a time: that of the street and criterion on the page.

    Signals:
        wanted(StreetRequest): the page has come to rest; call `run` with the job for it.
        found(StreetRequest, Reference)
    """

    wanted = Signal(object)
    found = Signal(object, object)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(parent)
        self._rest = QTimer(self, singleShot=True, interval=int(rest_seconds * 1000))
        self._rest.timeout.connect(self._rested)
        self._request: StreetRequest | None = None
        self._key: Hashable = None
        self._job: JobThread | None = None
        self._done: set[Hashable] = set()

    def consider(self, request: StreetRequest) -> None:
        """Run for this request when the page has been at rest for a while."""
        key = tuning_key(request)
        if key == self._key:
            return
        self.forget()
        if request.state.lam != 0.0 and key not in self._done:
            self._request, self._key = request, key
            self._rest.start()

    def run(self, request: StreetRequest, job: Job) -> None:
        """Start the job, unless the page has moved on since `wanted`."""
        if self._job is not None or tuning_key(request) != self._key:
            return
        self._job = JobThread(job, parent=self, niceness=NICENESS)
        self._job.completed.connect(self._complete)
        self._job.failed.connect(self._fail)
        self._job.start()

    def forget(self) -> None:
        """Give up the run in hand; does not wait for its process to end."""
        self._rest.stop()
        self._request = self._key = None
        job, self._job = self._job, None
        if job is not None:
            for signal in (job.completed, job.failed):
                signal.disconnect()
            job.finished.connect(job.deleteLater)
            job.kill()

    def stop(self) -> None:
        """Give up, and wait until every process has ended."""
        self.forget()
        for job in self.findChildren(JobThread):
            job.wait()

    def _rested(self) -> None:
        if self._request is not None:
            self.wanted.emit(self._request)

    def _complete(self, result: object) -> None:
        self._job = None
        self._done.add(self._key)
        if self._request is not None:
            self.found.emit(self._request, result)

    def _fail(self, sentence: str, _details: str) -> None:
        LOG.warning("the reference could not be run: %s", sentence)
        self._done.add(self._key)
        self._job = None
