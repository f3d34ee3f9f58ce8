"""What the widgets of the composer show of a household set: members, weeks, temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, STEP, WEEK
from lvm_studio.studio.widgets.compose.composition_table import Member
from lvm_studio.studio.widgets.compose.week_chooser import WeekEntry

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.storage.street_state import StreetState

CAPTION_COLUMNS = ("tariff", "acorn_group")


def mean_watts(households: HouseholdSet) -> NDArray[np.float64]:
    """Mean power [H] of each household over all it recorded (W), NaN where it recorded nothing."""
    present = ~np.isnan(households.power_w)
    total = np.where(present, households.power_w, 0.0).sum(axis=1, dtype=np.float64)
    count = present.sum(axis=1)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def members(households: HouseholdSet) -> Mapping[str, Member]:
    """Mean power and caption of each household, by id."""
    watts = mean_watts(households)
    columns = [households.metadata[name] for name in CAPTION_COLUMNS if name in households.metadata]
    suspect = households.metadata["suspect"]
    found = {}
    for row, name in enumerate(households.household_ids):
        parts = [str(column[row]) for column in columns if str(column[row])]
        parts.append(f"mean {watts[row]:,.0f} W")
        if suspect[row]:
            parts.append(f"suspect: {suspect[row]}")
        found[name] = Member(float(watts[row]), " · ".join(parts))
    return found


def week_entries(households: HouseholdSet) -> list[WeekEntry]:
    """All whole weeks in order of time."""
    weeks, held_out = households.weeks, set(households.split.heldout_weeks)
    return [
        WeekEntry(
            week_id,
            weeks.starts[i],
            float(weeks.temperature_c[i].mean()) if knows_weather(households, i) else np.nan,
            week_id in held_out,
        )
        for i, week_id in enumerate(weeks.ids)
    ]


def knows_weather(households: HouseholdSet, week: int) -> bool:
    """Whether any temperature of this week (by number) is known; else models assume one."""
    first = int((households.weeks.starts[week] - households.start) / STEP)
    return not np.isnan(households.temperature_c[first : first + WEEK]).all()


def why_unmeasured(households: HouseholdSet, state: StreetState) -> str:
    """Say why there is no measured sum for this page; '' if there is one."""
    if state.own_temperature is not None:
        return "No measured week: the temperature is your own."
    if state.week not in households.weeks.ids:
        return f"No measured week: the data end before or begin after {state.week}."
    at = households.weeks.index(state.week)
    names = [name for name, _ in state.composition.counts]
    gaps = [n for n in names if not households.weeks.complete[households.index(n), at]]
    if not gaps:
        return ""
    more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    return f"No measured week: readings of {gaps[0]}{more} are missing in {state.week}."


def daily_means(profile_c: Sequence[float] | NDArray[np.floating]) -> tuple[float, ...] | None:
    """Seven daily means of 7 or 336 temperatures (°C); None if unknown.

    >>> daily_means([1.0] * 336)
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    """
    values = np.asarray(profile_c, dtype=np.float64)
    if np.isnan(values).any():
        return None
    days = values if len(values) == 7 else values.reshape(7, DAY).mean(axis=1)
    return tuple(float(value) for value in days)
