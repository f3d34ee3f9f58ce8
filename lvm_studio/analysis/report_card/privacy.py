"""Are generated weeks copies? Their nearest training week, beside that of fresh real weeks."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints, WeekRecords
from lvm_studio.analysis.report_card.comparison import Measured, Rows, jackknife
from lvm_studio.analysis.report_card.generating import generate
from lvm_studio.analysis.report_card.pairs import Pairs
from lvm_studio.analysis.report_card.trial import Trial

Array = NDArray[np.float64]

MOST_ALONE = 2000
"""Weeks of single households that are generated, spread evenly over all there are."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """Distances [M] to the nearest training week: of a generated week, of the measured week that
    it stands for, and of another held-out week measured in the same households.
    """

    week: Ints
    generated: Array
    real: Array
    again: Array

    def measure(self) -> Measured:
        """Share of generated weeks nearer to training than the measured one; 1/2 if alike.

        nan where there are no weeks to compare.
        """
        if len(self.week) == 0:
            return Measured(math.nan, math.nan, math.nan)
        nearer = self.generated < self.real

        def share(rows: Rows) -> float:
            return float(nearer[rows].mean())

        return Measured(
            distance=float(nearer.mean()),
            se=jackknife(share, self.week),
            floor=max(0.5, float((self.again < self.real).mean())),
        )


def nearest_sums(trial: Trial, pairs: Pairs, generated: Array, most: int) -> Nearest:
    """For up to `most` pairs: training weeks of the same households, as kW per household.

    A household incomplete in a training week is left out of that week's mean; a week in which
    none is complete is no week of theirs.
    """
    records = trial.records
    judged, found = [], []
    for row in np.linspace(0, len(pairs) - 1, min(most, len(pairs))).astype(int):
        rows, week = pairs.first[row], pairs.week[row]
        train = _measured_weeks(records, rows, trial.train_weeks)
        if len(train) == 0:
            continue
        there = _measured_weeks(records, rows, trial.heldout_weeks)
        place = int(np.flatnonzero(there == week)[0])
        fresh = _means(records, rows, there[[place, (place + 1) % len(there)]])
        curves = np.concatenate([generated[row][None] / pairs.k[row], fresh])
        judged.append(week)
        found.append(distances(curves, _means(records, rows, train)).min(axis=1))
    return Nearest(np.array(judged, dtype=np.int64), *np.array(found).reshape(-1, 3).T)


def nearest_households(trial: Trial, seed: int) -> Generator[int, None, Nearest]:
    """Training households alone in held-out weeks; all training weeks of all of them.

    Each household in each week, up to `MOST_ALONE` of these.
    """
    records, weeks = trial.records, trial.heldout_weeks
    again = np.roll(weeks, -1)
    complete = records.complete
    who = [
        (row, week, next_week)
        for row in trial.households
        for week, next_week in zip(weeks, again, strict=True)
        if complete[row, week] and complete[row, next_week]
    ]
    if not who:
        return Nearest(np.zeros(0, dtype=np.int64), *np.zeros((3, 0)))
    spread = np.linspace(0, len(who) - 1, min(len(who), MOST_ALONE)).round().astype(np.int64)
    row, week, next_week = np.array(who)[spread].T
    drawn = yield from generate(trial, [np.array([one]) for one in row], week, seed)
    judged = (drawn, records.power_kw[row, week], records.power_kw[row, next_week])
    return Nearest(week, *_to_nearest_household(trial, np.stack(judged)))


def _to_nearest_household(trial: Trial, judged: Array) -> Array:
    """Distances [3, N] of curves [3, N, T] to the nearest training week of any one household.

    Household by household: a set may have so many weeks that no matrix of all would fit.
    """
    nearest = np.full(judged.shape[:2], np.inf)
    flat = judged.reshape(-1, judged.shape[-1])
    for row in trial.households:
        own = trial.train_weeks[trial.records.complete[row, trial.train_weeks]]
        if len(own):
            found = distances(flat, trial.records.power_kw[row, own]).min(axis=1)
            nearest = np.minimum(nearest, found.reshape(nearest.shape))
    return nearest


def distances(first: NDArray[np.floating], second: NDArray[np.floating]) -> Array:
    """Euclidean distances [N, M] of curves [N, T] and [M, T]."""
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    squared = (one**2).sum(1)[:, None] + (two**2).sum(1) - 2.0 * one @ two.T
    return np.asarray(np.sqrt(np.clip(squared, 0.0, None)))


def _measured_weeks(records: WeekRecords, rows: Ints, weeks: Ints) -> Ints:
    """Those of the weeks in which at least one of the households is complete."""
    return weeks[records.complete[np.ix_(rows, weeks)].any(axis=0)]


def _means(records: WeekRecords, rows: Ints, weeks: Ints) -> Array:
    """Mean curves [N, T] of those of the households that are complete in each of the weeks."""
    complete = records.complete[np.ix_(rows, weeks)]
    sums = np.einsum("hn,hnt->nt", complete, records.power_kw[np.ix_(rows, weeks)])
    return np.asarray(sums / complete.sum(axis=0)[:, None], dtype=np.float64)
