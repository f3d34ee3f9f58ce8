"""How a leaf of a tree lies in HDF5: plain numbers and fixed-length texts, nothing else.

Nothing of variable length, no references, no compound or opaque types: such a file can be
checked for its size before a byte of it is allocated, and holds nothing that could be run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from lvm_studio.storage.errors import StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.data.tree import Leaf

KIND, LIST, ARRAY = "kind", "list", "array"
"""The attribute `kind` says LIST or ARRAY where HDF5's own type leaves open what a leaf is:
an array of texts or a list of them, a 0-d array or a plain value."""


@dataclass(frozen=True, eq=False)
class Stored:
    """A leaf as it lies in the file.

    Args:
        array: numbers, truth values or bytes (UTF-8), little-endian; None stands for None.
        kind: LIST, ARRAY or '' where dtype and shape say all.
    """

    array: NDArray[Any] | None
    kind: str = ""

    def add_to(self, digest: hashlib._Hash, path: str) -> None:
        """Feed path, type, shape and content to a checksum."""
        array = self.array
        header = None if array is None else (array.dtype.str, array.shape)
        digest.update(repr((path, self.kind, header)).encode())
        if array is not None and array.size:
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def encode(leaf: Leaf, path: str) -> Stored:
    """Return the leaf as it is stored.

    Raises:
        StorageError: a leaf that no file of ours can hold (named by its path).
    """
    if leaf is None:
        return Stored(None)
    if isinstance(leaf, list):
        return Stored(_bytes_array(leaf, path), LIST)
    if isinstance(leaf, str):
        return Stored(_bytes_array([leaf], path).reshape(()))
    if isinstance(leaf, bool | int | float | np.generic):
        return Stored(_numbers(np.asarray(leaf), path))
    if isinstance(leaf, np.ndarray):
        array = _text_array(leaf, path) if leaf.dtype.kind == "U" else _numbers(leaf, path)
        return Stored(array, ARRAY if leaf.ndim == 0 else "")
    raise StorageError(f"{path}: a {type(leaf).__name__} cannot be stored.")


def decode(stored: Stored) -> Leaf:
    """Return the leaf that `encode` was given.

    >>> decode(encode(["Ä", ""], "labels"))
    ['Ä', '']
    """
    array = stored.array
    if array is None:
        return None
    if array.dtype.kind == "S":
        array = np.strings.decode(array, "utf-8")
    if stored.kind == LIST:
        texts: list[str] = array.tolist()
        return texts
    if array.ndim == 0 and stored.kind != ARRAY:
        value: Leaf = array.item()
        return value
    return array


def _numbers(array: NDArray[Any], path: str) -> NDArray[Any]:
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise StorageError(f"{path}: values of type {array.dtype} cannot be stored.")
    little_endian = array.dtype.newbyteorder("<")
    return np.asarray(array, dtype=little_endian, order="C")


def _text_array(array: NDArray[Any], path: str) -> NDArray[Any]:
    return _bytes_array(array.reshape(-1).tolist(), path).reshape(array.shape)


def _bytes_array(texts: list[str], path: str) -> NDArray[Any]:
    try:
        encoded = [text.encode() for text in texts]
    except (UnicodeEncodeError, AttributeError) as error:
        raise StorageError(f"{path}: not a list of valid texts.") from error
    if any(text.endswith(b"\0") for text in encoded):
        raise StorageError(f"{path}: a text that ends with a null character cannot be stored.")
    width = max(map(len, encoded), default=0)
    return np.array(encoded, dtype=f"S{max(width, 1)}")


def escape(key: str, path: str) -> str:
    """Return the name in HDF5 of a key that may hold '/' or be '.' or empty.

    >>> escape("day/night", "labels"), unescape(escape("50 %", "labels"))
    ('day%2Fnight', '50 %')
    """
    if not isinstance(key, str):
        raise StorageError(f"{path}: the name {key!r} is not a text.")
    special = {"": "%", ".": "%2E"}
    return special.get(key) or key.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")


def unescape(name: str) -> str:
    """Return the key that `escape` was given."""
    return "" if name == "%" else unquote(name, errors="strict")
