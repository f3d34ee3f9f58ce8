"""Where a verb writes: what cannot be written is told at once, not after minutes of work."""

from __future__ import annotations

import os
from pathlib import Path

from lvm_studio.data.errors import DataError
from lvm_studio.storage import tables
from lvm_studio.storage import workspace as workspace_file


def check_place(file: Path) -> None:
    """Refuse a file whose folder is not there or may not be written, and a folder in its place.

    >>> check_place(Path("no such folder") / "out.h5")
    Traceback (most recent call last):
        ...
    lvm_studio.data.errors.DataError: There is no folder 'no such folder' for out.h5; make it ...
    """
    folder = file.parent
    if not folder.is_dir():
        raise DataError(f"There is no folder '{folder}' for {file.name}; make it or name another.")
    if file.is_dir():
        raise DataError(f"{file} is a folder; name a file.")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise DataError(f"{file} may not be written; name another place.")


def check_workspace(file: Path) -> None:
    """The same for a workspace, which keeps what it holds: one that is there must be one.

    Its content is read when the work is done: somebody may save to it meanwhile.
    """
    check_place(file)
    if file.exists():
        workspace_file.check(file)
    elif file.suffix.lower() not in workspace_file.SUFFIXES:
        known = " or ".join(workspace_file.SUFFIXES)
        raise DataError(f"{file.name}: the name of a workspace ends with {known}; choose one.")


def check_table(file: Path) -> None:
    """The same for a table of curves, which is written by its suffix."""
    check_place(file)
    tables.check_suffix(file)
