"""Writing files whole or not at all, whatever kills the process in between."""

from __future__ import annotations

import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.processes import is_running

DAY_SECONDS = 86_400.0
_NODE = re.sub(r"[^A-Za-z0-9]", "", platform.node()) or "here"
_TEMPORARY = re.compile(r"\..+\.(?P<node>[A-Za-z0-9]+)-(?P<pid>\d+)-\d+\.tmp")
_serial = count()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, it takes its place.

    What was written is on the disk before the name changes hands, so that a reader, also after
    a power cut, finds the old file or the new one, never a part. If the block raises, the old
    file stays and the temporary goes.

    Raises:
        StorageError: the folder is missing, full or read-only.
    """
    target = path.resolve()  # a link stays a link: the file that it points to is replaced
    beside = target.with_name(f".{target.name}.{_NODE}-{os.getpid()}-{next(_serial)}.tmp")
    try:
        yield beside
        if target.exists():
            shutil.copymode(target, beside)
        _to_disk(beside)
        beside.replace(target)
        _folder_to_disk(target.parent)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StorageError(
            f"{path} could not be written ({reason}); nothing was changed, choose another place."
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def sweep_temporaries(folder: Path) -> int:
    """Remove what killed processes left half-written in this folder; return how many.

    A temporary goes when its writer is dead, or, written on another machine, after a day.
    """
    swept = 0
    for leftover in folder.glob(".*.tmp"):
        match = _TEMPORARY.fullmatch(leftover.name)
        if match is None:
            continue
        with suppress(OSError):  # somebody else swept it, or the folder is read-only
            if _is_stale(leftover, match["node"], int(match["pid"])):
                leftover.unlink()
                swept += 1
    return swept


def _is_stale(leftover: Path, node: str, pid: int) -> bool:
    if node == _NODE:
        return not is_running(pid)
    return time.time() - leftover.stat().st_mtime > DAY_SECONDS


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    """Make the new name outlast a power cut, where the system lets a folder be flushed.

    Some network disks do not, and a folder may be written that cannot be listed: the file is
    in its place all the same.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
