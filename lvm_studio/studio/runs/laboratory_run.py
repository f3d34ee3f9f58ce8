"""A run of the laboratory seen from the window: its latest frame, its history, its verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.job_thread import JobState, JobThread
from lvm_studio.studio.runs.run_history import GrowingHistory
from lvm_studio.training.frames import QUANTILES, Frame, SetSigma, TakeSteps
from lvm_studio.training.reports import TrainReport

if TYPE_CHECKING:
    from lvm_studio.studio.widgets.training.series import Floats
    from lvm_studio.studio.widgets.training.training_terms import RunHistory
    from lvm_studio.training.laboratory import LaboratoryJob

    StartThread = Callable[[LaboratoryJob, QObject], JobThread]

NICENESS = 10
"""Two of them and the window share two cores: whoever drags goes first."""

SKIPPED_KEPT = 4000
"""Rows of quantiles kept; beyond this every second of them is forgotten."""


class LaboratoryRun(QObject):
    """One training that is watched; a new one takes the place of the old.

    Frames come as fast as the worker draws them. Only the latest is kept, and `frame_ready` says
    that it is another one: whoever draws looks here when it has time (a mailbox of one).

    Args:
        start_thread: makes what runs a job; tests give their own.

    Signals:
        frame_ready(): `frame` is a newer one.
        state_changed(): `state` is another one.
        failed(sentence, details): it ended by itself.
    """

    frame_ready = Signal()
    state_changed = Signal()
    failed = Signal(str, str)

    def __init__(
        self, start_thread: StartThread | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._start_thread = start_thread or _start_thread
        self._thread: JobThread | None = None
        self.job: LaboratoryJob | None = None
        self.state: JobState | None = None
        """None: nothing has been started yet."""
        self.frame: Frame | None = None
        self.frames = 0
        """Frames that have come."""
        self._history = GrowingHistory()
        self._quantiles: list[tuple[float, ...]] = []
        self._asked = False
        """Whether a frame is to answer a wish for sigma."""
        self._wished: float | None = None

    @property
    def alive(self) -> bool:
        """Whether its process is there and can be asked."""
        return self.state is not None and not self.state.ended

    def start(self, job: LaboratoryJob) -> None:
        """Forget what was there and begin anew."""
        self.forget()
        self.job, self.frame, self.frames = job, None, 0
        self._history, self._quantiles = GrowingHistory(), []
        self._asked, self._wished = False, None
        thread = self._start_thread(job, self)
        thread.reports.connect(self._take)
        thread.state_changed.connect(self._enter)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        self._thread = thread
        self._put_state(JobState.STARTING)
        thread.start()

    def play(self) -> None:
        """Go on after a pause."""
        if (thread := self._at_work) is not None:
            thread.resume()

    def pause(self) -> None:
        """Rest between two steps."""
        if (thread := self._at_work) is not None:
            thread.pause()

    def step(self, count: int = 1) -> None:
        """Rest, and take so many steps."""
        if (thread := self._at_work) is not None:
            thread.pause()
            thread.ask(TakeSteps(count))

    def set_sigma(self, value: float) -> None:
        """Put the noise at this size; what learns goes on from there.

        The worker answers with a frame. Until one has come a newer wish takes the place of the
        last: a hand would ask for more frames than can be made.
        """
        self._wished = value
        if not self._asked:
            self._ask_sigma()

    def _ask_sigma(self) -> None:
        thread = self._at_work
        self._asked = thread is not None and self._wished is not None
        if thread is not None and self._wished is not None:
            thread.ask(SetSigma(self._wished))
        self._wished = None

    def forget(self) -> None:
        """End the process if it runs; nothing of it is listened to any more."""
        if (thread := self._at_work) is not None:
            thread.kill()
        self._thread = self.state = None

    def history(self, name: str) -> RunHistory:
        """Every step so far: ELBO, its terms and sigma."""
        return self._history.snapshot(name)

    def sigma_quantiles(self) -> Floats:
        """Steps and quantiles of sigma(z) over the generative law, [frames, 1 + QUANTILES]."""
        return np.array(self._quantiles, float).reshape(-1, 1 + len(QUANTILES))

    @property
    def _at_work(self) -> JobThread | None:
        return self._thread if self.alive else None

    @property
    def _heeded(self) -> bool:
        """Whether the thread that speaks is this run's: one forgotten is still heard for a moment.

        What it had said by then is delivered, disconnected or not.
        """
        return self._thread is not None and self.sender() is self._thread

    def _take(self, reports: tuple[object, ...]) -> None:
        if not self._heeded:
            return
        for report in reports:
            if isinstance(report, TrainReport):
                self._history.extend([report])
            elif isinstance(report, Frame):
                self._history.extend(report.reports)
                self._note_quantiles(report)
                self.frame, self.frames = report, self.frames + 1
        if any(isinstance(report, Frame) for report in reports):
            self._ask_sigma()
            self.frame_ready.emit()

    def _note_quantiles(self, frame: Frame) -> None:
        if len(self._quantiles) >= SKIPPED_KEPT:
            self._quantiles = self._quantiles[::2]
        self._quantiles.append((frame.step, *frame.sigma))

    def _enter(self, state: JobState) -> None:
        if self._heeded:
            self._put_state(state)

    def _put_state(self, state: JobState) -> None:
        self.state = state
        self.state_changed.emit()

    def _fail(self, sentence: str, details: str) -> None:
        if self._heeded:
            self.failed.emit(sentence, details)


def _start_thread(job: LaboratoryJob, owner: QObject) -> JobThread:
    return JobThread(job, None, owner, niceness=NICENESS)
