"""Labels: what a model is told about a household, as one vector of standardised numbers.

Statistics are computed on the training weeks of the set only, for every household, so that
nothing of a held-out week can reach a model through a label. Many are additive powers in kW
(by time of day, per degree): their sum over a composition already says much about its curve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.calendar import utc_offset_hours
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.units import DAY, HEATING_BASE_C, STEP, WATTS_PER_KW, WEEK

_PERIODS = {f"{hour:02d}_{hour + 2:02d}": (hour, hour + 2) for hour in range(0, 24, 2)}
_HEATING_PERIODS = {"night": (0, 6), "evening": (16, 22)}
_LEAST_HOUSEHOLDS = 3  # a category met less often would be a name, not a label
_MOST_CATEGORIES = 8
_LEAST_KW = 0.05  # below this, logarithms tell vacancy from vacancy
_LEAST_DAYS = 14

STATISTICS = (
    "mean_kw",
    *(f"{period}_kw" for period in _PERIODS),
    "weekend_kw",
    "heating_kw_per_degree",
    *(f"{period}_heating_kw_per_degree" for period in _HEATING_PERIODS),
    "p05_kw",
    "p99_kw",
    "day_to_day_kw",
    "step_to_step_kw",
    "log_mean",
    "log_p99_over_mean",
)


@dataclass(frozen=True)
class LabelEncoder:
    """From households to labels [H, F]; constants come from the training households.

    ``mean`` and ``scale`` [F] standardise; ``numbers`` are numeric metadata columns;
    ``categories`` are text columns with their known values, the first of which (the most
    frequent) has no flag of its own; ``measured`` are those of `STATISTICS` that are told.
    What is unknown becomes 0, the average.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    numbers: tuple[str, ...]
    categories: tuple[tuple[str, tuple[str, ...]], ...]
    measured: tuple[str, ...] = STATISTICS

    @property
    def dim(self) -> int:
        """Number of features F."""
        return len(self.names)

    @classmethod
    def fit(cls, households: HouseholdSet, measured: tuple[str, ...] = STATISTICS) -> LabelEncoder:
        """Choose columns and constants from the training households.

        Every numeric metadata column becomes a label, and every text column with two to eight
        values. ``measured=()`` tells a model nothing that a meter had to be read for.
        """
        train = households.indices(households.split.train_households)
        if not len(train):
            raise DataError(f"{households.name} has no household to train on{_why(households)}.")
        metadata = {key: values[train] for key, values in households.metadata.items()}
        numbers = tuple(k for k, v in metadata.items() if v.dtype.kind == "f")
        categories = _choose_categories(metadata)
        names = (*measured, *numbers, *_flag_names(categories))
        if not names:
            raise DataError(f"{households.name} has no surveyed column to make labels of.")
        raw = _raw(households, measured, numbers, categories)[train]
        mean, scale = _constants(raw)
        return cls(
            names=names,
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
            numbers=numbers,
            categories=categories,
            measured=measured,
        )

    def encode(self, households: HouseholdSet) -> NDArray[np.float32]:
        """Labels [H, F] of every household of a set, held-out ones too."""
        raw = _raw(households, self.measured, self.numbers, self.categories)
        standardised = (raw - np.array(self.mean)) / np.array(self.scale)
        labels: NDArray[np.float64] = np.nan_to_num(standardised, nan=0.0)
        return labels.astype(np.float32)

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "names": list(self.names),
            "mean": np.array(self.mean),
            "scale": np.array(self.scale),
            "measured": list(self.measured),
            "numbers": list(self.numbers),
            "category_columns": list(dict(self.categories)),
            "categories": {column: list(values) for column, values in self.categories},
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> LabelEncoder:
        """The encoder a plain form describes."""
        view = TreeView(tree, "labels")
        names, numbers = view.strings("names"), view.strings("numbers")
        categories = tuple(
            (column, view.child("categories").strings(column))
            for column in view.strings("category_columns")
        )
        # The first models were kept without this leaf, and were told all statistics.
        measured = view.strings("measured") if "measured" in view else STATISTICS
        known = set(measured) <= set(STATISTICS)
        if not known or names != (*measured, *numbers, *_flag_names(categories)):
            raise DataError(
                "labels/names: this model was trained with other labels; "
                "train it again with this version."
            )
        return cls(
            names=names,
            mean=tuple(view.array("mean", (len(names),)).tolist()),
            scale=tuple(view.array("scale", (len(names),)).tolist()),
            numbers=numbers,
            categories=categories,
            measured=measured,
        )


def statistics(households: HouseholdSet) -> NDArray[np.float64]:
    """`STATISTICS` of every household [H, S] over the training weeks; NaN where unmeasured.

    Hours are local ones; heating is the slope of the day's mean kW (all of it, or what falls in
    the night or evening) on the degrees that its mean temperature lies below 15 °C.
    """
    grid = _training_grid(households)
    rows = [_describe(curve[grid.steps] / WATTS_PER_KW, grid) for curve in households.power_w]
    return np.array(rows)


@dataclass(frozen=True, eq=False)
class _Grid:
    """The half-hours of the training weeks: positions [M], their local periods and degrees."""

    steps: NDArray[np.int64]
    periods: tuple[NDArray[np.bool_], ...]
    heating_periods: tuple[NDArray[np.bool_], ...]
    weekend: NDArray[np.bool_]
    cold: NDArray[np.float64]  # degrees below 15 °C, one a day [M / 48]


