"""How sure is "1 in N"? Real households and weeks drawn again, and all sums formed anew."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import result_of
from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.extremes import OneInN, with_bootstrap

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BandSpec:
    """Sums formed of each draw of households and weeks, and how many such draws."""

    sums: int = 12_000
    resamples: int = 30
    seed: int = 0


def real_one_in_n(
    households: HouseholdSet, k: int, criterion: Criterion, n: float, spec: BandSpec | None = None
) -> OneInN:
    """The three figures of real sums of k households, with household-and-week bands of 95 %.

    Raises:
        DataError: there is no such household or week.
    """
    real = result_of(real_sums(households, k, criterion, spec))
    return with_bootstrap(real.f, n, real.resampled)


@dataclass(frozen=True, eq=False)
class RealSums:
    """f of real sums [m], and of the sums of each resample of households and weeks, [m'] each."""

    f: Array
    resampled: tuple[Array, ...]


def real_sums(
    households: HouseholdSet, k: int, criterion: Criterion, spec: BandSpec | None = None
) -> Generator[None, None, RealSums]:
    """The sums of k households; pauses after each week formed (milliseconds).

    Of the training weeks and households that are not suspect. Sums share households and weeks,
    so that both are drawn with replacement (their number stays), and sums formed of what was
    drawn: k different ones where as many were metered that week, else with repetition. A sum of
    different ones never holds one twice, as no real one does.

    Raises:
        DataError: there is no such household or week.
    """
    spec = spec or BandSpec()
    weeks, split = households.weeks, households.split
    rows = np.array([households.index(name) for name in split.train_households], dtype=np.int64)
    columns = np.array([weeks.index(week) for week in split.train_weeks], dtype=np.int64)
    if not len(rows) or not len(columns):
        raise DataError(f"{households.name} has no training weeks or households to draw again.")
    rng = np.random.default_rng(spec.seed)
    here = yield from _scores(households, rows, columns, k, criterion, spec.sums, rng)
    again = []
    for _ in range(spec.resamples):
        drawn = rng.choice(rows, len(rows)), rng.choice(columns, len(columns))
        formed = yield from _scores(households, *drawn, k, criterion, spec.sums, rng)
        again.append(formed)
    return RealSums(here, tuple(again))


def _scores(
    households: HouseholdSet,
    rows: Ints,
    columns: Ints,
    k: int,
    criterion: Criterion,
    sums: int,
    rng: np.random.Generator,
) -> Generator[None, None, Array]:
    """f of sums of k of these households, as many in each of these weeks."""
    weeks = households.weeks
    each = -(-sums // len(columns))
    found = []
    for column in columns:
        present = rows[weeks.complete[rows, column]]
        if not len(present):
            continue
        own, slot = np.unique(present, return_inverse=True)
        counts = picked_counts(slot, len(own), each, k, rng)
        curves = counts @ weeks.power_kw[own, column]
        found.append(criterion(torch.from_numpy(curves)).double().numpy())
        yield None
    if not found:
        raise DataError(f"No household of {households.name} was metered in the weeks drawn.")
    return np.concatenate(found)


def picked_counts(
    slot: Ints, households: int, n: int, k: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """How often each household is in each of n sums of k, [n, households].

    slot: the household (0 to households - 1) of each that was drawn; one may have come repeatedly.
    Sums are of k different ones where there are as many, else with repetition.

    >>> picked_counts(np.arange(3), 3, 2, 3, np.random.default_rng(0)).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    times = np.bincount(slot, minlength=households)
    if k <= households:
        # Efraimidis & Spirakis: the k highest of uniform^(1/times) are k different ones, drawn in
        # proportion to how often they are there.
        chance = rng.random((n, households)) ** (1.0 / times)
        picked = np.argpartition(-chance, k - 1, axis=1)[:, :k]
    else:
        picked = slot[rng.integers(len(slot), size=(n, k))]
    counts = np.zeros((n, households), dtype=np.float32)
    np.add.at(counts, (np.arange(n)[:, None], picked), 1.0)
    return counts
