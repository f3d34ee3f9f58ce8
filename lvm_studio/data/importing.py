"""Somebody's meter readings into a `HouseholdSet`.

Nothing is repaired: a row that cannot be used is left out, counted with its reason, and the
first of each kind is shown in the report.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.columns import ColumnMapping
from lvm_studio.data.errors import DataError
from lvm_studio.data.guessing import guess_mapping, guess_temperature_columns, to_number
from lvm_studio.data.households import (
    HouseholdSet,
    Provenance,
    check_household_ids,
    choose_split,
)
from lvm_studio.data.quality import suspect_reasons
from lvm_studio.data.stamps import instants, localised
from lvm_studio.data.tables import ROW, Preview, preview, read_table, require
from lvm_studio.data.temperature import half_hourly
from lvm_studio.data.units import DAYS, STEP, STEP_MINUTES, WEEK
from lvm_studio.data.weeks import cut_weeks

__all__ = [
    "ColumnMapping",
    "ImportReport",
    "Preview",
    "guess_mapping",
    "import_readings",
    "preview",
    "read_temperature_profile",
]

_NO_VALUE = ("", "null", "nan", "na", "n/a", "none", "-")
_MOST_READINGS = 2_000_000_000


@dataclass(frozen=True)
class ImportReport:
    """What became of the readings of a file.

    ``rows`` were there, ``accepted`` are in the set; ``rejected`` counts the others by reason,
    ``examples`` shows the first of each (row and content).
    """

    rows: int
    accepted: int
    rejected: Mapping[str, int]
    examples: Mapping[str, str]

    def sentences(self) -> list[str]:
        """The report for people to read."""
        return [
            f"{self.accepted:,} of {self.rows:,} readings were taken over.",
            *(
                f"{count:,} left out: {reason} (first: {self.examples[reason]})."
                for reason, count in self.rejected.items()
            ),
        ]


@dataclass
class _Ledger:
    """Collects what is left out; a wide file's values stand in the column of the household."""

    mapping: ColumnMapping
    rejected: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def reject(self, frame: pl.DataFrame, bad: pl.Expr, reason: str, column: str) -> pl.DataFrame:
        """`frame` without the rows where `bad`, which are counted under `reason`."""
        marked = frame.with_columns(bad=bad.fill_null(value=False))
        out = marked.filter("bad")
        if out.height:
            first = out.row(0, named=True)
            self.rejected[reason] = self.rejected.get(reason, 0) + out.height
            self.examples.setdefault(reason, self._place(first, column))
        return marked.filter(~pl.col("bad")).drop("bad")

    def _place(self, row: Mapping[str, object], column: str) -> str:
        if column == "time":
            named, shown = self.mapping.time, row["raw_stamp"]
        else:
            named, shown = self.mapping.value or str(row["household"]), row["raw_value"]
        content = "empty" if shown is None else f"'{shown}'"
        return f"row {row[ROW]}, column '{named}': {content}"


def import_readings(
    path: Path,
    mapping: ColumnMapping,
    *,
    name: str,
    temperature: Path | None = None,
    seed: int = 0,
) -> tuple[HouseholdSet, ImportReport]:
    """Read a CSV or Parquet file as `mapping` says; `temperature` is a CSV of time and °C.

    Raises DataError, with the file, the row or the column, and what to do, if nothing whole
    comes out. `seed` chooses what is held out.
    """
    ledger = _Ledger(mapping)
    frame = _readings(path, mapping)
    rows = frame.height
    frame = _with_starts(frame, mapping, ledger)
    frame = _without_repetitions(frame, ledger)
    frame = _half_hours(frame, mapping, ledger)
    report = ImportReport(
        rows, rows - sum(ledger.rejected.values()), ledger.rejected, ledger.examples
    )
    if frame.height == 0:
        raise DataError(f"No row of {path.name} can be used: {_why(report)}.")
    ids, power_w, start = _grid(frame, path)
    temperature_c = _temperature(temperature, mapping.time_zone, start, power_w.shape[1])
    households = _make_set(path, mapping, name, ids, power_w, start, temperature_c, report, seed)
    return households, report