def _training_grid(households: HouseholdSet) -> _Grid:
    weeks = households.weeks
    train = weeks.indices(households.split.train_weeks)
    first = (weeks.starts[train] - households.start) // STEP
    steps = (first[:, None] + np.arange(WEEK)).reshape(-1).astype(np.int64)
    times = households.times[steps]
    minutes = (utc_offset_hours(times, households.time_zone) * 60).astype("timedelta64[m]")
    local = times + minutes
    days = local.astype("datetime64[D]")
    hour = (local - days) / np.timedelta64(1, "h")
    daily = weeks.temperature_c[train].reshape(-1, DAY).mean(axis=1, dtype=np.float64)
    return _Grid(
        steps=steps,
        periods=tuple((hour >= a) & (hour < b) for a, b in _PERIODS.values()),
        heating_periods=tuple((hour >= a) & (hour < b) for a, b in _HEATING_PERIODS.values()),
        weekend=(days.astype(np.int64) + 3) % 7 >= 5,  # 1970-01-01 was a Thursday
        cold=np.maximum(HEATING_BASE_C - daily, 0.0),
    )


def _describe(kw: NDArray[np.floating[Any]], grid: _Grid) -> list[float]:
    present = ~np.isnan(kw)
    if not present.any():
        return [np.nan] * len(STATISTICS)
    measured = kw[present]
    mean = float(measured.mean())
    p05, p99 = np.quantile(measured, [0.05, 0.99]).tolist()
    return [
        mean,
        *(_mean(kw[where]) for where in grid.periods),
        _mean(kw[grid.weekend]),
        _slope(_daily(kw), grid.cold),
        *(_slope(_daily(np.where(where, kw, 0)), grid.cold) for where in grid.heating_periods),
        p05,
        p99,
        _spread(_daily(kw)),
        _mean(np.abs(np.diff(kw))),
        float(np.log(max(mean, _LEAST_KW))),
        float(np.log(max(p99, _LEAST_KW) / max(mean, _LEAST_KW))),
    ]


def _daily(kw: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mean of each day; NaN unless the whole day is there."""
    daily: NDArray[np.float64] = kw.reshape(-1, DAY).mean(axis=1, dtype=np.float64)
    return daily


def _mean(values: NDArray[np.floating[Any]]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _spread(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.std()) if known.size >= _LEAST_DAYS else np.nan


def _slope(daily: NDArray[np.float64], cold: NDArray[np.float64]) -> float:
    known = ~np.isnan(daily)
    if known.sum() < _LEAST_DAYS or cold[known].std() < 0.5:
        return np.nan
    degrees = cold[known] - cold[known].mean()
    return float(degrees @ daily[known] / (degrees @ degrees))


def _raw(
    households: HouseholdSet,
    measured: Sequence[str],
    numbers: Sequence[str],
    categories: Sequence[tuple[str, tuple[str, ...]]],
) -> NDArray[np.float64]:
    count = len(households.household_ids)
    columns = []
    if measured:
        columns.append(statistics(households)[:, [STATISTICS.index(name) for name in measured]])
    columns += [_number_column(households, name, count)[:, None] for name in numbers]
    columns += [_flags(households, name, values, count) for name, values in categories]
    return np.concatenate(columns, axis=1)


def _number_column(households: HouseholdSet, name: str, count: int) -> NDArray[np.float64]:
    values = households.metadata.get(name)
    if values is None or values.dtype.kind != "f":
        return np.full(count, np.nan)
    return values.astype(np.float64)


def _flags(
    households: HouseholdSet, column: str, values: tuple[str, ...], count: int
) -> NDArray[np.float64]:
    found = households.metadata.get(column, np.full(count, ""))
    flags = np.array([found == value for value in values[1:]], dtype=np.float64)
    flags[:, ~np.isin(found, values)] = np.nan
    return flags.T


def _choose_categories(
    metadata: Mapping[str, NDArray[Any]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    chosen = []
    for column, found in metadata.items():
        if column == "suspect" or found.dtype.kind != "U":
            continue
        values, counts = np.unique(found[found != ""], return_counts=True)
        order = np.lexsort((values, -counts))
        kept = tuple(str(values[i]) for i in order if counts[i] >= _LEAST_HOUSEHOLDS)
        if len(kept) >= 2 and len(values) <= _MOST_CATEGORIES:
            chosen.append((column, kept))
    return tuple(chosen)


def _flag_names(categories: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    return tuple(f"{column}={value}" for column, values in categories for value in values[1:])


def _why(households: HouseholdSet) -> str:
    """Why all are left out, if that is because they look wrong: ': ..., check the unit'."""
    if not households.suspect.all():
        return ""
    reasons = sorted(set(households.metadata["suspect"].tolist()))
    return (
        f": all look suspect ({'; '.join(reasons)}); check the unit and the columns of its import"
    )


def _constants(raw: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = ~np.isnan(raw)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, raw, 0.0).sum(axis=0) / count
    variance = (np.where(known, raw - mean, 0.0) ** 2).sum(axis=0) / count
    scale = np.sqrt(variance)
    return mean, np.where(scale > 1e-9, scale, 1.0)
