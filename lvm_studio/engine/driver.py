"""Driving a job: its reports become messages, its owner's commands act between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

from lvm_studio.data.jobs import Checkpoint, Job, Request, Sent, Wish
from lvm_studio.engine.failures import existing, failed
from lvm_studio.engine.messages import (
    Checkpointed,
    CheckpointFailed,
    Command,
    Finished,
    Message,
    Paused,
    Reports,
    Resumed,
    Snapshot,
    Stopped,
    Stopping,
)
from lvm_studio.storage.checkpoints import write_checkpoint
from lvm_studio.storage.errors import StorageError

Commands: TypeAlias = "SimpleQueue[Command | Request]"


def drive(job: Job, commands: Commands, checkpoint_path: Path | None = None) -> Iterator[Message]:
    """Run a job to its end; the last message is Finished, Failed or Stopped.

    A `Checkpoint` report is written to `checkpoint_path` and announced instead of passed on.
    `Command.STOP` is acknowledged by `Stopping`, then a checkpoint is asked for: collecting and
    writing it may take a while. While paused, this iterator waits.
    """
    try:
        yield from _Drive(job, commands, checkpoint_path).messages()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a job raises ends as a sentence
        yield failed(error, checkpoint_path)


class _Drive:
    def __init__(self, job: Job, commands: Commands, checkpoint_path: Path | None) -> None:
        self._reports = job.run()
        self._commands = commands
        self._checkpoint_path = checkpoint_path
        self._begun = False
        self._paused = False
        self._stopping = False
        self._snapshot_wanted = False
        self._requests: list[Request] = []

    def messages(self) -> Iterator[Message]:
        last: object = None
        while True:
            yield from self._obey()
            if self._stopping and not self._begun:
                break
            wish = self._wish()
            try:
                report = self._reports.send(wish)
            except StopIteration as end:
                yield Finished(last if end.value is None else end.value)
                return
            if isinstance(report, Checkpoint):
                yield from self._keep(report)
            else:
                last = report
                yield Reports((report,))
            if wish is Wish.CHECKPOINT:
                self._snapshot_wanted = False  # also if the job knows no checkpoints
                if self._stopping:
                    break
            self._begun = True
        self._reports.close()
        yield Stopped(existing(self._checkpoint_path))

    def _obey(self) -> Iterator[Message]:
        """Take all commands that wait; while paused, wait for one that ends the pause."""
        while True:
            try:
                command = self._commands.get(block=self._is_waiting())
            except Empty:
                return
            if command is Command.PAUSE and not self._paused:
                self._paused = True
                yield Paused()
            elif command is Command.RESUME and self._paused:
                self._paused = False
                yield Resumed()
            elif isinstance(command, Request):
                self._requests.append(command)
            elif command is Command.SNAPSHOT:
                self._snapshot_wanted = True
            elif command is Command.STOP and not self._stopping:
                self._stopping = True
                yield Stopping()

    def _is_waiting(self) -> bool:
        answer_due = self._begun and (self._snapshot_wanted or bool(self._requests))
        return self._paused and not (self._stopping or answer_due)

    def _wish(self) -> Sent:
        # A generator that has not begun takes no wish.
        if not self._begun:
            return None
        if self._stopping or self._snapshot_wanted:
            return Wish.CHECKPOINT
        return self._requests.pop(0) if self._requests else None

    def _keep(self, checkpoint: Checkpoint) -> Iterator[Message]:
        only_looked_at = self._snapshot_wanted and not self._stopping
        if self._snapshot_wanted:
            yield Snapshot(checkpoint.step, checkpoint.tree)
        if self._checkpoint_path is None or only_looked_at:
            return
        try:
            write_checkpoint(self._checkpoint_path, checkpoint)
        except StorageError as error:
            yield CheckpointFailed(checkpoint.step, str(error))
        else:
            yield Checkpointed(checkpoint.step, self._checkpoint_path)
