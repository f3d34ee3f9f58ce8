"""Weeks of households as vectors in which faults can be seen: against each household's own past."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.units import WEEK
from lvm_studio.data.vectors.conditions import Condition, VectorColumns, places
from lvm_studio.data.vectors.own_days import Days, OwnDays
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.sources import FEWEST_WEEKS
from lvm_studio.data.vectors.week_conditions import week_conditions
from lvm_studio.data.vectors.week_descriptors import (
    CLASSES,
    FLOOR_KW,
    GROUPS,
    NAMES,
    RELATIVE,
    described,
    log_days,
)

LEAST_WEEKS: Final = 5
WORTH_WEEKS: Final = 40.0
"""The common spread counts as so many weeks of a household's own record."""
WEEKS: Final = "weeks of "
LEVELS = np.linspace(-3.0, 3.0, 25)
OWN: Final = ("own energy", "own peak", "spread of energy", "spread of peak")
"""What is told of a household's own past: means and log spreads of log powers."""
CONDITIONS: Final = ("temperature", "season", *OWN)


@dataclass(frozen=True, eq=False)
class WeekRows:
    """N weeks of households: curves [N, 336] in kW, and of whom and when (positions in the set)."""

    curves: NDArray[np.float32]
    household: NDArray[np.int64]
    week: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.curves)

    def of(self, index: NDArray[np.int64]) -> WeekRows:
        """Some of the rows."""
        return WeekRows(self.curves[index], self.household[index], self.week[index])

    def with_curves(self, curves: NDArray[np.float32]) -> WeekRows:
        """The same weeks, read otherwise."""
        return replace(self, curves=curves)


