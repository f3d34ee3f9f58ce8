"""What the texts of a block say, row by row: nothing is counted yet, so that threads can do it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.importing.blocks import EXTRA, Block, Lines
from lvm_studio.data.importing.columns import ColumnMapping
from lvm_studio.data.importing.layouts import late_labels, read_frames
from lvm_studio.data.importing.numbers import is_no_value, read_numbers
from lvm_studio.data.importing.roster import LabelsAt, Names
from lvm_studio.data.importing.stamps import read_stamps


@dataclass(frozen=True, eq=False)
class Understood:
    """A frame of `layouts.read_frames` and what its rows [n] say.

    ``torn`` rows have more fields than the header; ``numbers`` are NaN where there is none, and
    ``nothing`` where that is what is said; ``seconds`` since 1970 are UTC where ``zoned``, else
    on the clock of the file, and known where ``read``. ``labels_at`` tells what the columns of
    the labels say at some rows.
    """

    frame: pl.DataFrame
    torn: NDArray[np.bool_] | None
    names: Names
    numbers: NDArray[np.float64]
    nothing: NDArray[np.bool_] | None
    seconds: NDArray[np.int64]
    read: NDArray[np.bool_]
    zoned: NDArray[np.bool_]
    labels_at: LabelsAt


@dataclass(frozen=True, eq=False)
class Portion:
    """A block understood: its readings, its number of rows, the share of the file it ends at."""

    readings: tuple[Understood, ...]
    rows: int
    done: float


def understand(block: Block, mapping: ColumnMapping, path: Path) -> Portion:
    """All readings of a block, in one frame or, of a wide table, in several."""
    frames = read_frames(block, mapping, path)
    readings = tuple(_understood(frame, block.lines, mapping) for frame in frames)
    return Portion(readings, block.frame.height, block.done)


def _understood(frame: pl.DataFrame, lines: Lines | None, mapping: ColumnMapping) -> Understood:
    extra, values = frame[EXTRA], frame["value"]
    numbers = read_numbers(values, mapping.decimal_comma)
    late = late_labels(mapping)
    return Understood(
        frame,
        extra.is_not_null().to_numpy() if extra.null_count() < len(extra) else None,
        Names.of(frame["household"]),
        numbers,
        _nothing(values, numbers),
        *read_stamps(frame["stamp"], mapping.time_format),
        partial(_labels_at, frame, lines, late, tuple(mapping.labels.values())),
    )


def _nothing(values: pl.Series, numbers: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    odd = np.flatnonzero(~np.isfinite(numbers))
    if not len(odd):
        return None
    nothing = np.zeros(len(numbers), np.bool_)
    nothing[odd] = is_no_value(values[odd])
    return nothing


def _labels_at(
    frame: pl.DataFrame,
    lines: Lines | None,
    late: tuple[str, ...],
    columns: tuple[str, ...],
    rows: list[int],
) -> dict[str, list[str]]:
    later = late if lines else ()
    found = frame[rows].select(
        pl.col(c).cast(pl.String).fill_null("") for c in columns if c not in later
    )
    told: dict[str, list[str]] = found.to_dict(as_series=False)
    return told | (lines.texts_at(rows, later) if lines and later else {})
