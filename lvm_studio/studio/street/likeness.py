""" "Add n households like these": drawn from a filtered list, or the nearest of one household."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet


def draw_like(dataset: HouseholdSet, ids: Sequence[str], n: int, seed: int) -> dict[str, int]:
    """Return how many to add of each household, n in all.

    Several `ids`: drawn from them without replacement, and again from all once each has been
    taken. One id: the n households with the nearest labels, itself first.

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
    """Return all rows by distance from `row` in the space of labels, itself first.

    Households that are suspect come last.
    """
    labels = LabelEncoder.fit(dataset).encode(dataset)
    distance = np.square(labels - labels[row]).sum(axis=1)
    distance[dataset.metadata["suspect"] != ""] = np.inf
    distance[row] = -1.0
    return [int(index) for index in np.argsort(distance, kind="stable")]


def _shuffled(rows: list[int], seed: int) -> list[int]:
    return [int(row) for row in np.random.default_rng(seed).permutation(rows)]
