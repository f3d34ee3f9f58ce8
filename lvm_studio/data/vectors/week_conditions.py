"""What can be told of a week of a household: weather, season, and what is known of who it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.units import DAY, DAYS_PER_YEAR, STEP_MINUTES
from lvm_studio.data.vectors.conditions import Condition

Array = NDArray[np.float64]

WEATHER: Final = ("temperature", "lowest temperature", "highest temperature", "season")
MOST_KINDS: Final = 12
NOT_TOLD: Final = "suspect"


def tellable(households: HouseholdSet) -> tuple[str, ...]:
    """Weather, season, and every column of the metadata that is a number or one of a few kinds."""
    known = (
        name
        for name, column in households.metadata.items()
        if name != NOT_TOLD and (column.dtype.kind == "f" or 1 < len(_kinds(column)) <= MOST_KINDS)
    )
    return (*WEATHER, *known)


def week_conditions(
    households: HouseholdSet,
    names: Sequence[str],
    who: NDArray[np.int64],
    week: NDArray[np.int64],
) -> tuple[Array, tuple[Condition, ...]]:
    """k [N, E] of weeks `week` [N] of households `who` [N] (positions), and what it says.

    An unknown number becomes the median of those that are known, an unknown kind has no flag.

    Raises:
        DataError: there is no such column, or it cannot be told.
    """
    columns, conditions = [np.zeros((len(who), 0))], []
    for name in names:
        condition, values = _told(households, name, who, week)
        columns.append(values)
        conditions.append(condition)
    return np.concatenate(columns, axis=1), tuple(conditions)


def _told(
    households: HouseholdSet, name: str, who: NDArray[np.int64], week: NDArray[np.int64]
) -> tuple[Condition, Array]:
    if name in WEATHER:
        return _weather(households, name, week)
    if name not in tellable(households):
        known = ", ".join(tellable(households))
        raise DataError(f"{households.name} has no column '{name}' to tell; it has {known}.")
    column = households.metadata[name]
    if column.dtype.kind == "f":
        known = np.isfinite(column)
        middle = float(np.median(column[known])) if known.any() else 0.0
        return Condition(name), np.where(known, column, middle)[who][:, None]
    kinds = _kinds(column)
    flags = column[who][:, None] == np.array(kinds)[None]
    return Condition(name, "kinds", kinds), flags.astype(float)


def _weather(
    households: HouseholdSet, name: str, week: NDArray[np.int64]
) -> tuple[Condition, Array]:
    weeks = households.weeks
    if name == "season":
        year = (weeks.starts - weeks.starts.astype("datetime64[Y]")).astype(float)
        phase = 2 * np.pi * (year / (DAYS_PER_YEAR * DAY * STEP_MINUTES))[week]
        return Condition(name, "season"), np.stack([np.sin(phase), np.cos(phase)], axis=1)
    summed: dict[str, Callable[..., Array]] = {
        "temperature": np.mean,
        "lowest temperature": np.min,
        "highest temperature": np.max,
    }
    values = summed[name](weeks.temperature_c, axis=1).astype(float)
    return Condition(name, unit="°C"), values[week][:, None]


def _kinds(column: NDArray[Any]) -> tuple[str, ...]:
    """The texts of a column, sorted; unknown ('') is none of them."""
    if column.dtype.kind != "U":
        return ()
    return tuple(str(kind) for kind in np.unique(column) if kind)
