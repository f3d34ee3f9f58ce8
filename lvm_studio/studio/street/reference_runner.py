"""Runs the reference sampler (SMC) in a process of its own, once the page is at rest."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.resting_job import RestingJob

REST_SECONDS = 4.0
NICENESS = 15
"""Behind the window, and behind the flow."""


class ReferenceRunner(RestingJob):
    """Runs one reference at a time.

    Signals:
        found(StreetRequest, Reference)
    """

    found = Signal(object, object)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, "SMC samples, to compare.", parent)

    def _complete(self, result: object) -> None:
        super()._complete(result)
        if self._request is not None:
            self.found.emit(self._request, result)
