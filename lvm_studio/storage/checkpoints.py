"""The file that a training run leaves behind while it runs."""

from __future__ import annotations

from pathlib import Path

from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import Checkpoint
from lvm_studio.data.tree import TreeView
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import FileFormat, read_tree, write_tree

FORMAT = FileFormat("checkpoint")


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically, over the one before.

    Raises:
        StorageError: the place cannot be written; the checkpoint before is unchanged.
    """
    write_tree(path, {"step": checkpoint.step, "state": checkpoint.tree}, FORMAT)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        StorageError: one sentence that says what is wrong with the file.
    """
    view = TreeView(read_tree(path, FORMAT))
    try:
        return Checkpoint(view.integer("step"), dict(view.child("state").tree))
    except DataError as error:
        raise StorageError(f"{path.name}: {error}") from error
