"""Trees as HDF5 files: written whole or not at all, read with suspicion.

A group is a dictionary, a dataset a leaf; the root's attributes say what the file is, in which
format version, and the SHA-256 of its content. Every tool that reads HDF5 reads these files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import h5py
import numpy as np
import psutil

from lvm_studio import __version__
from lvm_studio.storage.atomic import replacing
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.leaves import KIND, encode, escape
from lvm_studio.storage.reading import Limits, UnsafeFile, read_content, read_integer, read_text

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree

Migration: TypeAlias = "Callable[[Tree], Tree]"

FORMAT, VERSION, CHECKSUM, WRITER = "lvm_studio_format", "format_version", "sha256", "written_by"


@dataclass(frozen=True)
class FileFormat:
    """What kind of file it is, the newest version known, and the way up from older ones.

    `migrations[v]` turns a tree of version v into one of version v + 1.
    """

    kind: str
    version: int = 1
    migrations: Mapping[int, Migration] = field(default_factory=dict)


TREE = FileFormat("tree")
LIMITS = Limits(bytes=max(Limits.bytes, psutil.virtual_memory().total))
"""What was saved can be opened again: as large as the machine's memory."""


def write_tree(path: Path, tree: Tree, form: FileFormat = TREE) -> None:
    """Write a tree as one file, atomically: readers see the old file or the new one.

    Args:
        path: the file; a previous one is replaced.
        tree: nested dictionaries; leaves are numbers, truth values, texts, None, lists of
            texts, and arrays of numbers, truth values or texts.
        form: what is written in the file about its own kind and version.

    Raises:
        StorageError: the place cannot be written, or a leaf cannot be stored.
    """
    with replacing(path) as beside, _new_file(beside) as file:
        digest = _new_digest(form.kind, form.version)
        _write_group(file, tree, "", digest)
        file.attrs[FORMAT] = np.bytes_(form.kind)
        file.attrs[VERSION] = form.version
        file.attrs[CHECKSUM] = np.bytes_(digest.hexdigest())
        file.attrs[WRITER] = np.bytes_(f"LVM Studio {__version__}")


def read_tree(path: Path, form: FileFormat = TREE, limits: Limits = LIMITS) -> Tree:
    """Read a tree that `write_tree` wrote, also one that a stranger sends.

    Nothing is run, no link is followed, nothing is unpickled, and nothing is allocated before
    type, shape and total size have been checked against what the file really holds.

    Raises:
        StorageError: one sentence for a file that is missing, no HDF5, foreign, of another
            kind, of a newer version, damaged, cut short, unsafe or too large.
    """
    _check_is_file(path)
    with _understandable(path), h5py.File(path, "r", locking=False) as file:
        version = _check_header(path, file, form)
        digest = _new_digest(form.kind, version)
        tree = read_content(file.id, path.stat().st_size, limits, digest)
        if digest.hexdigest() != read_text(file.id, CHECKSUM):
            raise _damaged(path)
    return _migrate(path, tree, version, form)


def check_tree(path: Path, form: FileFormat = TREE) -> None:
    """Refuse a file that `read_tree` would refuse at first sight; its content is not read.

    Raises:
        StorageError: missing, no HDF5, foreign, of another kind, of a newer version or cut short.
    """
    _check_is_file(path)
    with _understandable(path), h5py.File(path, "r", locking=False) as file:
        _check_header(path, file, form)


@contextmanager
def _new_file(path: Path) -> Iterator[h5py.File]:
    # From v108 on HDF5 puts checksums on its own structures too; newer versions mark a file
    # as open for writing, which nobody needs who writes a file once.
    with h5py.File(path, "x", libver=("v108", "v108"), track_order=True, locking=False) as file:
        yield file


def _new_digest(kind: str, version: int) -> hashlib._Hash:
    return hashlib.sha256(f"{kind}\0{version}\0".encode())


def _write_group(group: h5py.Group, tree: Tree, path: str, digest: hashlib._Hash) -> None:
    for key, value in tree.items():
        name, below = escape(key, path), f"{path}{key}"
        if isinstance(value, dict):
            below += "/"
            digest.update(below.encode())
            _write_group(group.create_group(name, track_order=True), value, below, digest)
            continue
        stored = encode(value, below)
        stored.add_to(digest, below)
        data = h5py.Empty("u1") if stored.array is None else stored.array
        dataset = group.create_dataset(name, data=data)
        if stored.kind:
            dataset.attrs[KIND] = np.bytes_(stored.kind)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise StorageError(f"{path} is a folder; choose a file that LVM Studio saved.")
    if not path.is_file():
        raise StorageError(f"There is no file {path}; it may have been moved or renamed.")
    try:
        empty = path.stat().st_size == 0
        known = h5py.is_hdf5(path)
        with path.open("rb"):
            pass
    except OSError as error:
        raise StorageError(f"{path} cannot be opened ({error.strerror}).") from error
    if empty:
        raise StorageError(f"{path.name} is empty; open another copy of it.")
    if not known:
        raise StorageError(
            f"{path.name} is not a file of LVM Studio (it is not in the HDF5 format); "
            "meter readings are opened with Import."
        )


def _called(kind: str) -> str:
    return "a model or a flow by itself" if kind == TREE.kind else f"a {kind} of LVM Studio"


def _check_header(path: Path, file: h5py.File, form: FileFormat) -> int:
    """Return the file's format version, if this studio may read on."""
    kind = read_text(file.id, FORMAT)
    version = read_integer(file.id, VERSION)
    if kind is None or version is None:
        raise StorageError(
            f"{path.name} is an HDF5 file, but LVM Studio did not write it; "
            "open a file that LVM Studio saved."
        )
    if kind != form.kind:
        raise StorageError(
            f"{path.name} is {_called(kind)}, not {_called(form.kind)}; choose another file."
        )
    if version > form.version:
        raise StorageError(
            f"{path.name} was made by a newer LVM Studio (format {version}, this one reads up to "
            f"{form.version}); update LVM Studio to open it."
        )
    return version


def _migrate(path: Path, tree: Tree, version: int, form: FileFormat) -> Tree:
    for step in range(version, form.version):
        migration = form.migrations.get(step)
        if migration is None:
            raise StorageError(
                f"{path.name} was made by an LVM Studio too old to be understood (format "
                f"{version}); open and save it with the version between."
            )
        tree = migration(tree)
    return tree


@contextmanager
def _understandable(path: Path) -> Iterator[None]:
    """Say in a sentence what HDF5 and numpy raise on bytes that are not what they should be."""
    try:
        yield
    except StorageError:
        raise
    except UnsafeFile as error:
        raise StorageError(f"{path.name} is not safe to open: {error}.") from error
    except OSError as error:
        if "truncated" in str(error):
            raise StorageError(
                f"{path.name} is cut short: its end is missing; copy it again from where it "
                "came, or open a backup."
            ) from error
        raise _damaged(path) from error
    except (RuntimeError, LookupError, ValueError, TypeError, OverflowError) as error:
        raise _damaged(path) from error
    except MemoryError as error:
        raise StorageError(f"{path.name} does not fit into memory.") from error


def _damaged(path: Path) -> StorageError:
    return StorageError(
        f"{path.name} is damaged: its content does not match its checksum; "
        "open a backup, or copy it again from where it came."
    )
