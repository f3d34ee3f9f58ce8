"""Samples two criteria in all directions of λ, in a process of its own, once the page rests."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.resting_job import RestingJob
from lvm_studio.studio.street.tuned_keys import pair_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.answers import StreetRequest

REST_SECONDS = 0.5
NICENESS = 5
"""Before the flow: the pad waits for it."""


class PairClimber(RestingJob):
    """Climbs for one street and two criteria at a time, whatever λ and its direction are.

    Signals:
        found(StreetRequest, PairKnown)
        status(sentence): '' when there is nothing to say.
    """

    found = Signal(object, object)
    status = Signal(str)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, parent)

    @property
    def pending(self) -> bool:
        """Whether there are two criteria that have not been climbed yet."""
        return self._request is not None and self._key not in self._done

    def run(self, request: StreetRequest, job: Job) -> None:
        """Climb, unless the page has moved on since `wanted`."""
        was_busy = self.busy
        super().run(request, job)
        if self.busy and not was_busy:
            self.status.emit("Two criteria: drawing weeks of the base law first.")

    def forget(self) -> None:
        """Give up the climbs in hand; does not wait for their process to end."""
        was_busy = self.busy
        super().forget()
        if was_busy:
            self.status.emit("")

    def _key_of(self, request: StreetRequest) -> Hashable:
        return pair_key(request)

    def _worth(self, request: StreetRequest) -> bool:
        return bool(request.state.second)

    def _hear(self, reports: tuple[object, ...]) -> None:
        from lvm_studio.tuning.pair_job import PairStep  # torch is there once reports come

        steps = [report for report in reports if isinstance(report, PairStep)]
        if steps:
            done, every = steps[-1].done, steps[-1].directions
            self.status.emit(f"Two criteria: {done} of {every} directions of λ climbed.")

    def _complete(self, result: object) -> None:
        super()._complete(result)
        self.status.emit("")
        if self._request is not None:
            self.found.emit(self._request, result)

    def _fail(self, sentence: str, details: str) -> None:
        super()._fail(sentence, details)
        self.status.emit(f"No pad for these two criteria. {sentence}")
