"""Reading a stranger's HDF5 file: every object is checked before it is touched.

HDF5 can point to other files (external and soft links, external and virtual storage), expand a
few bytes to gigabytes (filters, unwritten space, the same bytes under many names), load
plug-ins (filters) and hold types whose size shows only while reading (variable length,
references). Our files need none of this, so all of it is refused.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5p, h5s, h5t

from lvm_studio.storage.leaves import ARRAY, KIND, LIST, Stored, decode, unescape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.data.tree import Leaf, Tree

MAX_TEXT_ATTRIBUTE = 128
_TEXT_OVERHEAD = 64
"""Bytes that Python spends on a short text beside its letters."""


class UnsafeFile(Exception):  # noqa: N818 - a finding about the file, said in a sentence by hdf5.py
    """The file holds something that ours never hold; the message names the path."""


@dataclass(frozen=True)
class Limits:
    """What a file may hold at most."""

    bytes: int = 4 * 2**30  # in memory
    objects: int = 200_000
    depth: int = 32


def read_content(root: h5g.GroupID, file_size: int, limits: Limits, digest: hashlib._Hash) -> Tree:
    """Read everything below a group of a file of this size, feeding it to the checksum.

    Raises:
        UnsafeFile: something is a link, filtered, of a foreign type, or too large.
    """
    return _Reader(digest, file_size, limits.bytes, limits.objects, limits.depth).group(root, "", 0)


def read_text(place: h5o.ObjectID, name: str) -> str | None:
    """Return a short text attribute, None if it is not there or is something else."""
    attribute = _attribute(place, name, h5t.STRING)
    if attribute is None or attribute.get_type().is_variable_str():
        return None
    if attribute.get_type().get_size() > MAX_TEXT_ATTRIBUTE:
        return None
    value = np.zeros((), dtype=f"S{attribute.get_type().get_size()}")
    attribute.read(value, mtype=h5t.py_create(value.dtype))
    return bytes(value[()]).decode("utf-8", errors="replace")


def read_integer(place: h5o.ObjectID, name: str) -> int | None:
    """Return an integer attribute, None if it is not there or is something else."""
    attribute = _attribute(place, name, h5t.INTEGER)
    if attribute is None:
        return None
    value = np.zeros((), dtype=np.int64)
    attribute.read(value)
    return int(value)


def _attribute(place: h5o.ObjectID, name: str, type_class: int) -> h5a.AttrID | None:
    if not h5a.exists(place, name.encode()):
        return None
    attribute = h5a.open(place, name.encode())
    fits = attribute.get_type().get_class() == type_class and attribute.shape == ()
    return attribute if fits else None


@dataclass
class _Reader:
    digest: hashlib._Hash
    stored_left: int  # values share no bytes: together they are no larger than the file
    bytes_left: int
    objects_left: int
    max_depth: int
    seen: set[int] = field(default_factory=set)

    def group(self, group: h5g.GroupID, path: str, depth: int) -> Tree:
        if depth > self.max_depth:
            raise UnsafeFile(f"{path} is nested too deeply")
        self._spend(group.get_num_objs(), 0, path)
        tree: Tree = {}
        for name in h5py.Group(group):
            key = unescape(name)
            tree[key] = self._object(group, name.encode(), f"{path}{key}", depth)
        return tree

    def _object(self, group: h5g.GroupID, name: bytes, path: str, depth: int) -> Leaf | Tree:
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            raise UnsafeFile(f"{path} is a link to somewhere else")
        found = h5o.open(group, name)
        address = h5o.get_info(found).addr
        if address in self.seen:
            raise UnsafeFile(f"{path} is there under several names")
        self.seen.add(address)
        if isinstance(found, h5g.GroupID):
            self.digest.update(f"{path}/".encode())
            return self.group(found, f"{path}/", depth + 1)
        if isinstance(found, h5d.DatasetID):
            return self._leaf(found, path)
        raise UnsafeFile(f"{path} is neither a group nor a value")

    def _leaf(self, dataset: h5d.DatasetID, path: str) -> Leaf:
        self._check_storage(dataset, path)
        dtype = self._dtype(dataset, path)
        stored = Stored(None)
        if dataset.get_space().get_simple_extent_type() != h5s.NULL:
            self._check_size(dataset, dtype, path)
            array = np.empty(dataset.shape, dtype)
            if array.size:
                dataset.read(h5s.ALL, h5s.ALL, array)
            stored = Stored(array, self._kind(dataset, array, path))
        stored.add_to(self.digest, path)
        return decode(stored)

    def _check_storage(self, dataset: h5d.DatasetID, path: str) -> None:
        plan: h5p.PropDCID = dataset.get_create_plist()
        if plan.get_layout() not in (h5d.CONTIGUOUS, h5d.COMPACT):
            raise UnsafeFile(f"{path} is stored in pieces or elsewhere")
        if plan.get_external_count() or plan.get_nfilters():
            raise UnsafeFile(f"{path} is filtered or stored in another file")

    def _dtype(self, dataset: h5d.DatasetID, path: str) -> np.dtype[np.generic]:
        """Return the type of a number, a truth value or a fixed-length text."""
        file_type = dataset.get_type()
        known = (h5t.INTEGER, h5t.FLOAT, h5t.ENUM, h5t.STRING)
        if file_type.get_class() not in known or file_type.detect_class(h5t.VLEN):
            raise UnsafeFile(f"{path} has a type that is never stored")
        if isinstance(file_type, h5t.TypeStringID) and file_type.is_variable_str():
            raise UnsafeFile(f"{path} has a type that is never stored")
        dtype: np.dtype[np.generic] = np.dtype(dataset.dtype.str)
        if dtype.kind not in "biufS" or (dtype.kind != "S" and dtype.itemsize > 8):
            raise UnsafeFile(f"{path} has a type that is never stored")
        return dtype

    def _check_size(self, dataset: h5d.DatasetID, dtype: np.dtype[np.generic], path: str) -> None:
        values = math.prod(dataset.shape)
        size = values * dtype.itemsize
        self.stored_left -= size
        if dataset.get_storage_size() != size or self.stored_left < 0:
            raise UnsafeFile(f"{path} says it is larger than what the file holds")
        is_text = dtype.kind == "S"
        self._spend(0, 4 * size + values * _TEXT_OVERHEAD if is_text else size, path)

    def _spend(self, objects: int, size: int, path: str) -> None:
        """Count against the limits, before anything is allocated."""
        self.objects_left -= objects
        self.bytes_left -= size
        if self.objects_left < 0:
            raise UnsafeFile("it holds too many objects")
        if self.bytes_left < 0:
            raise UnsafeFile(f"{path} makes it larger than can be opened")

    def _kind(self, dataset: h5d.DatasetID, array: NDArray[Any], path: str) -> str:
        kind = read_text(dataset, KIND) or ""
        fits = {"": True, ARRAY: array.ndim == 0, LIST: array.ndim == 1 and array.dtype.kind == "S"}
        if not fits.get(kind, False):
            raise UnsafeFile(f"{path} is not of the kind {kind!r}")
        return kind
