"""Fits the flow in a process of its own, once the composition has come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.resting_job import RestingJob
from lvm_studio.studio.numerals import percent, with_decimals
from lvm_studio.studio.time_left import about_left

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.answers import StreetRequest
    from lvm_studio.tuning.flows.fit import FlowReport, FlowSnapshot
    from lvm_studio.tuning.pools.pool import Preparing

REST_SECONDS = 1.0
NICENESS = 10
"""The window and what it decodes go first: a flow that is ready a second later is no loss."""
LEAST_PROGRESS = 0.02
"""Before that the pace says nothing of the time left."""
BETTER = 0.05
"""A snapshot is shown if this much more of its draws count than of the one on screen."""


class FlowFitter(RestingJob):
    """Fits one flow at a time; none where two criteria are tuned, whose directions are many.

    Signals:
        fitted(StreetRequest, FlowSnapshot): a better flow than before, for this request.
    """

    fitted = Signal(object, object)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, "Fitting a flow: about to begin.", parent)
        self._shown_share = 0.0

    def run(self, request: StreetRequest, job: Job) -> None:
        """Fit, unless the page has moved on since `wanted`."""
        if not self.busy:
            self._shown_share = 0.0
        super().run(request, job)

    def _worth(self, request: StreetRequest) -> bool:
        return super()._worth(request) and not request.state.second

    def _hear(self, reports: tuple[object, ...]) -> None:
        """Pass on the latest snapshot, if it is better than the one before; say how far it is."""
        from lvm_studio.tuning.flows.fit import FlowSnapshot  # torch is there once reports come

        told = cast("tuple[Preparing | FlowReport, ...]", reports)
        snapshots = [report for report in told if isinstance(report, FlowSnapshot)]
        if snapshots and self._request is not None:
            self._look_at(self._request, snapshots[-1])
        if told:
            self._say(progress_text(told[-1]))

    def _look_at(self, request: StreetRequest, snapshot: FlowSnapshot) -> None:
        share = float(snapshot.check.share.mean())
        if snapshot.final or share > self._shown_share + BETTER:
            self._shown_share = share
            self.fitted.emit(request, snapshot)

    def _fail(self, sentence: str, details: str) -> None:
        super()._fail(sentence, details)
        self._say(f"No flow for this street. {sentence}")


def progress_text(report: Preparing | FlowReport) -> str:
    """How far the fit is, and about how long it takes yet."""
    from lvm_studio.tuning.flows.fit import ClimbReport
    from lvm_studio.tuning.pools.pool import Preparing

    if isinstance(report, Preparing):
        return "Fitting a flow: drawing weeks of the base law first."
    if isinstance(report, ClimbReport):
        lam = with_decimals(report.lam, 1)
        return f"Fitting a flow: climbing, λ = {lam}, KL {report.kl:.1f} nats so far."
    if report.progress <= LEAST_PROGRESS:
        return f"Fitting a flow: {percent(report.progress)}."
    left = about_left(report.seconds * (1.0 / report.progress - 1.0))
    return f"Fitting a flow: {percent(report.progress)}, {left} at most."
