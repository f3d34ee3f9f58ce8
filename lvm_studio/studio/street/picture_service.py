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
from lvm_studio.studio.time_left import TimeLeft

if TYPE_CHECKING:
    from lvm_studio.analysis.boltzmann.sums_job import SumsProgress
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.tuned_work import TunedWork

CANCELLED = "so rare a week needs more sums; forming them was cancelled."
NOT_FORMED = "The sums of households could not be formed."


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
        self._left = TimeLeft()
        self._cancelled: set[tuple[int, str]] = set()
        """Numbers of households, and criteria, whose sums nobody would wait for."""
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

    def cancel_sums(self) -> None:
        """Form no sums for the picture on screen, until `form_sums`."""
        if self._waiting is not None:
            self._cancelled.add(_sums_of(self._waiting))
            self._sums.give_up()
            self._tell(CANCELLED, cancelled=True)

    def form_sums(self) -> None:
        """Form sums wherever a picture needs them, also where it was cancelled."""
        self._cancelled.clear()
        self.work_out()

    def stop(self) -> None:
        """End the process of the sums."""
        self._sums.stop()

    def _answered(self, answer: object) -> None:
        self._waiting = None
        request = self._page()
        if not isinstance(answer, MeasuredAnswer) or not answer.wants_more or request is None:
            self.ready.emit(answer)
            return
        self._waiting = answer
        if _sums_of(answer) in self._cancelled:
            self._tell(CANCELLED, cancelled=True)
        else:
            self.ready.emit(answer)
            if not self._sums.running:
                self._left.begin()
            self._sums.form(request.households, *_sums_of(answer))

    def _tell_progress(self, progress: SumsProgress) -> None:
        told = f"{SUMS:,} sums are being formed in the background: {percent(progress.share)}"
        self._tell(self._left.after(told, progress.share))

    def _not_formed(self, sentence: str, details: str) -> None:
        self._tell(NOT_FORMED, cancelled=True)
        self.failed.emit(sentence, details)

    def _tell(self, why: str, *, cancelled: bool = False) -> None:
        """Say how it stands with the sums that the picture on screen waits for."""
        if self._waiting is not None:
            self.ready.emit(replace(self._waiting, why=why, cancelled=cancelled))


def _sums_of(answer: MeasuredAnswer) -> tuple[int, str]:
    """How many households stand in the sums that an answer waits for, and their criterion."""
    return answer.state.composition.size, answer.criterion
