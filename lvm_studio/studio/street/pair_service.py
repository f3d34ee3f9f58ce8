"""Serves two criteria: has all directions of λ sampled, then tells what both can be raised to."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.street.pair_climber import PairClimber
from lvm_studio.studio.street.tuned_keys import pair_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.answers import PairSurface, StreetRequest
    from lvm_studio.studio.street.tuned_work import TunedWork
    from lvm_studio.tuning.pair_job import PairKnown


class PairService(QObject):
    """Has all directions of λ climbed once the page rests; tells the surface once it is there.

    Signals:
        surface_ready(PairSurface)
        learned(): the draws of all directions answer from now on.
        status(sentence): what the climbs are doing; '' for nothing.
        failed(sentence, details)
    """

    surface_ready = Signal(object)
    learned = Signal()
    status = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self, thread: ComputeThread, priority: int, tunings: TunedWork, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._tunings = tunings
        self._climber = PairClimber(self)
        self._key: Hashable = None
        self._preparing, self._learning, self._telling = (
            thread.open_mailbox(priority) for _ in range(3)
        )
        for mailbox in (self._preparing, self._learning, self._telling):
            mailbox.failed.connect(self.failed)
        self._climber.wanted.connect(self._prepare)
        self._climber.status.connect(self.status)
        self._climber.found.connect(self._learn)
        self._preparing.answered.connect(self._climb)
        self._learning.answered.connect(self._learned)
        self._telling.answered.connect(self.surface_ready)

    @property
    def busy(self) -> bool:
        """Whether the page's two criteria are still to be climbed."""
        return self._climber.pending

    def consider(self, request: StreetRequest) -> None:
        """See to this request's two criteria, if it has two."""
        self._climber.consider(request)
        key = pair_key(request) if request.state.second else None
        if key != self._key:
            self._key = key
            self._telling.withdraw()
            if key is not None:  # they may have been climbed before
                self._telling.post(partial(self._tunings.surface, request))

    def forget(self) -> None:
        """Withdraw all wishes."""
        self._climber.forget()
        self._key = None
        for mailbox in (self._preparing, self._learning, self._telling):
            mailbox.withdraw()

    @property
    def at_work(self) -> bool:
        """Whether there are climbs to cancel."""
        return self._climber.busy

    def cancel(self, request: StreetRequest) -> None:
        """Give up the climbs of these two criteria."""
        self._preparing.withdraw()
        self._climber.cancel(request)

    def allow(self) -> None:
        """Criteria whose climbs were cancelled may have them again."""
        self._climber.allow()

    def forget_streets(self) -> None:
        """Remember no street."""
        self._climber.forget_streets()

    def stop(self) -> None:
        """End the process of the climbs."""
        self._climber.stop()

    def _prepare(self, request: StreetRequest) -> None:
        self._preparing.post(partial(self._tunings.pair_job, request))

    def _climb(self, prepared: tuple[StreetRequest, Job]) -> None:
        self._climber.run(*prepared)

    def _learn(self, request: StreetRequest, found: PairKnown) -> None:
        self._learning.post(partial(self._tunings.learn_pair, request, found))

    def _learned(self, surface: PairSurface) -> None:
        self.surface_ready.emit(surface)
        self.learned.emit()
