"""Real against real: households of like labels in two halves, and sums of twins from both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints, WeekRecords, log_uniform
from lvm_studio.data.errors import DataError

LEAST_HOUSEHOLDS = 4
"""Fewer cannot be split into halves that are sums."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """M pairs of disjoint sets of k households in the same week, from the two halves of a split.

    `first` and `second` are the rows of the households, twin beside twin; `real` and `other`
    [M, T] their measured sums in kW. `split` and `week` (a row of the records) [M] say where a
    pair comes from.
    """

    split: Ints
    week: Ints
    k: Ints
    first: tuple[Ints, ...]
    second: tuple[Ints, ...]
    real: NDArray[np.float64]
    other: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.k)

    def at(self, rows: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        chosen = np.flatnonzero(rows)
        return Pairs(
            split=self.split[rows],
            week=self.week[rows],
            k=self.k[rows],
            first=tuple(self.first[i] for i in chosen),
            second=tuple(self.second[i] for i in chosen),
            real=self.real[rows],
            other=self.other[rows],
        )


def draw_pairs(
    records: WeekRecords,
    households: Ints,
    weeks: Ints,
    *,
    splits: int,
    k_ranges: Sequence[tuple[int, int]],
    seed: int,
) -> Pairs:
    """One pair for each split, week and range of K (log-uniform, inclusive).

    Households are paired with the one of most similar labels that is still free, and a coin
    decides which half each twin goes to: the halves differ as two samples of households with the
    same labels do. A split is drawn once and serves all weeks. K is cut to the number of twins
    that are both complete in the week; a week without any such twins has no pair of that split.

    Raises:
        DataError: fewer than four households, or fewer than two weeks with complete twins.
    """
    if len(households) < LEAST_HOUSEHOLDS:
        raise DataError(
            f"A real-against-real split needs {LEAST_HOUSEHOLDS} households that can be judged; "
            f"there are {len(households)}."
        )
    rng = np.random.default_rng(seed)
    rows = [
        (split, int(week), *_draw(complete, k_range, rng))
        for split in range(splits)
        for both in [twins(records.labels, households, rng)]
        for week in weeks
        for complete in [both[records.complete[both, week].all(axis=1)]]
        if len(complete)
        for k_range in k_ranges
    ]
    if len({week for _, week, *_ in rows}) < 2:
        raise DataError(
            "Fewer than two held-out weeks have households that are complete; "
            "bring readings with fewer gaps, or of more weeks."
        )
    split, week, first, second = zip(*rows, strict=True)
    return Pairs(
        split=np.array(split),
        week=np.array(week),
        k=np.array([len(one) for one in first]),
        first=first,
        second=second,
        real=sums(records, first, week),
        other=sums(records, second, week),
    )


def twins(labels: NDArray[np.floating], households: Ints, rng: np.random.Generator) -> Ints:
    """Pairs [H // 2, 2] of households with similar labels [.., F], in random order of both.

    Each household in turn, at random, takes the nearest of those still free.

    >>> label = np.array([[0.0], [5.0], [0.1], [5.1]])
    >>> sorted(map(sorted, twins(label, np.arange(4), np.random.default_rng(0)).tolist()))
    [[0, 2], [1, 3]]
    """
    free = rng.permutation(households)
    found = []
    while len(free) > 1:
        one, free = free[0], free[1:]
        nearest = int(((labels[free] - labels[one]) ** 2).sum(axis=1).argmin())
        found.append((one, free[nearest]))
        free = np.delete(free, nearest)
    return rng.permuted(np.array(found), axis=1)


def _draw(complete: Ints, k_range: tuple[int, int], rng: np.random.Generator) -> tuple[Ints, Ints]:
    chosen = rng.choice(complete, min(log_uniform(k_range, rng), len(complete)), replace=False)
    return chosen[:, 0], chosen[:, 1]


def sums(records: WeekRecords, sets: Sequence[Ints], weeks: Iterable[int]) -> NDArray[np.float64]:
    """Measured sums [M, T], kW, of sets of households [M], each in its week."""
    return np.stack(
        [
            records.power_kw[rows, week].sum(axis=0, dtype=np.float64)
            for rows, week in zip(sets, weeks, strict=True)
        ]
    )


def draw_ladder(
    records: WeekRecords,
    households: Ints,
    weeks: Ints,
    sizes: Sequence[int],
    *,
    splits: int,
    each: int,
    seed: int,
) -> Pairs:
    """`each` pairs of exactly n households for each split and week that have complete twins, for
    every n in `sizes` that both halves have complete in all of these.
    """
    ranges = [(n, n) for n in sizes if n <= max(1, len(households) // 2)] * each
    pairs = draw_pairs(records, households, weeks, splits=splits, k_ranges=ranges, seed=seed)
    wanted = len(set(zip(pairs.split.tolist(), pairs.week.tolist(), strict=True))) * each
    whole = [n for n in sizes if (pairs.k == n).sum() >= wanted]
    return pairs.at(np.isin(pairs.k, whole))
