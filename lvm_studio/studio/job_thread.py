"""A QThread that drives one worker process and turns what it says into signals."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from lvm_studio.engine.messages import (
    Checkpointed,
    Failed,
    Finished,
    Paused,
    Reports,
    Resumed,
    Snapshot,
    Started,
    Stopped,
)
from lvm_studio.engine.worker import Worker

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job

POLL_SECONDS = 0.1


class JobState(StrEnum):
    """Where a job stands; the value is what a panel may show."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self in (JobState.FINISHED, JobState.STOPPED, JobState.FAILED)


class JobThread(QThread):
    """Runs a job in a process of its own; exactly one of completed, stopped, failed comes last.

    `start()` starts it, the verbs may be called from the GUI thread at any time. `job_thread.py`
    keeps every running thread alive and known, so that the window can end them all: see
    `running_jobs` and `end_all`.

    Signals:
        reports(tuple): frozen reports, at most 30 times a second.
        checkpointed(step, Path): a checkpoint has been written.
        snapshot(Tree): answer to `ask_snapshot`.
        completed(result): what the job returned (a Tree for training).
        stopped(): it has checkpointed and ended, as asked.
        failed(sentence, details): it ended by itself; `checkpoint` is the last good one.
        state_changed(JobState)
    """

    reports = Signal(object)
    checkpointed = Signal(int, object)
    snapshot = Signal(object)
    completed = Signal(object)
    stopped = Signal()
    failed = Signal(str, str)
    state_changed = Signal(object)

    def __init__(
        self, job: Job, checkpoint_path: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._worker = Worker(job, checkpoint_path=checkpoint_path)
        self.state = JobState.STARTING
        self.checkpoint: Path | None = None
        """The last checkpoint written, if any."""

    def pause(self) -> None:
        """Rest between two steps; the process and its memory stay."""
        self._worker.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self._worker.resume()

    def stop(self) -> None:
        """Checkpoint, then end; `stopped` follows."""
        self._worker.stop()

    def kill(self) -> None:
        """End at once, losing what came after the last checkpoint."""
        self._worker.kill()

    def ask_snapshot(self) -> None:
        """Wish for the weights as they are now; `snapshot` follows."""
        self._worker.snapshot()
