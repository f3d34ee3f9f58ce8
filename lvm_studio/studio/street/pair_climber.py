"""Samples two criteria in all directions of λ, in a process of its own, once the page rests."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.resting_job import RestingJob
from lvm_studio.studio.street.tuned_keys import pair_key
from lvm_studio.studio.time_left import about_left

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import StreetRequest

BEGINS = "Two criteria: drawing weeks of the base law first."
REST_SECONDS = 0.5
NICENESS = 5
"""Before the flow: the pad waits for it."""


class PairClimber(RestingJob):
    """Climbs for one street and two criteria at a time, whatever λ and its direction are.

    Signals:
        found(StreetRequest, PairKnown)
    """

    found = Signal(object, object)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, BEGINS, parent)

    @property
    def pending(self) -> bool:
        """Whether there are two criteria that have not been climbed yet."""
        return self._request is not None and self._key not in self._done

    def _key_of(self, request: StreetRequest) -> Hashable:
        return pair_key(request)

    def _worth(self, request: StreetRequest) -> bool:
        return bool(request.state.second)

    def _hear(self, reports: tuple[object, ...]) -> None:
        from lvm_studio.tuning.pair_job import PairStep  # torch is there once reports come

        steps = [report for report in reports if isinstance(report, PairStep)]
        if steps:
            done, every = steps[-1].done, steps[-1].directions
            left = about_left(steps[-1].seconds * (every / done - 1.0))
            self._say(f"Two criteria: {done} of {every} directions of λ climbed, {left}.")

    def _complete(self, result: object) -> None:
        super()._complete(result)
        if self._request is not None:
            self.found.emit(self._request, result)

    def _fail(self, sentence: str, details: str) -> None:
        super()._fail(sentence, details)
        self._say(f"No pad for these two criteria. {sentence}")
