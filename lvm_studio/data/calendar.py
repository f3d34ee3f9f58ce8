"""Weeks by their ISO name, local time, and what all households of a week share: the context.

A week runs Monday 00:00 to Sunday 24:00 UTC. The context `c` of a week (Eq. 9.1) is one row of
features per day: temperature, season, holiday, clock offset and kind of day.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.units import DAY, DAYS, DAYS_PER_YEAR, NEUTRAL_TEMPERATURE_C, WEEK

_WEEK_NAME = re.compile(r"(\d{4})-W(\d{2})")


def week_id(moment: np.datetime64 | datetime.date) -> str:
    """ISO name of the week that holds `moment` (UTC).

    >>> week_id(np.datetime64("2013-01-07"))
    '2013-W02'
    """
    day = moment if isinstance(moment, datetime.date) else _as_date(moment)
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def week_start(name: str) -> np.datetime64:
    """Monday 00:00 UTC of the ISO week `name`, as datetime64[m].

    >>> str(week_start("2013-W02"))
    '2013-01-07T00:00'
    """
    match = _WEEK_NAME.fullmatch(name.strip())
    if match is None:
        raise DataError(f"'{name}' is not a week; write it like 2013-W02.")
    try:
        monday = datetime.date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise DataError(f"The year {match[1]} has no week {match[2]}.") from None
    return np.datetime64(monday, "m")


def zone(name: str) -> ZoneInfo:
    """The IANA time zone `name`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"'{name}' is not a known time zone; write it like Europe/London."
        ) from None


def check_country(code: str) -> None:
    """Refuse a country whose public holidays are not known; '' is none.

    >>> check_country("XX")
    Traceback (most recent call last):
        ...
    lvm_studio.data.errors.DataError: Public holidays of 'XX' are not known; give a two-letter ...
    """
    _holiday_dates(code, frozenset({2020}))


def utc_offset_hours(times: NDArray[np.datetime64], time_zone: str) -> NDArray[np.float64]:
    """Hours by which local clocks are ahead of UTC at each of `times` (UTC) [T].

    >>> utc_offset_hours(np.array(["2013-07-01T12:00"], "datetime64[m]"), "Europe/London")
    array([1.])
    """
    where = zone(time_zone)
    hours, inverse = np.unique(times.astype("datetime64[h]"), return_inverse=True)
    offsets = np.array([_offset(hour, where) for hour in hours.astype(object)])
    return offsets[inverse] if offsets.size else np.zeros(times.shape)


@dataclass(frozen=True)
class ContextEncoder:
    """Context of a week: [7, C] float32, one row of features per day (UTC days).

    Scaling is fixed, so that a context means the same in every data set:
    temperatures ``(T − 11 °C) / 7 °C`` (means over 00–06, 06–12, 12–18, 18–24 UTC and over the
    day before; Monday, whose day before is not in the week, repeats its own mean), the angle of
    the day in the year as sine and cosine, a flag for public holidays of `country`, hours of
    local clocks ahead of UTC at noon (minus the zone's winter offset), flags for Monday,
    Friday, Saturday, Sunday.

    What is `withheld` ('temperature', 'season', 'calendar') a model is not told: its columns hold
    0 (Table 9.1). The calendar are public holidays and summer time; days of the week stay told.

    >>> c = ContextEncoder().context(np.full(336, 4.0), week_start("2013-W02"), "UTC", "")
    >>> c.shape, float(c[0, 0])
    ((7, 13), -1.0)
    """

    TEMPERATURE_SCALE_C: ClassVar[float] = 7.0
    NAMES: ClassVar[tuple[str, ...]] = (
        "temperature_00_06",
        "temperature_06_12",
        "temperature_12_18",
        "temperature_18_24",
        "temperature_day_before",
        "sin_year",
        "cos_year",
        "holiday",
        "summer_time",
        "monday",
        "friday",
        "saturday",
        "sunday",
    )
    #: Where the sampler's augmentations find what they vary.
    TEMPERATURES: ClassVar[slice] = slice(0, 4)
    TEMPERATURE_BEFORE: ClassVar[int] = 4
    SEASON: ClassVar[tuple[int, int]] = (5, 6)
    #: Public holiday and summer time.
    FLAGS: ClassVar[slice] = slice(7, 9)
    GROUPS: ClassVar[Mapping[str, slice]] = {
        "temperature": slice(0, 5),
        "season": slice(5, 7),
        "calendar": FLAGS,
    }

    withheld: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the C features, in order."""
        return self.NAMES

    @property
    def dim(self) -> int:
        """Number of features C."""
        return len(self.NAMES)

    def context(
        self, temperature_c: ArrayLike, start: np.datetime64, time_zone: str, country: str
    ) -> NDArray[np.float32]:
        """Features [7, C] of the week from `start` with temperatures [336] in °C."""
        temperature = np.asarray(temperature_c, dtype=np.float64)
        if temperature.shape != (WEEK,) or not np.isfinite(temperature).all():
            raise DataError(f"A week's temperature needs {WEEK} half-hourly values in °C.")
        days = start.astype("datetime64[D]") + np.arange(DAYS)
        columns = [
            *_temperature_features(temperature, self.TEMPERATURE_SCALE_C).T,
            *_season_features(days),
            _holidays(days, country),
            _summer_time(days, time_zone),
            *(np.eye(DAYS)[:, day] for day in (0, 4, 5, 6)),
        ]
        features = np.stack(columns, axis=1).astype(np.float32)
        for group in self.withheld:
            features[:, self.GROUPS[group]] = 0.0
        return features

    def contexts(
        self,
        temperature_c: NDArray[Any],
        starts: NDArray[np.datetime64],
        time_zone: str,
        country: str,
    ) -> NDArray[np.float32]:
        """Features [N, 7, C] of N weeks: temperatures [N, 336], starts [N]."""
        rows = [
            self.context(temperature, start, time_zone, country)
            for temperature, start in zip(temperature_c, starts, strict=True)
        ]
        return np.stack(rows) if rows else np.zeros((0, DAYS, self.dim), np.float32)

    def to_tree(self) -> Tree:
        """The names say which version of the features a model was trained with."""
        return {"names": list(self.NAMES), "withheld": list(self.withheld)}

    @classmethod
    def from_tree(cls, tree: Tree) -> ContextEncoder:
        """The encoder, if the tree's features are the ones computed here."""
        view = TreeView(tree, "context")
        if view.strings("names") != cls.NAMES:
            raise DataError(
                "context/names: this model was trained with other calendar features; "
                "train it again with this version."
            )
        # The first models were kept without this leaf, and were told everything.
        withheld = view.strings("withheld") if "withheld" in view else ()
        if not set(withheld) <= set(cls.GROUPS):
            raise DataError(f"context/withheld: {', '.join(withheld)} is not known here.")
        return cls(withheld)


