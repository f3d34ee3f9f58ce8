"""The four layouts of a table, each brought to one row per reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from lvm_studio.data.importing.blocks import EXTRA, Block
from lvm_studio.data.importing.columns import ColumnMapping
from lvm_studio.data.importing.tables import ROW

_CELLS = 500_000  # of a wide block at a time
_CLOCK_TIME = re.compile(r"(\d{1,2})[:h](\d\d)(:00)?")
_DAY_MINUTES = 24 * 60


def read_frames(block: Block, mapping: ColumnMapping, path: Path) -> Iterator[pl.DataFrame]:
    """Frames with one row per reading.

    Columns: `ROW` (counted from 0 in the block), ``household``, ``stamp``, ``value``, ``slot``
    (the column of a day, '' else), ``minute`` (of the day at which a day's slot starts), `EXTRA`,
    and those that the mapping names beside them, under their own names.
    """
    frame = block.frame.with_row_index(ROW)
    if mapping.layout in ("long", "files"):
        yield _long(frame, mapping, path)
        return
    cells = mapping.households if mapping.layout == "wide" else mapping.slots
    rows = max(1, _CELLS // len(cells))
    for part in frame.iter_slices(rows):
        yield _unpivoted(part, mapping, cells)


def _long(frame: pl.DataFrame, mapping: ColumnMapping, path: Path) -> pl.DataFrame:
    named = pl.col(mapping.household) if mapping.layout == "long" else pl.lit(path.stem)
    return frame.select(
        ROW,
        EXTRA,
        *_beside(mapping, frame),
        household=named,
        stamp=stamp_of(mapping.time, mapping.clock),
        value=mapping.value,
        slot=pl.lit(""),
        minute=pl.lit(0, pl.Int32),
    )


def _unpivoted(frame: pl.DataFrame, mapping: ColumnMapping, cells: tuple[str, ...]) -> pl.DataFrame:
    beside = _beside(mapping, frame)
    index = [ROW, EXTRA, *dict.fromkeys([mapping.time, mapping.clock, mapping.household, *beside])]
    long = frame.unpivot(
        on=list(cells),
        index=[column for column in index if column],
        variable_name="slot",
        value_name="value",
    )
    if mapping.layout == "wide":
        return long.select(
            ROW,
            EXTRA,
            "value",
            "slot",
            *beside,
            household="slot",
            stamp=stamp_of(mapping.time, mapping.clock),
            minute=pl.lit(0, pl.Int32),
        )
    minutes = dict(zip(cells, slot_starts(cells, mapping.interval), strict=True))
    return long.select(
        ROW,
        EXTRA,
        "value",
        "slot",
        *beside,
        household=mapping.household,
        stamp=mapping.time,
        minute=pl.col("slot").replace_strict(minutes, return_dtype=pl.Int32),
    )


def stamp_of(time: str, clock: str) -> pl.Expr:
    """What is read as a time: one column, or a day and its clock time beside it."""
    return pl.concat_str([time, clock], separator=" ") if clock else pl.col(time)


def _beside(mapping: ColumnMapping, frame: pl.DataFrame) -> list[str]:
    """Columns read beside household, time and value, under their own names."""
    wanted = (mapping.step, mapping.parts, mapping.temperature, *mapping.keep)
    there = (label for label in mapping.labels.values() if label in frame.columns)
    return [c for c in dict.fromkeys((*wanted, *there)) if c]


def late_labels(mapping: ColumnMapping) -> tuple[str, ...]:
    """Columns that are wanted of one row of each household alone, and may be read later."""
    if mapping.layout not in ("long", "files"):
        return ()
    early = mapping.model_copy(update={"labels": {}}).read_columns
    return tuple(c for c in dict.fromkeys(mapping.labels.values()) if c not in early)


def slot_starts(slots: tuple[str, ...], interval: str) -> list[int]:
    """Minutes after midnight at which the slots of a day start.

    Named by clock times they are taken at their word, in the order of the day (the last 0:00 is
    24:00); otherwise they follow each other from midnight on.

    >>> slot_starts(("0:30", "1:00", "0:00"), "end")[:2]
    [0, 30]
    >>> slot_starts(("HH1", "HH2"), "start")
    [0, 720]
    """
    step = _DAY_MINUTES // len(slots)
    named = [_CLOCK_TIME.fullmatch(slot.strip()) for slot in slots]
    if not all(named):
        return [index * step for index in range(len(slots))]
    minutes = [int(found[1]) * 60 + int(found[2]) for found in named if found]
    if interval == "start":
        return minutes
    ends = [_DAY_MINUTES if end == 0 and i else end for i, end in enumerate(minutes)]
    return [end - (ends[1] - ends[0] if len(ends) > 1 else step) for end in ends]
