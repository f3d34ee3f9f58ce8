"""A process that saves, autosaves and trains until it is killed, and notes what it completed.

Usage: saving_and_training.py FOLDER; state goes to FOLDER/state, notes to
FOLDER/notes, one line each: `saved n`, `autosaved n`, `checkpointed n`, `worker pid`.
"""

import os
import sys
from itertools import count
from pathlib import Path

import numpy as np
from jobs_for_tests import CountingJob

from lvm_studio.data.tree import Tree
from lvm_studio.engine.messages import Checkpointed, Started
from lvm_studio.engine.worker import Worker
from lvm_studio.storage.recovery import LiveSession
from lvm_studio.storage.workspace import RunEntry, Workspace, save

MODEL_FLOATS = 1_500_000
"""As large as a CompVAE with its optimiser's state: the file has about 18 MB."""


def workspace(number: int, weights: Tree) -> Workspace:
    return Workspace(
        models={"a": weights, "b": weights, "c": weights},
        runs={"night run": RunEntry(spec={"steps": 10})},
        layout={"number": number},
    )


def main(folder: Path) -> None:
    notes = os.open(folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(what: str, number: int) -> None:
        os.write(notes, f"{what} {number}\n".encode())

    session = LiveSession()
    weights: Tree = {"layer.weight": np.ones(MODEL_FLOATS, np.float32)}
    job = CountingJob(steps=None, seconds=0.002, checkpoint_every=5, numbers=MODEL_FLOATS)
    with Worker(job, checkpoint_path=session.checkpoint_path("night run")) as worker:
        for number in count(1):
            save(folder / "work.h5", workspace(number, weights))
            note("saved", number)
            session.autosave(workspace(number, weights), folder / "work.h5")
            note("autosaved", number)
            for message in worker.poll():
                if isinstance(message, Started):
                    note("worker", message.pid)
                if isinstance(message, Checkpointed):
                    note("checkpointed", message.step)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