def read_temperature_profile(path: Path, start: np.datetime64) -> list[float]:
    """A week of temperatures in °C: 7 daily means, or 336 half-hourly values from `start`.

    A file of 7 or of 336 rows is taken in its order, whatever its times; a longer one with a
    column of times (UTC unless they carry an offset) must cover the week.
    """
    table = read_table(path)
    time, time_format, column, comma = guess_temperature_columns(table, path)
    values = table.select(to_number(column, table[column].dtype, comma)).to_series()
    if table.height not in (DAYS, WEEK):
        if not time:
            raise DataError(f"{path.name} has {table.height} rows; give 7 daily means or 336.")
        profile = half_hourly(*_observations(table, time, time_format, values, "UTC"), start, WEEK)
        if np.isnan(profile).any():
            raise DataError(f"{path.name} does not cover the week of {start}; choose another week.")
        return [float(value) for value in profile]
    unreadable = values.is_null() | ~values.is_finite()
    if unreadable.any():
        row = table[ROW][int(unreadable.arg_max() or 0)]
        raise DataError(f"{path.name}, row {row}, column '{column}': not a temperature in °C.")
    return [float(value) for value in values]


def _readings(path: Path, mapping: ColumnMapping) -> pl.DataFrame:
    """One row per reading: file row, household, raw stamp and value, and their order."""
    table = read_table(path)
    columns = (mapping.household, mapping.value) if mapping.layout == "long" else mapping.households
    for column in (mapping.time, *columns):
        require(table, column, path)
    if mapping.layout == "wide":
        table = table.unpivot(
            on=list(mapping.households),
            index=[ROW, mapping.time],
            variable_name="__household__",
            value_name="__value__",
        )
        household, value = "__household__", "__value__"
    else:
        household, value = mapping.household, mapping.value
    zoned, local = instants(mapping.time, table[mapping.time].dtype, mapping.time_format)
    return table.select(
        ROW,
        household=pl.col(household).cast(pl.String).fill_null(""),
        raw_stamp=mapping.time,
        raw_value=value,
        number=to_number(value, table[value].dtype, mapping.decimal_comma),
        zoned=zoned,
        local=local,
    )


def _with_starts(frame: pl.DataFrame, mapping: ColumnMapping, ledger: _Ledger) -> pl.DataFrame:
    """Rows with a usable number and the start of their interval (UTC) on the grid."""
    number, text = pl.col("number"), pl.col("raw_value").cast(pl.String).str.to_lowercase()
    empty = text.is_null() | text.is_in(_NO_VALUE)
    frame = ledger.reject(frame, pl.col("household") == "", "no household name", "value")
    frame = ledger.reject(frame, empty, "no value", "value")
    frame = ledger.reject(frame, number.is_null() | ~number.is_finite(), "not a number", "value")
    frame = ledger.reject(frame, number < 0, "negative value", "value")
    unread = pl.col("zoned").is_null() & pl.col("local").is_null()
    frame = ledger.reject(frame, unread, "not a time", "time")
    frame = localised(_in_time_order(frame), mapping.time_zone)
    frame = ledger.reject(frame, pl.col("skipped"), "a time that clocks skip in spring", "time")
    frame = ledger.reject(
        frame, pl.col("unclear"), "a time that comes twice in autumn, given once", "time"
    )
    since = pl.col("utc").dt.epoch("us")
    step = mapping.step_minutes * 60_000_000
    frame = ledger.reject(
        frame, since % step != 0, f"not on a {mapping.step_minutes}-minute mark", "time"
    )
    back = mapping.step_minutes if mapping.interval == "end" else 0
    return frame.select(
        ROW,
        "household",
        "raw_stamp",
        "raw_value",
        start=since // 60_000_000 - back,
        # To a hundredth of a watt: less than a kWh in single precision is rounded anyway.
        watts=(pl.col("number") * mapping.watts_per_unit).round(2),
    )


