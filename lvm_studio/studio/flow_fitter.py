"""The background flow: fitted in a process of its own once the composition has come to rest."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import TYPE_CHECKING, TypeGuard

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.job_thread import JobThread
from lvm_studio.studio.tuned_work import tuning_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.answers import StreetRequest
    from lvm_studio.tuning.fit import FlowSnapshot

LOG = logging.getLogger(__name__)

REST_SECONDS = 1.0
NICENESS = 10
"""The window and what it decodes go first: a flow that is ready a second later is no loss."""
BETTER = 0.05
"""A snapshot is shown if this much more of its draws count than of the one on screen."""


class FlowFitter(QObject):
    """Fits one flow at a time: the one of the street and criterion on the page.

    Nothing is fitted while λ is 0: the base law needs no flow.

    Signals:
        wanted(StreetRequest): the page has come to rest; call `fit` with the job for it.
        fitted(StreetRequest, FlowSnapshot): a better flow than before, for this request.
        status(sentence): '' when there is nothing to say.
    """

    wanted = Signal(object)
    fitted = Signal(object, object)
    status = Signal(str)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(parent)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(int(rest_seconds * 1000))
        self._rest.timeout.connect(self._rested)
        self._request: StreetRequest | None = None
        self._key: Hashable = None
        self._job: JobThread | None = None
        self._done: set[Hashable] = set()
        self._shown_share = 0.0

    @property
    def busy(self) -> bool:
        """Whether a flow is being fitted."""
        return self._job is not None

    def consider(self, request: StreetRequest) -> None:
        """Fit for this request when the page has been at rest for a while."""
        key = tuning_key(request)
        if key == self._key:
            return
        if self._key is not None:
            self.forget()
        if request.state.lam != 0.0 and key not in self._done:
            self._request, self._key = request, key
            self._rest.start()

    def fit(self, request: StreetRequest, job: Job) -> None:
        """Start the job, unless the page has moved on since `wanted`."""
        if self._job is not None or tuning_key(request) != self._key:
            return
        self._shown_share = 0.0
        self._job = JobThread(job, parent=self, niceness=NICENESS)
        self._job.reports.connect(self._hear)
        self._job.completed.connect(self._complete)
        self._job.failed.connect(self._fail)
        self.status.emit("Fitting a flow for this street in the background …")
        self._job.start()

    def forget(self) -> None:
        """Give up the fit in hand; does not wait for its process to end."""
        self._rest.stop()
        self._request = self._key = None
        job, self._job = self._job, None
        if job is not None:
            for signal in (job.reports, job.completed, job.failed):
                signal.disconnect()
            job.finished.connect(job.deleteLater)
            job.kill()
            self.status.emit("")

    def stop(self) -> None:
        """Give up, and wait until every process has ended."""
        self.forget()
        for job in self.findChildren(JobThread):
            job.wait()

    def _rested(self) -> None:
        if self._request is not None:
            self.wanted.emit(self._request)

    def _hear(self, reports: tuple[object, ...]) -> None:
        """Pass on the latest snapshot, if it is better than the one before."""
        snapshots = [report for report in reports if _is_snapshot(report)]
        if snapshots and self._request is not None:
            self._look_at(self._request, snapshots[-1])

    def _look_at(self, request: StreetRequest, snapshot: FlowSnapshot) -> None:
        share = float(snapshot.check.share.mean())
        self.status.emit(
            f"Fitting a flow: {snapshot.progress:.0%}, {share:.0%} of its weeks count."
        )
        if snapshot.final or share > self._shown_share + BETTER:
            self._shown_share = share
            self.fitted.emit(request, snapshot)

    def _complete(self, _result: object) -> None:
        self._done.add(self._key)
        self._job = None
        self.status.emit("")

    def _fail(self, sentence: str, _details: str) -> None:
        LOG.warning("the flow could not be fitted: %s", sentence)
        self._done.add(self._key)
        self._job = None
        self.status.emit(f"No flow for this street. {sentence}")


def _is_snapshot(report: object) -> TypeGuard[FlowSnapshot]:
    """Tell a snapshot from the other reports; reports come only after torch is imported."""
    from lvm_studio.tuning.fit import FlowSnapshot

    return isinstance(report, FlowSnapshot)
