"""A QThread that drives one worker process and turns what it says into signals."""

from __future__ import annotations

import logging
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from lvm_studio.engine.messages import (
    Checkpointed,
    CheckpointFailed,
    Failed,
    Finished,
    Message,
    Paused,
    Reports,
    Resumed,
    Snapshot,
    Started,
    Stopped,
    Stopping,
)
from lvm_studio.engine.worker import Worker

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job, Request

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1


class JobState(StrEnum):
    """Where a job stands; the value is what a panel may show."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self in (JobState.FINISHED, JobState.STOPPED, JobState.FAILED)


class JobThread(QThread):
    """Runs a job in a process of its own; exactly one of completed, stopped, failed comes last.

    `start()` starts it; the verbs may be called from the GUI thread at any time. Give it a
    parent inside the window: the window ends every JobThread among its children when it closes
    (`end_jobs`). Connect bound methods of QObjects: they run on the GUI thread.

    Args:
        job: a picklable data.jobs.Job.
        checkpoint_path: where the worker writes the job's checkpoints.
        niceness: how far its process steps back where cores are scarce, 0 to 19.

    Signals:
        reports(tuple): frozen reports, at most 30 times a second.
        checkpointed(step, Path): a checkpoint has been written.
        checkpoint_failed(sentence): it could not be; the job goes on.
        snapshot(step, Tree): answer to `ask_snapshot`.
        completed(result): what the job returned, or its last report.
        stopped(Path | None): it has checkpointed and ended, as asked.
        failed(sentence, details): it ended by itself; `checkpoint` is the last good one.
        state_changed(JobState)
    """

    reports = Signal(object)
    checkpointed = Signal(int, object)
    checkpoint_failed = Signal(str)
    snapshot = Signal(int, object)
    completed = Signal(object)
    stopped = Signal(object)
    failed = Signal(str, str)
    state_changed = Signal(object)

    def __init__(
        self,
        job: Job,
        checkpoint_path: Path | None = None,
        parent: QObject | None = None,
        niceness: int = 0,
    ) -> None:
        super().__init__(parent)
        self._worker = Worker(job, checkpoint_path=checkpoint_path, niceness=niceness)
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
        """Stop computing (state `stopping`), write a checkpoint, end; `stopped` follows."""
        self._worker.stop()

    def kill(self) -> None:
        """End at once, losing what came after the last checkpoint; `stopped` follows."""
        self._worker.stop()  # heard by a process that is only just being started
        self._worker.kill()

    def ask_snapshot(self) -> None:
        """Wish for the weights as they are now; `snapshot` follows."""
        self._worker.snapshot()

    def ask(self, request: Request) -> None:
        """Pass a request of the job's own kind, also while it is paused; a report answers."""
        self._worker.ask(request)

    def run(self) -> None:
        try:
            self._worker.start()
            for message in self._worker.messages(POLL_SECONDS):
                self._tell(message)
        except Exception as error:  # a thread that died would say nothing, and be waited for
            LOG.exception("the worker process could not be started or heard")
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Say the last word for a worker that cannot; `failed` follows only where none has."""
        with suppress(OSError, ValueError):
            self._worker.close()
        if not self.state.ended:
            self._enter(JobState.FAILED)
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self.failed.emit(f"The job could not be started or heard: {reason}.", repr(error))

    def _tell(self, message: Message) -> None:
        """Turn one message into its signal; the state changes first."""
        match message:
            case Started():
                self._enter(JobState.RUNNING)
            case Reports(reports):
                self.reports.emit(reports)
            case Checkpointed(step, path):
                self.checkpoint = path
                self.checkpointed.emit(step, path)
            case CheckpointFailed(sentence=sentence):
                self.checkpoint_failed.emit(sentence)
            case Snapshot(step, tree):
                self.snapshot.emit(step, tree)
            case Paused():
                self._enter(JobState.PAUSED)
            case Resumed():
                self._enter(JobState.RUNNING)
            case Stopping():
                self._enter(JobState.STOPPING)
            case Finished() | Stopped() | Failed():
                self._end(message)

    def _end(self, message: Finished | Stopped | Failed) -> None:
        match message:
            case Finished(result):
                self._enter(JobState.FINISHED)
                self.completed.emit(result)
            case Stopped(checkpoint):
                self.checkpoint = checkpoint
                self._enter(JobState.STOPPED)
                self.stopped.emit(checkpoint)
            case Failed(sentence, details, checkpoint):
                self.checkpoint = checkpoint
                self._enter(JobState.FAILED)
                self.failed.emit(sentence, details)

    def _enter(self, state: JobState) -> None:
        self.state = state
        self.state_changed.emit(state)


STOP_SECONDS = 10.0
"""A job asked to stop may take this long for its checkpoint before it is killed."""


def running_jobs(owner: QObject) -> list[JobThread]:
    """Return every job among the owner's children that has not ended."""
    return [thread for thread in owner.findChildren(JobThread) if thread.isRunning()]


def end_jobs(owner: QObject) -> None:
    """Stop every job among the owner's children, with a checkpoint; returns when all ended."""
    running = running_jobs(owner)
    for thread in running:
        thread.stop()
    for thread in running:
        if not thread.wait(int(STOP_SECONDS * 1000)):
            thread.kill()
            thread.wait()
