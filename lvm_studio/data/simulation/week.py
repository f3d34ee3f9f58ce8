"""What a week brings to all households alike: clocks, daylight, cold, free days, match evenings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lvm_studio.data.calendar import ContextEncoder, temperature_profile, utc_offset_hours
from lvm_studio.data.units import DAY, DAYS, DAYS_PER_YEAR, HOURS_PER_STEP, STEP, WEEK

TIME_ZONE, COUNTRY = "Europe/Paris", "FR"

#: Cloudiness of a day, the same over the whole street and told to nobody: mean 0.
CLOUDS = (-1.0, 0.0, 1.0)
CLOUDS_LAW = (0.3, 0.4, 0.3)
CLOUDS_VARIANCE = 0.6

#: On these evenings there may be a match on television; whether there is one is told to nobody.
MATCH_DAYS = (1, 2, 6)  # Tuesday, Wednesday, Sunday
_MATCH_LAW = (0.35, 0.35, 0.5)
_KICK_OFF = 42  # local half-hours: 21:00
_TO_HALF_TIME = 2

_HEATING_BELOW_C = 16.0
_WALLS_HOURS = 8.0  # walls follow the air with this delay
_LATITUDE, _LONGITUDE = 48.9, 2.35

_AWAY = np.array([0.03, 0.03, 0.03, 0.05])  # by occupants
_AWAY_IN_SUMMER = np.array([0.22, 0.28, 0.38, 0.10])
_AWAY_AT_NEW_YEAR = np.array([0.20, 0.18, 0.22, 0.10])
_SUMMER = (192, 236)  # days of the year of the Mondays: mid-July to late August
_NEW_YEAR = (355, 3)


@dataclass(frozen=True, eq=False)
class WeekFrame:
    """A UTC week, as every household of the street meets it.

    ``local`` [7, 48]: the local clock in half-hours, 0…47; ``free`` [7]: Saturdays, Sundays and
    public holidays; ``dark`` [7, 48]: 0 in daylight to 1 at night; ``degrees`` [7, 48]: °C that
    walls lie below 16; ``away`` [4]: probability, by occupants, of being gone all week;
    ``match_law`` [3]: probability of a match; ``kick_off``, ``half_time`` [3]: half-hours of
    the week.
    """

    local: NDArray[np.int64]
    free: NDArray[np.bool_]
    dark: NDArray[np.float64]
    degrees: NDArray[np.float64]
    away: NDArray[np.float64]
    match_law: NDArray[np.float64]
    kick_off: NDArray[np.int64]
    half_time: NDArray[np.int64]


def week_frame(temperature_c: ArrayLike, start: np.datetime64) -> WeekFrame:
    """The week from `start` (Monday 00:00 UTC) with temperatures [336] (or 7 daily means), °C."""
    temperature = temperature_profile(temperature_c).astype(np.float64)
    times = start + np.arange(WEEK) * STEP
    ahead = utc_offset_hours(times, TIME_ZONE) / HOURS_PER_STEP
    local = ((np.arange(WEEK) + np.round(ahead).astype(np.int64)) % DAY).reshape(DAYS, DAY)
    day_of_year = int((start.astype("datetime64[D]") - start.astype("datetime64[Y]")).astype(int))
    kick_off = np.array([day * DAY + _first(local[day], _KICK_OFF) for day in MATCH_DAYS])
    return WeekFrame(
        local=local,
        free=_free_days(temperature, start),
        dark=_darkness(times).reshape(DAYS, DAY),
        degrees=np.maximum(_HEATING_BELOW_C - _walls(temperature), 0.0).reshape(DAYS, DAY),
        away=_away(day_of_year),
        match_law=np.array(_MATCH_LAW) * (not _is_summer(day_of_year)),
        kick_off=kick_off,
        half_time=(kick_off + _TO_HALF_TIME) % WEEK,
    )


def _first(clock: NDArray[np.int64], slot: int) -> int:
    return int(np.argmax(clock == slot))


def _free_days(temperature: NDArray[np.float64], start: np.datetime64) -> NDArray[np.bool_]:
    context = ContextEncoder()
    features = context.context(temperature, start, TIME_ZONE, COUNTRY)
    holiday: NDArray[np.bool_] = features[:, context.names.index("holiday")] > 0
    return holiday | (np.arange(DAYS) >= 5)


def _walls(temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponentially smoothed temperature; it begins at the mean of the Monday."""
    keep = np.exp(-HOURS_PER_STEP / _WALLS_HOURS)
    smooth, value = np.empty(WEEK), float(temperature[:DAY].mean())
    for step, outside in enumerate(temperature):
        value = keep * value + (1 - keep) * outside
        smooth[step] = value
    return smooth


def _darkness(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    days = times.astype("datetime64[D]")
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    declination = -np.radians(23.44) * np.cos(2 * np.pi * (day_of_year + 10) / DAYS_PER_YEAR)
    hour = (times - days) / np.timedelta64(1, "h") + _LONGITUDE / 15
    latitude = np.radians(_LATITUDE)
    height = np.arcsin(
        np.sin(latitude) * np.sin(declination)
        + np.cos(latitude) * np.cos(declination) * np.cos(np.radians(15 * (hour - 12)))
    )
    darkness: NDArray[np.float64] = np.clip((6 - np.degrees(height)) / 12, 0, 1)
    return darkness


def _away(day_of_year: int) -> NDArray[np.float64]:
    if _is_summer(day_of_year):
        return _AWAY_IN_SUMMER
    after, before = _NEW_YEAR
    return _AWAY_AT_NEW_YEAR if day_of_year >= after or day_of_year < before else _AWAY


def _is_summer(day_of_year: int) -> bool:
    first, last = _SUMMER
    return first <= day_of_year <= last
