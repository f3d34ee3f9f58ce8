"""More measured sums than the compute thread can form in passing, in a process of their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.one_job import OneJob, StartThread

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.picture_work import PictureWork

SUMS, RESAMPLES = 60_000, 30
"""60 of them lie beyond 1 in 1,000; with their resamples about 20 s on one core."""

Wanted: TypeAlias = "tuple[HouseholdSet, int, str]"
"""Data set, households in a sum, and the text of the criterion."""


class SumsService(OneJob):
    """Forms the sums that the page's "1 in N" needs, of one street and criterion at a time.

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
        self._wanted: Wanted | None = None
        """What is to be formed; None once it has been."""
        self._forming: Wanted | None = None
        """What the job under way forms: others than wanted while it is being given up."""
        self._learning = thread.open_mailbox(priority)
        self._learning.rested.connect(self.learned)
        self._learning.failed.connect(self.failed)

    def form(self, households: HouseholdSet, k: int, criterion: str) -> None:
        """Form these, unless they are being formed already; give up forming any others."""
        wanted = (households, k, criterion)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if self.running:
            self.cancel()  # its end begins with these
        else:
            self._begin(wanted)

    def give_up(self) -> None:
        """Form nothing any more; what is half formed is not kept."""
        self._wanted = None
        self.cancel()

    def stop(self) -> None:
        """End the process, and wait for that."""
        self.give_up()
        if self._thread is not None:
            self._thread.wait()

    def _begin(self, wanted: Wanted) -> None:
        from lvm_studio.analysis.boltzmann.bands import BandSpec
        from lvm_studio.analysis.boltzmann.sums_job import SumsJob

        self._forming = wanted
        job = SumsJob(*wanted, BandSpec(SUMS, RESAMPLES))
        self._run(cast("Job", job))

    def _complete(self, result: object) -> None:
        from lvm_studio.analysis.boltzmann.bands import RealSums

        if isinstance(result, RealSums):
            self._learning.post(partial(self._pictures.learn_sums, self._forming, result))
        super()._complete(result)

    def _end(self, *_: object) -> None:
        formed, self._forming = self._forming, None
        super()._end()
        if self._wanted == formed:
            self._wanted = None
        elif self._wanted is not None:
            self._begin(self._wanted)
