""" "Add n households like these": drawn from a filtered list, or the nearest of one household."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet


def draw_like(dataset: HouseholdSet, ids: Sequence[str], n: int, seed: int) -> dict[str, int]:
    """Return how many to add of each household, n in all.

    Several `ids`: drawn from them without replacement, and again from all once each has been
    taken. One id: the n households nearest in metadata, the household itself first.

    Raises:
        DataError: no household given, an unknown one, or n < 1.
    """
    if n < 1:
        raise DataError(f"Cannot add {n} households; give a number of at least 1.")
    if not ids:
        raise DataError("No household is selected or left by the filter; nothing to add.")
    rows = [dataset.index(household_id) for household_id in ids]
    pool = nearest(dataset, rows[0]) if len(rows) == 1 else _shuffled(rows, seed)
    drawn = Counter(pool[i % len(pool)] for i in range(n))
    return {dataset.household_ids[row]: times for row, times in drawn.items()}


def nearest(dataset: HouseholdSet, row: int) -> list[int]:
    """Return all rows by distance in metadata from `row`, itself first.

    Numeric columns count by standard deviations, text columns 1 where they differ; households
    that are suspect come last.
    """
    distance = np.zeros(len(dataset.household_ids))
    for name, column in dataset.metadata.items():
        if name != "suspect":
            distance += _column_distance(column, row)
    suspect = dataset.metadata["suspect"] != ""
    distance = np.where(suspect, np.inf, distance)
    distance[row] = -1.0
    return [int(index) for index in np.argsort(distance, kind="stable")]


def _column_distance(column: NDArray[np.generic], row: int) -> NDArray[np.float64]:
    """Return squared distances [H] in one column; unknown values are at distance 0."""
    if column.dtype.kind not in "fiu":
        return np.asarray(column != column[row], dtype=np.float64)
    values = column.astype(np.float64)
    if not np.isfinite(values[row]):
        return np.zeros(len(values))
    scale = np.nanstd(values)
    distance = ((values - values[row]) / scale) ** 2 if scale > 0 else np.zeros(len(values))
    return np.asarray(np.nan_to_num(distance, nan=0.0))


def _shuffled(rows: list[int], seed: int) -> list[int]:
    return [int(row) for row in np.random.default_rng(seed).permutation(rows)]