def temperature_profile(values: ArrayLike) -> NDArray[np.float32]:
    """A week of half-hourly temperatures [336] from 7 daily means or 336 values, in °C."""
    array = np.asarray(values, dtype=np.float32)
    if array.shape == (DAYS,):
        array = np.repeat(array, DAY)
    if array.shape != (WEEK,) or not np.isfinite(array).all():
        raise DataError(
            f"A temperature profile needs 7 daily means or {WEEK} half-hourly values in °C; "
            f"got {array.size}."
        )
    return array


def _as_date(moment: np.datetime64) -> datetime.date:
    day = moment.astype("datetime64[D]").astype(object)
    if not isinstance(day, datetime.date):
        raise DataError(f"'{moment}' is not a date.")
    return day


def _offset(hour: datetime.datetime, where: ZoneInfo) -> float:
    offset = hour.replace(tzinfo=datetime.UTC).astimezone(where).utcoffset()
    return 0.0 if offset is None else offset.total_seconds() / 3600


def _temperature_features(temperature: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    quarters = temperature.reshape(DAYS, 4, DAY // 4).mean(axis=2)
    daily = quarters.mean(axis=1)
    before = np.concatenate([daily[:1], daily[:-1]])
    return (np.column_stack([quarters, before]) - NEUTRAL_TEMPERATURE_C) / scale


def _season_features(days: NDArray[np.datetime64]) -> tuple[NDArray[np.float64], ...]:
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(float)
    angle = 2 * np.pi * day_of_year / DAYS_PER_YEAR
    return np.sin(angle), np.cos(angle)


def _summer_time(days: NDArray[np.datetime64], time_zone: str) -> NDArray[np.float64]:
    noon: NDArray[np.datetime64] = np.add(days, np.timedelta64(12, "h"))
    year = days[0].astype("datetime64[Y]")
    months: NDArray[np.datetime64] = year.astype("datetime64[M]") + np.arange(12)
    winter: float = utc_offset_hours(months.astype("datetime64[m]"), time_zone).min()
    return utc_offset_hours(noon, time_zone) - winter


def _holidays(days: NDArray[np.datetime64], country: str) -> NDArray[np.float64]:
    dates = [_as_date(day) for day in days]
    known = _holiday_dates(country, frozenset(date.year for date in dates))
    return np.array([float(date in known) for date in dates])


@lru_cache(maxsize=64)
def _holiday_dates(country: str, years: frozenset[int]) -> frozenset[datetime.date]:
    if not country:
        return frozenset()
    import holidays  # not at the top: the window shows before it is needed

    subdivision = {"GB": "ENG"}.get(country)  # Easter Monday is not a holiday of all the UK
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=years))
    except NotImplementedError:  # what the library raises for a country that it does not know
        raise DataError(
            f"Public holidays of '{country}' are not known; give a two-letter country code "
            "such as GB, or none."
        ) from None
