"""Small files of readings, written as people write them, for the tests of importing."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing.columns import ColumnMapping, make_mapping
from lvm_studio.data.importing.job import ImportReport, import_readings

LONG = make_mapping({"layout": "long", "time": "time", "household": "id", "value": "kwh"})
MONDAY = datetime.datetime(2013, 1, 7, tzinfo=datetime.UTC)


def half_hours(
    count: int, first: datetime.datetime = MONDAY, minutes: int = 30
) -> list[datetime.datetime]:
    return [first + datetime.timedelta(minutes=minutes * i) for i in range(count)]


def long_rows(
    values: dict[str, Sequence[float]], stamp: Callable[[datetime.datetime], str], **grid: int
) -> list[tuple[str, str, str]]:
    return [
        (household, stamp(t), f"{v:.6g}")
        for household, series in values.items()
        for t, v in zip(half_hours(len(series), **grid), series, strict=True)
    ]


def write(
    path: Path,
    rows: Sequence[tuple[str, ...]],
    header: tuple[str, ...] = ("id", "time", "kwh"),
    separator: str = ",",
) -> Path:
    lines = [separator.join(row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def iso(t: datetime.datetime) -> str:
    return f"{t:%Y-%m-%d %H:%M}"


def week(kwh: float = 0.2, weeks: int = 1) -> list[float]:
    return [round(kwh + 0.001 * (i % 48), 3) for i in range(336 * weeks)]


def read(
    path: Path, mapping: ColumnMapping = LONG, **more: Path
) -> tuple[HouseholdSet, ImportReport]:
    return import_readings(path, mapping, name="mine", **more)
