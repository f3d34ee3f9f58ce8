"""What passes between a job and its owner. Small, frozen, picklable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree


class Command(Enum):
    """What the owner may ask for; obeyed between two reports."""

    PAUSE = "pause"
    RESUME = "resume"
    SNAPSHOT = "snapshot"
    STOP = "stop"


@dataclass(frozen=True)
class Started:
    """The worker process runs; the job itself may still be loading."""

    pid: int


@dataclass(frozen=True)
class Reports:
    """What the job has reported since the last message, oldest first."""

    reports: tuple[object, ...]


@dataclass(frozen=True)
class Checkpointed:
    """The job can go on from `path` (see storage.checkpoints) after `step` steps."""

    step: int
    path: Path


@dataclass(frozen=True)
class CheckpointFailed:
    """A checkpoint could not be written; the job goes on, the one before is still there."""

    step: int
    sentence: str


@dataclass(frozen=True)
class Paused:
    """No report comes until `Resumed`."""


@dataclass(frozen=True)
class Resumed:
    """Reports come again."""


@dataclass(frozen=True)
class Stopping:
    """The job has stopped computing, as asked; its checkpoint is being written."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state that was asked for."""

    step: int
    tree: Tree


@dataclass(frozen=True, eq=False)
class Finished:
    """The job came to its end; `result` is what it returned, or else its last report."""

    result: object


@dataclass(frozen=True)
class Failed:
    """The job ended by mistake.

    Args:
        sentence: what happened and what to do, for the window.
        details: traceback, for "show details"; also in the log.
        checkpoint: the last good one, None if there is none.
    """

    sentence: str
    details: str
    checkpoint: Path | None


@dataclass(frozen=True)
class Stopped:
    """The job ended because its owner asked; it can go on from `checkpoint`."""

    checkpoint: Path | None


Ending: TypeAlias = Finished | Failed | Stopped
"""The last message of every job is one of these."""

Message: TypeAlias = (
    Started
    | Reports
    | Checkpointed
    | CheckpointFailed
    | Paused
    | Resumed
    | Stopping
    | Snapshot
    | Finished
    | Failed
    | Stopped
)
