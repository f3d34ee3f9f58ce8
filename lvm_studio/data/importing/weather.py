"""Weather files: a table of times and °C, of which columns and clock are guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.clocks import TWICE, clock
from lvm_studio.data.importing.guessing import guess_temperature_columns
from lvm_studio.data.importing.numbers import read_numbers
from lvm_studio.data.importing.stamps import read_stamps
from lvm_studio.data.importing.tables import ROW, read_table
from lvm_studio.data.temperature import half_hourly
from lvm_studio.data.units import DAYS, WEEK


def read_temperature(
    path: Path, time_zone: str, start: np.datetime64, steps: int
) -> NDArray[np.float32]:
    """Temperature [T] in °C of each half-hour from `start`, from a CSV of time and °C.

    Times without an offset are on the clock of `time_zone`; those that come twice are left out.
    """
    table = read_table(path)
    time, time_format, column, comma = guess_temperature_columns(table, path)
    if not time:
        raise DataError(f"{path.name} has no column of times; add one like 2013-01-07 00:30.")
    values = read_numbers(table[column], comma)
    found = half_hourly(*_observations(table[time], time_format, values, time_zone), start, steps)
    if np.isnan(found).all():
        raise DataError(
            f"{path.name} holds no temperature for the time of the readings; "
            "choose the file of the same months."
        )
    return found


def read_temperature_profile(path: Path, start: np.datetime64) -> list[float]:
    """A week of temperatures in °C: 7 daily means, or 336 half-hourly values from `start`.

    A file of 7 or of 336 rows is taken in its order, whatever its times; a longer one with a
    column of times (UTC unless they carry an offset) must cover the week.
    """
    table = read_table(path)
    time, time_format, column, comma = guess_temperature_columns(table, path)
    values = read_numbers(table[column], comma)
    if table.height not in (DAYS, WEEK):
        if not time:
            raise DataError(
                f"{path.name} has {table.height} rows below the names of its columns; give 7 "
                "daily means or 336 half-hourly values."
            )
        profile = half_hourly(*_observations(table[time], time_format, values, "UTC"), start, WEEK)
        if np.isnan(profile).any():
            raise DataError(f"{path.name} does not cover the week of {start}; choose another week.")
        return [float(value) for value in profile]
    unreadable = ~np.isfinite(values)
    if unreadable.any():
        row = table[ROW][int(unreadable.argmax())]
        raise DataError(f"{path.name}, row {row}, column '{column}': not a temperature in °C.")
    return [float(value) for value in values]


def _observations(
    stamps: pl.Series, time_format: str, values: NDArray[np.float64], time_zone: str
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Moments (UTC, ascending, each once) and °C of the readable rows."""
    seconds, read, zoned = read_stamps(stamps, time_format)
    utc, kind = clock(time_zone).to_utc(seconds)
    moments = np.where(zoned, seconds, utc)
    known = read & np.isfinite(values) & (zoned | (kind < TWICE))
    times, first = np.unique(moments[known], return_index=True)
    return times.astype("datetime64[s]"), values[known][first]