@dataclass(frozen=True, eq=False)
class WeekVectors:
    """From weeks to vectors x [N, D] of about standard normal coordinates, and conditions k.

    A coordinate is a descriptor of the week (`week_descriptors.NAMES`) minus what the household
    itself shows in its training weeks, in units of its own spread, and then bent to a normal law
    over all training rows. A training week is left out of its own past, so that weeks that were
    trained on look like those that were not.

    Args:
        households: H households over N weeks.
        train_weeks: [N].
        days: what half-hours and days of each household are like.
        past: [H, N, D] descriptors of its training weeks, 0 elsewhere.
        total, square: [H, D] sums of these and of their squares.
        common: [D] mean variance of a descriptor within a household.
        bends: [levels, D] quantiles at `LEVELS` of the standardised descriptors.
        told: what k says.
    """

    households: HouseholdSet
    train_weeks: NDArray[np.bool_]
    days: OwnDays
    past: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]
    common: NDArray[np.float64]
    bends: NDArray[np.float64]
    told: tuple[str, ...] = CONDITIONS

    @classmethod
    def fit(cls, households: HouseholdSet, told: tuple[str, ...] = CONDITIONS) -> WeekVectors:
        """Learn every household's past, and what is usual, from the training weeks.

        `told` names what k says: of `OWN`, and of what `week_conditions.tellable` lists.

        Raises:
            DataError: too few complete weeks.
        """
        weeks, split = households.weeks, households.split
        train = np.zeros(len(weeks.ids), np.bool_)
        train[weeks.indices(split.train_weeks)] = True
        rows = rows_of(households, np.arange(len(households.household_ids)), np.flatnonzero(train))
        if len(rows) < FEWEST_WEEKS:
            raise DataError(
                f"{households.name} has {len(rows)} complete training weeks of households; "
                f"anomalies need {FEWEST_WEEKS} at least: "
                "bring readings of more weeks or households."
            )
        who, size = rows.household, len(households.household_ids)
        own = OwnDays.of(Days(log_days(rows.curves)), who, size)
        blank = np.zeros((len(LEVELS), len(NAMES)))
        past = np.zeros((size, len(train), len(NAMES)))
        nothing = past[:, 0], past[:, 0], past[0, 0], blank
        codec = cls(households, train, own, past, *nothing, told)
        raw = past[who, rows.week] = codec._raw(rows)
        codec = replace(codec, total=_sums(raw, who, size), square=_sums(raw**2, who, size))
        sound = np.isin(who, households.indices(split.train_households)) & codec.known[who]
        kept = rows.of(np.flatnonzero(sound))
        codec = replace(codec, common=np.maximum(codec._moments(kept)[1].mean(0), 1e-8))
        return replace(codec, bends=_quantiles(codec._standard(kept)))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Households [H] with enough of a past to be judged by."""
        return self.days.count >= LEAST_WEEKS

    def vectors(self, rows: WeekRows) -> VectorSet:
        """The rows as vectors, labelled with household and week."""
        ids = np.array(self.households.household_ids)[rows.household]
        weeks = np.array(self.households.weeks.ids)[rows.week]
        k, conditions = self._conditions(rows)
        return VectorSet(
            weeks_named(self.households),
            _bent(self._standard(rows), self.bends).astype(np.float32),
            k,
            {"household": ids, "week": weeks},
            columns=VectorColumns(NAMES, conditions=conditions),
        )

    def band(
        self, rows: WeekRows, expected: NDArray[np.float64], stddev: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Expected curves [3, N, 336] in kW: low, middle, high, two standard deviations apart.

        They have one value every two hours: the geometric mean that the model expects.
        """
        blocks = GROUPS["block"]
        mean, spread = self._own(rows)
        levels = (expected - 2 * stddev, expected, expected + 2 * stddev)
        standard = np.stack([_unbent(level, self.bends) for level in levels])
        logs = (mean + spread * standard)[..., blocks]
        power = np.maximum(np.exp(np.minimum(logs, 7.0)) - FLOOR_KW, 0.0)
        return np.asarray(np.repeat(power, WEEK // (blocks.stop - blocks.start), axis=-1))

    def _standard(self, rows: WeekRows) -> NDArray[np.float64]:
        raw, (mean, spread) = self._raw(rows), self._own(rows)
        return np.asarray((raw - mean) / spread)

    def _raw(self, rows: WeekRows) -> NDArray[np.float64]:
        days, recorded = (Days(log_days(c)) for c in (rows.curves, self._recorded(rows)))
        inside = self._inside(rows)[:, 0]
        against = self.days.against(days, rows.household, recorded, inside)
        return np.concatenate([described(rows.curves), against], axis=1)

    def _inside(self, rows: WeekRows) -> NDArray[np.float64]:
        """1 for weeks that are part of the past they are compared with, [N, 1]."""
        return self.train_weeks[rows.week].astype(float)[:, None]

    def _recorded(self, rows: WeekRows) -> NDArray[np.float32]:
        return self.households.weeks.power_kw[rows.household, rows.week]

    def _own(self, rows: WeekRows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and spread of every descriptor in the household's past without this week, [N, D]."""
        mean, variance, count = self._moments(rows)
        shrunk = (variance * count + self.common * WORTH_WEEKS) / (count + WORTH_WEEKS)
        return np.where(RELATIVE, 0.0, mean), np.where(RELATIVE, 1.0, np.sqrt(shrunk))

    def _moments(
        self, rows: WeekRows
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance [N, D] over so many weeks [N, 1] of the past without this week."""
        inside, who = self._inside(rows), rows.household
        recorded = self.past[who, rows.week]
        count = np.maximum(self.days.count[who][:, None] - inside, 1)
        mean = (self.total[who] - inside * recorded) / count @ CLASSES
        square = (self.square[who] - inside * recorded**2) / count @ CLASSES
        return mean, np.maximum(square - mean**2, 0.0), count

    def _conditions(self, rows: WeekRows) -> tuple[NDArray[np.float32], tuple[Condition, ...]]:
        others = tuple(name for name in self.told if name not in OWN)
        known, conditions = week_conditions(self.households, others, rows.household, rows.week)
        of_name = dict(zip(others, zip(conditions, places(conditions), strict=True), strict=True))
        mean, spread = self._own(rows)
        of_week = [NAMES.index("energy of the week"), NAMES.index("highest half-hour of the week")]
        own = np.concatenate([mean[:, of_week], np.log(spread[:, of_week])], axis=1)
        parts, told = [own[:, :0]], []
        for name in self.told:
            if name in OWN:
                place = OWN.index(name)
                parts.append(own[:, place : place + 1])
                told.append(Condition(name))
            else:
                condition, where = of_name[name]
                parts.append(known[:, where])
                told.append(condition)
        return np.concatenate(parts, axis=1).astype(np.float32), tuple(told)


def weeks_named(households: HouseholdSet) -> str:
    """What the vectors of a household set are called; their models remember it."""
    return f"{WEEKS}{households.name}"


def rows_of(households: HouseholdSet, who: NDArray[np.int64], weeks: NDArray[np.int64]) -> WeekRows:
    """All complete weeks of these households among these weeks."""
    grid_h, grid_w = np.meshgrid(who, weeks, indexing="ij")
    whole = households.weeks.complete[grid_h, grid_w]
    h, w = grid_h[whole], grid_w[whole]
    return WeekRows(households.weeks.power_kw[h, w], h, w)


def _sums(values: NDArray[np.float64], who: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    sums = np.zeros((size, values.shape[1]))
    np.add.at(sums, who, values)
    return sums


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import norm

    quantiles = np.quantile(values, norm.cdf(LEVELS), axis=0)
    rising = quantiles + 1e-4 * np.arange(len(LEVELS))[:, None]
    return np.asarray(rising)


def _bent(values: NDArray[np.float64], bends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal scores; beyond the outermost levels along the mean slope of that side."""
    columns = [_bend(values[:, d], bends[:, d]) for d in range(values.shape[1])]
    return np.stack(columns, axis=1)


def _bend(values: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    half = len(LEVELS) // 2
    up, down = (knots[-1] - knots[half]) / LEVELS[-1], (knots[half] - knots[0]) / LEVELS[-1]
    inner = np.interp(values, knots, LEVELS)
    above = LEVELS[-1] + (values - knots[-1]) / up
    below = LEVELS[0] + (values - knots[0]) / down
    return np.where(values > knots[-1], above, np.where(values < knots[0], below, inner))


def _unbent(levels: NDArray[np.float64], bends: NDArray[np.float64]) -> NDArray[np.float64]:
    half = len(LEVELS) // 2
    up, down = (bends[-1] - bends[half]) / LEVELS[-1], (bends[half] - bends[0]) / LEVELS[-1]
    inner = np.stack(
        [np.interp(levels[:, d], LEVELS, bends[:, d]) for d in range(levels.shape[1])], axis=1
    )
    above, below = bends[-1] + (levels - LEVELS[-1]) * up, bends[0] + (levels - LEVELS[0]) * down
    return np.where(levels > LEVELS[-1], above, np.where(levels < LEVELS[0], below, inner))
