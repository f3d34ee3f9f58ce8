"""More measured sums than the compute thread can form in passing, in a process of their own."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.one_job import OneJob, StartThread

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.picture_work import PictureWork

SUMS, RESAMPLES = 60_000, 30
"""60 of them lie beyond 1 in 1,000; with their resamples about 20 s on one core."""


class SumsService(OneJob):
    """Forms the sums that the page's "1 in N" needs, once for each data set, size and criterion.

    Signals (and those of OneJob):
        learned(): they are known to the picture from now on.
    """

    learned = Signal()

    def __init__(
        self,
        thread: ComputeThread,
        priority: int,
        pictures: PictureWork,
        parent: QObject,
        start_thread: StartThread | None = None,
    ) -> None:
        super().__init__(object, start_thread, parent)
        self._pictures = pictures
        self._wanted: tuple[HouseholdSet, int, str] | None = None
        self._learning = thread.open_mailbox(priority)
        self._learning.rested.connect(self.learned)
        self._learning.failed.connect(self.failed)

    def form(self, households: HouseholdSet, k: int, criterion: str) -> None:
        """Begin, unless these are being formed; others are given up."""
        from lvm_studio.analysis.boltzmann.bands import BandSpec
        from lvm_studio.analysis.boltzmann.sums_job import SumsJob

        wanted = (households, k, criterion)
        if self.running and wanted == self._wanted:
            return
        self.forget()
        if not self.running:  # else asked again when the picture is next worked out
            self._wanted = wanted
            job = SumsJob(households, k, criterion, BandSpec(SUMS, RESAMPLES))
            self._run(cast("Job", job))

    def forget(self) -> None:
        """Give up what is being formed."""
        self._wanted = None
        self.cancel()

    def stop(self) -> None:
        """End the process, and wait for that."""
        self.cancel()
        if self._thread is not None:
            self._thread.wait()

    def _complete(self, result: object) -> None:
        from lvm_studio.analysis.boltzmann.bands import RealSums

        if isinstance(result, RealSums) and self._wanted is not None:
            key: Hashable = self._wanted
            self._learning.post(partial(self._pictures.learn_sums, key, result))
        super()._complete(result)
