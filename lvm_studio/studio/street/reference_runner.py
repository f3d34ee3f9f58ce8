"""Runs the reference sampler (SMC) in a process of its own, once the page is at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.resting_job import RestingJob

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.answers import StreetRequest

REST_SECONDS = 4.0
NICENESS = 15
"""Behind the window, and behind the flow."""


class ReferenceRunner(RestingJob):
    """Runs one reference at a time.

    Signals:
        found(StreetRequest, Reference)
        status(sentence): '' when there is nothing to say.
    """

    found = Signal(object, object)
    status = Signal(str)

    def __init__(self, parent: QObject | None = None, rest_seconds: float = REST_SECONDS) -> None:
        super().__init__(NICENESS, rest_seconds, parent)

    def run(self, request: StreetRequest, job: Job) -> None:
        """Sample, unless the page has moved on since `wanted`."""
        was_busy = self.busy
        super().run(request, job)
        if self.busy and not was_busy:
            self.status.emit("SMC samples, to compare.")

    def forget(self) -> None:
        """Give up the sampling in hand; does not wait for its process to end."""
        was_busy = self.busy
        super().forget()
        if was_busy:
            self.status.emit("")

    def _fail(self, sentence: str, details: str) -> None:
        super()._fail(sentence, details)
        self.status.emit("")

    def _complete(self, result: object) -> None:
        super()._complete(result)
        self.status.emit("")
        if self._request is not None:
            self.found.emit(self._request, result)
