"""The plain form of everything that is kept in a file: nested dictionaries of simple leaves.

Objects convert themselves with ``to_tree()`` and ``from_tree()``; the storage floor maps trees
to HDF5. Reading goes through `TreeView`, which names the path of the leaf that does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError

Leaf: TypeAlias = NDArray[Any] | int | float | str | bool | list[str] | None
Tree: TypeAlias = dict[str, Union[Leaf, "Tree"]]


@dataclass(frozen=True)
class TreeView:
    """Typed reading of a tree; every error names the full path of the leaf.

    >>> TreeView({"split": {"seed": 3}}, "set").child("split").integer("seed")
    3
    """

    tree: Mapping[str, Any]
    path: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.tree, Mapping):
            raise DataError(f"{self.path or 'The tree'} should be a group of values.")

    def child(self, key: str) -> TreeView:
        """The group `key`."""
        return TreeView(self._get(key), self._at(key))

    def text(self, key: str) -> str:
        """The string `key`."""
        value: str = self._typed(key, str, "a text")
        return value

    def integer(self, key: str) -> int:
        """The whole number `key`."""
        value = self._get(key)
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            raise DataError(f"{self._at(key)} should be a whole number, not {_kind(value)}.")
        return int(value)

    def number(self, key: str) -> float:
        """The number `key`."""
        value = self._get(key)
        if isinstance(value, bool | np.bool_) or not isinstance(
            value, int | float | np.integer | np.floating
        ):
            raise DataError(f"{self._at(key)} should be a number, not {_kind(value)}.")
        return float(value)

    def flag(self, key: str) -> bool:
        """The truth value `key`."""
        value = self._get(key)
        if not isinstance(value, bool | np.bool_):
            raise DataError(f"{self._at(key)} should be true or false, not {_kind(value)}.")
        return bool(value)

    def strings(self, key: str) -> tuple[str, ...]:
        """The list of strings `key`."""
        value = self._get(key)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise DataError(f"{self._at(key)} should be a list of texts, not {_kind(value)}.")
        return tuple(value)

    def array(self, key: str, shape: tuple[int | None, ...] | None = None) -> NDArray[Any]:
        """The array of numbers `key`; `shape` (None = any length) is checked when given."""
        value: NDArray[Any] = self._typed(key, np.ndarray, "an array")
        if value.dtype.kind not in "fiub":
            raise DataError(f"{self._at(key)} should hold numbers, not {value.dtype}.")
        if shape is not None and not _shape_fits(value.shape, shape):
            wanted = tuple("any" if n is None else n for n in shape)
            raise DataError(f"{self._at(key)} has shape {value.shape}, expected {wanted}.")
        return value

    @property
    def names(self) -> tuple[str, ...]:
        """The names in this group."""
        return tuple(self.tree)

    def __contains__(self, key: str) -> bool:
        return key in self.tree

    def _get(self, key: str) -> Any:
        if key not in self.tree:
            raise DataError(f"{self._at(key)} is missing.")
        return self.tree[key]

    def _typed(self, key: str, kind: type, description: str) -> Any:
        value = self._get(key)
        if not isinstance(value, kind):
            raise DataError(f"{self._at(key)} should be {description}, not {_kind(value)}.")
        return value

    def _at(self, key: str) -> str:
        return f"{self.path}/{key}" if self.path else key


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def _shape_fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        w is None or n == w for n, w in zip(shape, wanted, strict=True)
    )
