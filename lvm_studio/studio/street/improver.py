"""Improves the draws behind the answers while street and λ stand still."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.street.tuned_keys import tuning_key

if TYPE_CHECKING:
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.answers import StreetRequest
    from lvm_studio.studio.street.tuned_work import TunedWork

RESTED_MS = 150
"""Slices of up to 0.1 s shall not stand in the way of the next move."""
LEISURE_MS = 1000
"""The climb looks for what the Gaussians may have missed: nobody who composes waits for it."""


class Improver(QObject):
    """Settles the Gaussians of the page once it rests, and climbs once it has rested for longer.

    Signals:
        rested(): the page has stood still for a moment.
        improved(Improved): there are better draws.
        status(sentence): what is being looked for; '' for nothing.
        failed(sentence, details)
    """

    rested = Signal()
    improved = Signal(object)
    status = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        thread: ComputeThread,
        priority: int,
        tunings: TunedWork,
        page: Callable[[], StreetRequest | None],
        parent: QObject,
    ) -> None:
        """Page: what it asks for; None while there is nothing to compute."""
        super().__init__(parent)
        self._tunings, self._page = tunings, page
        self._mailbox = thread.open_mailbox(priority)
        self._mailbox.answered.connect(self.improved)
        self._mailbox.failed.connect(self.failed)
        self._mailbox.rested.connect(self._rested)
        self._cancelled: set[Hashable] = set()
        self._rest = QTimer(self, singleShot=True, interval=RESTED_MS)
        self._leisure = QTimer(self, singleShot=True, interval=LEISURE_MS)
        self._rest.timeout.connect(self._settle)
        self._leisure.timeout.connect(self._climb)

    @property
    def resting(self) -> bool:
        """Whether the page stands still."""
        return not self._rest.isActive()

    def wait_for_rest(self) -> None:
        """Hold back while the page changes; what was begun goes on from where it was."""
        self._mailbox.withdraw()
        self._rest.start()
        self._leisure.start()

    @property
    def at_work(self) -> bool:
        """Whether there is something to cancel."""
        return self._mailbox.waiting

    def cancel(self, request: StreetRequest) -> None:
        """Look for nothing more on this street; what has been found stays."""
        self._cancelled.add(tuning_key(request))
        self.stop()

    def allow(self) -> None:
        """Look again, also where it was cancelled."""
        self._cancelled.clear()
        self.wait_for_rest()

    def forget_streets(self) -> None:
        """Remember no street that was cancelled."""
        self._cancelled.clear()

    def stop(self) -> None:
        """Begin nothing more."""
        self._rest.stop()
        self._leisure.stop()
        self._mailbox.withdraw()

    def _settle(self) -> None:
        request = self._wanted()
        if request is not None:
            self._mailbox.post(partial(self._tunings.settle, request))
            self.status.emit("Settling Gaussians.")
        self.rested.emit()

    def _climb(self) -> None:
        request = self._wanted()
        if request is not None:
            self._mailbox.post(partial(self._tunings.climb, request))
            self.status.emit("Climbing over λ.")

    def _wanted(self) -> StreetRequest | None:
        """What the page asks for, unless its work was cancelled."""
        request = self._page()
        return None if request is None or tuning_key(request) in self._cancelled else request

    def _rested(self) -> None:
        self.status.emit("")
