"""What is said of anomalies: rows with their scores, from the most to the least unusual."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.sets import VectorSet

if TYPE_CHECKING:
    from lvm_studio.analysis.anomalies.fault_library import FaultLibrary

COLUMNS = ("rank", "name", "a", "b", "quarter", "type", "guilty", "when", "looks_like")


@dataclass(frozen=True, eq=False)
class Findings:
    """Scores of N vectors and what made them, in the order of the data.

    Args:
        title: what was looked at.
        names: how people call each row.
        a, b: scores of type A (Eq. 8.3) and of type B (nats), [N].
        quarter: 'usual', 'type A', 'type B' or 'both types', [N].
        type: the type by which each stands out most, [N].
        margin: how rare its rarest score is among clean rows, in nats, [N].
        guilty: coordinates or dimensions in words, N texts.
        when: the guilty half-hours in words, N texts; empty for tables.
        looks_like: the known fault that is likelier than none, with its chance, N texts; empty for
            tables.
        marked: those half-hours or coordinates, [N, T].
        values: what is drawn: curves in kW or the vectors themselves, [N, T].
        band: low, middle and high of what the model expects, [3, N, T].
        limit_a, limit_b, percentile: the thresholds and the percentile of clean rows they are.
        axis: 'kW' for weeks, else 'value'.
        model: the plain form of the model that measured; `fresh`: it was fitted by this search.
        notes: what to know of it, in sentences.
        columns: of a table, the names of what is drawn, T texts.
        rows: of a table, what the model may be looked at with: a sample of its rows, in the units
            of the model, with the label 'held out'.
        library: for weeks, what known faults look like; it serves the next search of the same data.
    """

    title: str
    names: tuple[str, ...]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    quarter: NDArray[np.str_]
    type: NDArray[np.str_]
    margin: NDArray[np.float64]
    guilty: tuple[str, ...]
    when: tuple[str, ...]
    looks_like: tuple[str, ...]
    marked: NDArray[np.bool_]
    values: NDArray[np.float32]
    band: NDArray[np.float32]
    limit_a: float
    limit_b: float
    percentile: float
    axis: str
    model: Tree
    notes: tuple[str, ...]
    fresh: bool = True
    columns: tuple[str, ...] = ()
    rows: VectorSet | None = None
    library: FaultLibrary | None = None

    @property
    def order(self) -> NDArray[np.int64]:
        """Rows from the most to the least unusual, [N]."""
        return np.argsort(-self.margin, kind="stable")

    def record(self, rank: int) -> dict[str, Any]:
        """One row of the ranked table, `rank` from 0."""
        row = int(self.order[rank])
        return {
            "rank": rank + 1,
            "name": self.names[row],
            "a": round(float(self.a[row]), 4),
            "b": round(float(self.b[row]), 4),
            "quarter": str(self.quarter[row]),
            "type": str(self.type[row]),
            "guilty": self.guilty[row],
            "when": self.when[row],
            "looks_like": self.looks_like[row],
        }

    def write_csv(self, path: Path) -> None:
        """The ranked table.

        Raises:
            DataError: the file cannot be written.
        """
        try:
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self.record(rank) for rank in range(len(self.names)))
        except OSError as error:
            raise DataError(f"{path} could not be written: {error.strerror}.") from error
