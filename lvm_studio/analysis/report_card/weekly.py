"""Likeness of a week and the one after it: the autocorrelation at a lag that no week has.

The same households in week t and week t + 1: measured, generated from their labels with each
week's weather, and measured in as many households of the other half.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints
from lvm_studio.analysis.report_card.card import Finding
from lvm_studio.analysis.report_card.comparison import Measured, Rows, jackknife
from lvm_studio.analysis.report_card.distances import relative
from lvm_studio.analysis.report_card.findings import finding
from lvm_studio.analysis.report_card.generating import generate
from lvm_studio.analysis.report_card.pairs import LEAST_HOUSEHOLDS, Pairs, draw_pairs, sums
from lvm_studio.analysis.report_card.trial import Trial
from lvm_studio.data.calendar import week_start
from lvm_studio.data.errors import DataError
from lvm_studio.data.units import WEEK_SPAN

Array = NDArray[np.float64]
PAIRS_A_WEEK = 3
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class TwoWeeks:
    """Pairs of sets of households and the week after each pair's week [M]."""

    pairs: Pairs
    after: Ints


def following(week_ids: tuple[str, ...]) -> Ints:
    """Of each week [N] the place of the one after it; −1 where it is not among them.

    >>> following(("2012-W52", "2013-W01", "2013-W03")).tolist()
    [1, -1, -1]
    """
    starts = {week_start(name): place for place, name in enumerate(week_ids)}
    return np.array([starts.get(week_start(name) + WEEK_SPAN, -1) for name in week_ids])


def draw_two_weeks(
    trial: Trial, k_range: tuple[int, int], *, splits: int, seed: int
) -> TwoWeeks | None:
    """Sums of households that are complete in a held-out week and in the one after it.

    None where fewer than two held-out weeks have one, or too few households are complete in both.
    The week after may be one that was trained on: how alike two weeks are is not learned.
    """
    after = following(trial.records.week_ids)
    both = trial.records.complete & trial.records.complete[:, after] & (after >= 0)
    enough = both[trial.households].sum(axis=0) >= LEAST_HOUSEHOLDS
    weeks = np.array([week for week in trial.heldout_weeks if enough[week]], np.int64)
    if len(weeks) < 2:
        return None
    try:
        pairs = draw_pairs(
            replace(trial.records, complete=both),
            trial.households,
            weeks,
            splits=splits,
            k_ranges=[k_range] * PAIRS_A_WEEK,
            seed=seed,
        )
    except DataError:  # households enough, but hardly two of like labels among them
        return None
    return TwoWeeks(pairs, after[pairs.week])


def weekly_likeness(trial: Trial, two: TwoWeeks | None, seed: int) -> Generator[int, None, Finding]:
    """The finding; yields how many curves are generated. Without two weeks it cannot be told."""
    if two is None:
        unknown = Measured(math.nan, math.nan, math.nan)
        return finding("lag336", unknown, math.nan, math.nan)
    pairs, count = two.pairs, len(two.pairs)
    steps = generate(trial, pairs.first * 2, np.concatenate([pairs.week, two.after]), seed)
    curves = yield from steps
    real = likeness(pairs.real, sums(trial.records, pairs.first, two.after))
    other = likeness(pairs.other, sums(trial.records, pairs.second, two.after))
    generated = likeness(curves[:count], curves[count:])

    def off(judged: Array, rows: Rows) -> float:
        chosen = [rows & (pairs.split == split) for split in np.unique(pairs.split)]
        return float(np.mean([relative(judged[one].mean(), real[one].mean()) for one in chosen]))

    everything = np.ones(count, np.bool_)
    measured = Measured(
        distance=off(generated, everything),
        se=jackknife(lambda rows: off(generated, rows), pairs.week),
        floor=off(other, everything),
    )
    return finding("lag336", measured, float(generated.mean()), float(real.mean()))


def likeness(first: Array, second: Array) -> Array:
    """Correlation [M] of curves [M, T] with those of a week later.

    >>> likeness(np.array([[0.0, 1.0, 2.0]]), np.array([[5.0, 7.0, 9.0]])).round(6).tolist()
    [1.0]
    """
    one = first - first.mean(axis=1, keepdims=True)
    two = second - second.mean(axis=1, keepdims=True)
    size = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    correlation: Array = (one * two).sum(axis=1) / (size + _TINY)
    return correlation