def _in_time_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows numbered in the direction of time, so that the first of two equal times is earlier."""
    stamp = pl.coalesce("zoned", "local")
    falling = frame.select((stamp.diff().over("household").dt.total_minutes() < 0).mean()).item()
    ordered = frame.reverse() if (falling or 0.0) > 0.5 else frame
    return ordered.with_row_index("order")


def _without_repetitions(frame: pl.DataFrame, ledger: _Ledger) -> pl.DataFrame:
    key = ["household", "start"]
    if frame.select(pl.struct(key).n_unique()).item() == frame.height:
        return frame
    differ = pl.col("watts").n_unique().over(key) > 1
    frame = ledger.reject(frame, differ, "one time with different values", "time")
    again = pl.int_range(pl.len()).over(key) > 0
    return ledger.reject(frame, again, "repeats an earlier row", "time")


def _half_hours(frame: pl.DataFrame, mapping: ColumnMapping, ledger: _Ledger) -> pl.DataFrame:
    """Mean power of each half-hour of which every part is there."""
    parts = STEP_MINUTES // mapping.step_minutes
    if parts == 1:
        return frame
    frame = frame.with_columns(start=pl.col("start") // STEP_MINUTES * STEP_MINUTES)
    key = ["household", "start"]
    frame = ledger.reject(
        frame, pl.len().over(key) < parts, "part of an incomplete half-hour", "time"
    )
    return frame.group_by(key, maintain_order=True).agg(pl.col("watts").mean())


def _grid(
    frame: pl.DataFrame, path: Path
) -> tuple[tuple[str, ...], NDArray[np.float32], np.datetime64]:
    """Household names, power [H, T] in W and the first start."""
    ids = tuple(frame["household"].unique(maintain_order=True))
    try:
        check_household_ids(ids)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None
    first, last = frame.select(first=pl.col("start").min(), last=pl.col("start").max()).row(0)
    steps = (last - first) // STEP_MINUTES + 1
    if steps * len(ids) > _MOST_READINGS:
        raise DataError(
            f"{path.name} runs from {_moment(first)} to {_moment(last)}: too long for memory; "
            "look for a wrong year among its times, or import a part of it."
        )
    power_w = np.full((len(ids), steps), np.nan, dtype=np.float32)
    rows = frame["household"].cast(pl.Enum(ids)).to_physical().to_numpy()
    columns = ((frame["start"] - first) // STEP_MINUTES).to_numpy()
    power_w[rows, columns] = frame["watts"].to_numpy()
    return ids, power_w, _moment(first)


def _moment(minutes: int) -> np.datetime64:
    return np.datetime64(minutes, "m")


def _temperature(
    path: Path | None, time_zone: str, start: np.datetime64, steps: int
) -> NDArray[np.float32]:
    if path is None:
        return np.full(steps, np.nan, dtype=np.float32)
    table = read_table(path)
    time, time_format, column, comma = guess_temperature_columns(table, path)
    if not time:
        raise DataError(f"{path.name} has no column of times; add one like 2013-01-07 00:30.")
    values = table.select(to_number(column, table[column].dtype, comma)).to_series()
    observed = _observations(table, time, time_format, values, time_zone)
    found = half_hourly(*observed, start, steps)
    if np.isnan(found).all():
        raise DataError(
            f"{path.name} holds no temperature for the time of the readings; "
            "choose the file of the same months."
        )
    return found


def _observations(
    table: pl.DataFrame, time: str, time_format: str, values: pl.Series, time_zone: str
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Moments (UTC, ascending) and °C of the readable rows of a weather file."""
    zoned, local = instants(time, table[time].dtype, time_format)
    frame = table.select(zoned=zoned, local=local, household=pl.lit(""), celsius=values)
    frame = localised(_in_time_order(frame), time_zone).filter(~pl.col("unclear"))
    known = frame.drop_nulls(["utc", "celsius"]).unique("utc", keep="first").sort("utc")
    return known["utc"].to_numpy().astype("datetime64[s]"), known["celsius"].to_numpy()


def _make_set(
    path: Path,
    mapping: ColumnMapping,
    name: str,
    ids: tuple[str, ...],
    power_w: NDArray[np.float32],
    start: np.datetime64,
    temperature_c: NDArray[np.float32],
    report: ImportReport,
    seed: int,
) -> HouseholdSet:
    weeks = cut_weeks(power_w, temperature_c, start)
    if not weeks.complete.any():
        raise DataError(
            f"{path.name} holds no whole week, Monday to Sunday in UTC, of any household "
            f"({start} to {start + power_w.shape[1] * STEP}); import a longer stretch."
        )
    suspect = suspect_reasons(power_w)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return HouseholdSet(
        name=name,
        household_ids=ids,
        power_w=power_w,
        start=start,
        metadata={"suspect": suspect},
        temperature_c=temperature_c,
        time_zone=mapping.home,
        country=mapping.country,
        split=choose_split(ids, weeks.ids, suspect != "", seed=seed),
        provenance=Provenance(
            source=path.name,
            licence="",
            attribution="",
            unit=mapping.unit,
            interval=mapping.interval,
            imported=now,
            notes=" ".join(report.sentences()),
        ),
    )


def _why(report: ImportReport) -> str:
    return "; ".join(
        f"{reason} ({count} rows, first: {report.examples[reason]})"
        for reason, count in report.rejected.items()
    )
