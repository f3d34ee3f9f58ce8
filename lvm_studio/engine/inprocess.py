"""The same job, the same messages, in this process: for the command line and tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from lvm_studio.engine.driver import Commands, drive
from lvm_studio.engine.messages import Message, Started

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job


def run_here(
    job: Job, *, checkpoint_path: Path | None = None, commands: Commands | None = None
) -> Iterator[Message]:
    """Run a job in this process and yield its messages, one report a message.

    Args:
        job: what to run.
        checkpoint_path: checkpoints are written here, atomically.
        commands: a queue from which `Command`s are taken between two reports; a signal handler
            may put `Command.STOP` into it.
    """
    yield Started(os.getpid())
    yield from drive(job, commands or SimpleQueue(), checkpoint_path)
