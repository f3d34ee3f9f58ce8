"""Vectors to learn from: N observations of D numbers, with or without a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.vectors.conditions import VectorColumns

HELD_OUT = "held out"
"""A label of 'yes' and 'no': which rows a model was not trained on."""


@dataclass(frozen=True, eq=False)
class VectorSet:
    """N vectors and what is known of them.

    Args:
        name: as shown to people.
        x: [N, D], finite.
        k: conditions [N, E], finite, or None.
        labels: named columns of N entries that no model sees (classes, anomaly types).
        provenance: where it comes from, in words and numbers.
        columns: what the numbers of x and k are.
        unit: of every coordinate, e.g. kW for curves; '' where it has none or they differ.

    >>> VectorSet("two", np.zeros((2, 3))).dim
    3
    """

    name: str
    x: NDArray[np.float32]
    k: NDArray[np.float32] | None = None
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    columns: VectorColumns = field(default_factory=VectorColumns)
    unit: str = ""

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or 0 in self.x.shape:
            raise DataError(
                f"{self.name}: vectors come as a table of N rows and D columns, not {self.x.shape}."
            )
        object.__setattr__(self, "x", np.ascontiguousarray(self.x, np.float32))
        if self.k is not None:
            object.__setattr__(self, "k", np.ascontiguousarray(self.k, np.float32))
        self._check()

    def _check(self) -> None:
        for numbers in (self.x, self.k):
            if numbers is not None and not np.isfinite(numbers).all():
                row = int(np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(1))[0])
                raise DataError(
                    f"{self.name}: row {row} holds a value that is no number; leave it out."
                )
        if self.k is not None and (self.k.ndim != 2 or len(self.k) != len(self)):
            raise DataError(f"{self.name}: conditions {self.k.shape} do not fit {len(self)} rows.")
        self.columns.check(self.dim, self.condition_dim)
        for label, column in self.labels.items():
            if len(column) != len(self):
                raise DataError(f"{self.name}: label '{label}' has {len(column)} entries.")

    def __len__(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        """D."""
        return int(self.x.shape[1])

    @property
    def condition_dim(self) -> int:
        """E, 0 without conditions."""
        return 0 if self.k is None else self.k.shape[1]

    def rows(self, index: NDArray[Any]) -> VectorSet:
        """The set of these rows (numbers or a mask), in this order."""
        k = None if self.k is None else self.k[index]
        labels = {name: column[index] for name, column in self.labels.items()}
        return replace(self, x=self.x[index], k=k, labels=labels)

    def scaled(self, centre: NDArray[np.floating], scale: NDArray[np.floating]) -> VectorSet:
        """The same rows with every coordinate in multiples of its scale, from its centre, [D]."""
        columns = replace(self.columns, centre=tuple(centre.tolist()), scale=tuple(scale.tolist()))
        return replace(self, x=(self.x - centre) / scale, columns=columns)

    def split(self, heldout_share: float, seed: int) -> tuple[VectorSet, VectorSet]:
        """Training and held-out rows, shuffled by `seed`; one row at least on each side."""
        if len(self) < 2:
            raise DataError(f"{self.name}: one row can not be split; add more rows.")
        order = np.random.default_rng(seed).permutation(len(self))
        held = min(max(1, round(heldout_share * len(self))), len(self) - 1)
        return self.rows(order[held:]), self.rows(order[:held])

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "name": self.name,
            "x": self.x,
            "k": self.k,
            "labels": {name: _leaf(column) for name, column in self.labels.items()},
            "provenance": dict(self.provenance),
            "columns": self.columns.to_tree(),
            "unit": self.unit,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> VectorSet:
        """The set a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, "vectors")
        labels = view.child("labels")
        return cls(
            name=view.text("name"),
            x=view.array("x", (None, None)),
            k=None if tree.get("k") is None else view.array("k", (None, None)),
            labels={name: _column(labels, name) for name in labels.names},
            provenance=dict(view.child("provenance").tree),
            columns=VectorColumns.from_tree(view.child("columns").tree),
            unit=view.text("unit"),
        )


def read_points(path: Path) -> VectorSet:
    """Points from a text file: one point a row, columns by comma, semicolon, tab or blank.

    A first row of names is skipped.

    Raises:
        DataError: the file cannot be read, or a row has another number of columns.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read as text: {error}.") from None
    rows = [
        (number, _cells(line))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if rows and not _is_numbers(rows[0][1]):
        rows = rows[1:]
    if not rows:
        raise DataError(f"{path.name} holds no points; give one point a row, e.g. 0.5, -1.2.")
    x = np.array([_row(path.name, number, cells, len(rows[0][1])) for number, cells in rows])
    return VectorSet(path.stem, x.astype(np.float32), provenance={"source": path.name})


def _cells(line: str) -> list[str]:
    for mark in (";", "\t", ","):
        if mark in line:
            return [cell.strip() for cell in line.split(mark)]
    return line.split()


def _is_numbers(cells: list[str]) -> bool:
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return False
    return True


def _row(name: str, number: int, cells: list[str], width: int) -> list[float]:
    if len(cells) != width or not _is_numbers(cells):
        raise DataError(f"{name}, row {number}: expected {width} numbers, found {cells!r}.")
    return [float(cell) for cell in cells]


def _leaf(column: NDArray[Any]) -> Any:
    return [str(entry) for entry in column] if column.dtype.kind in "UO" else column


def _column(labels: TreeView, name: str) -> NDArray[Any]:
    if isinstance(labels.tree[name], list | tuple):
        return np.array(labels.strings(name))
    return labels.array(name, (None,))
