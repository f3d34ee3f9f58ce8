"""The background flow: fitted in a process of its own once the composition has come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.resting_job import RestingJob

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.answers import StreetRequest
    from lvm_studio.tuning.fit import FlowSnapshot

REST_SECONDS = 1.0
NICENESS = 10
"""The window and what it decodes go first: a flow that is ready a second later is no loss."""
BETTER = 0.05
"""A snapshot is shown if this much more of its draws count than of the one on screen."""


class FlowFitter(RestingJob):
    """Fits one flow at a time.

    Signals:
        fitted(StreetRequest, FlowSnapshot): a better flow than before, for this request.
        status(sentence): '' when there is nothing to say.
    """

    fitted = Signal(object, object)
    status = Signal(str)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, parent)
        self._shown_share = 0.0

    def run(self, request: StreetRequest, job: Job) -> None:
        """Fit, unless the page has moved on since `wanted`."""
        was_busy = self.busy
        super().run(request, job)
        if self.busy and not was_busy:
            self._shown_share = 0.0
            self.status.emit("Fitting a flow for this street in the background …")

    def forget(self) -> None:
        """Give up the fit in hand; does not wait for its process to end."""
        was_busy = self.busy
        super().forget()
        if was_busy:
            self.status.emit("")

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

    def _complete(self, result: object) -> None:
        super()._complete(result)
        self.status.emit("")

    def _fail(self, sentence: str, details: str) -> None:
        super()._fail(sentence, details)
        self.status.emit(f"No flow for this street. {sentence}")


def _is_snapshot(report: object) -> TypeGuard[FlowSnapshot]:
    """Tell a snapshot from the other reports; reports come only after torch is imported."""
    from lvm_studio.tuning.fit import FlowSnapshot

    return isinstance(report, FlowSnapshot)
