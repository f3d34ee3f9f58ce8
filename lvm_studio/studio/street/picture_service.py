"""The picture tab beside the tuned fan: worked out whenever the page rests, told once it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.numerals import percent
from lvm_studio.studio.street.answers import MeasuredAnswer, Picture, StreetRequest
from lvm_studio.studio.street.picture_work import PictureWork
from lvm_studio.studio.street.sums_service import SUMS, SumsService

if TYPE_CHECKING:
    from lvm_studio.analysis.boltzmann.sums_job import SumsProgress
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.tuned_work import TunedWork

NOT_FORMED = "The sums of households could not be formed; slide λ to try again."


class PictureService(QObject):
    """Works out the picture that is looked at, and has measured sums formed where it needs more.

    Signals:
        ready(TheoryAnswer | DifficultyAnswer | MeasuredAnswer)
        failed(sentence, details)
    """

    ready = Signal(object)
    failed = Signal(str, str)

    def __init__(
        self,
        thread: ComputeThread,
        priority: int,
        sums_priority: int,
        tunings: TunedWork,
        page: Callable[[], StreetRequest | None],
        parent: QObject,
    ) -> None:
        """Page: what it asks for; None while there is nothing to compute."""
        super().__init__(parent)
        self._page = page
        self._work = PictureWork(tunings)
        self._sums = SumsService(thread, sums_priority, self._work, self)
        self._picture: Picture | None = None
        self._waiting: MeasuredAnswer | None = None
        """A picture on screen that waits for more measured sums."""
        self._mailbox = thread.open_mailbox(priority)
        self._mailbox.answered.connect(self._answered)
        self._mailbox.failed.connect(self.failed)
        self._sums.progressed.connect(self._tell_progress)
        self._sums.learned.connect(self.work_out)
        self._sums.failed.connect(self._not_formed)

    def choose(self, picture: Picture | None) -> bool:
        """Work out this picture from now on; False where it is the one of before."""
        if picture == self._picture:
            return False
        self._picture = picture
        self.withdraw()
        return True

    def work_out(self) -> None:
        """Ask for the chosen picture of the page."""
        request = self._page()
        if request is not None and self._picture is not None:
            self._mailbox.post(partial(self._work.answer, request, self._picture))

    def withdraw(self) -> None:
        """The picture asked for is no longer wanted."""
        self._mailbox.withdraw()

    def stop(self) -> None:
        """End the process of the sums."""
        self._sums.stop()

    def _answered(self, answer: object) -> None:
        self.ready.emit(answer)
        request = self._page()
        self._waiting = None
        if isinstance(answer, MeasuredAnswer) and answer.wants_more and request is not None:
            self._waiting = answer
            size = answer.state.composition.size
            self._sums.form(request.households, size, answer.criterion)

    def _tell_progress(self, progress: SumsProgress) -> None:
        self._tell(f"{SUMS:,} sums are being formed in the background: {percent(progress.share)}.")

    def _not_formed(self, sentence: str, details: str) -> None:
        self._tell(NOT_FORMED)
        self.failed.emit(sentence, details)

    def _tell(self, why: str) -> None:
        """Say how it stands with the sums that the picture on screen waits for."""
        if self._waiting is not None:
            self.ready.emit(replace(self._waiting, why=why))
