"""Written times into seconds: those of one width digit by digit, all others by patterns."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.columns import SINCE_1970, TIME_FORMATS
from lvm_studio.data.importing.fixed_width import read_fixed_width

_ZONED_SUFFIX = "%z"
METERED_SECONDS = (631_152_000, 4_102_444_800)  # 1990 to 2100


def read_stamps(
    stamps: pl.Series, time_format: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Seconds since 1970 [n], whether they could be read, and whether they are UTC.

    Where no offset is written the seconds are those of the file's own clock. A part of a second
    counts as one more: such a reading is on no mark of a minute.
    """
    fast = read_fixed_width(stamps, time_format) if stamps.dtype == pl.String else None
    if fast is None:
        return _read(stamps, time_format)
    seconds, read = fast.seconds, fast.read
    zoned = np.full(len(seconds), fast.zoned)
    rest = np.flatnonzero(~read)
    if len(rest):
        seconds[rest], read[rest], zoned[rest] = _read(stamps.gather(rest), time_format)
    return seconds, read, zoned


def _read(
    stamps: pl.Series, time_format: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    table = stamps.alias("stamp").to_frame()
    zoned, local = instants("stamp", stamps.dtype, time_format)
    found = table.select(stamp=pl.coalesce(zoned, local), zoned=zoned.is_not_null())
    moments = found["stamp"].dt.epoch("us")
    micros = moments.fill_null(0).to_numpy()
    return -(-micros // 1_000_000), moments.is_not_null().to_numpy(), found["zoned"].to_numpy()


def instants(column: str, dtype: pl.DataType, time_format: str) -> tuple[pl.Expr, pl.Expr]:
    """What column `column` says: (UTC where an offset is written, local time where none is).

    Both are datetimes without a zone; where a time cannot be read, both are null.
    """
    nothing = pl.lit(None, pl.Datetime("us"))
    if isinstance(dtype, pl.Datetime):
        stamp = pl.col(column)
        if dtype.time_zone is None:
            return nothing, stamp.cast(pl.Datetime("us"))
        return stamp.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(
            pl.Datetime("us")
        ), nothing
    if dtype == pl.Date:
        return nothing, pl.col(column).cast(pl.Datetime("us"))
    if time_format == SINCE_1970 and (dtype == pl.String or dtype.is_numeric()):
        return _since_1970(pl.col(column)), nothing
    if dtype != pl.String:
        raise DataError(f"Column '{column}' holds {dtype}, not times; choose the column of times.")
    return _written(pl.col(column).str.strip_chars(), time_format)


def _since_1970(seconds: pl.Expr) -> pl.Expr:
    """Seconds since 1970 as moments; numbers that meters cannot have written are no times."""
    whole = seconds.cast(pl.Int64, strict=False)
    return pl.when(whole.is_between(*METERED_SECONDS)).then(
        pl.from_epoch(whole, "s").cast(pl.Datetime("us"))
    )


def _written(text: pl.Expr, time_format: str) -> tuple[pl.Expr, pl.Expr]:
    if time_format == "iso":
        text = text.str.replace("T", " ", literal=True).str.replace(r"\s*[Zz]$", "+00:00")
    formats = TIME_FORMATS.get(time_format, (time_format,))
    local = [_parse(text, form) for form in formats if _ZONED_SUFFIX not in form]
    zoned = [
        _parse(text, form if _ZONED_SUFFIX in form else form + _ZONED_SUFFIX)
        .dt.convert_time_zone("UTC")
        .dt.replace_time_zone(None)
        for form in formats
        if "%M" in form
    ]
    nothing = pl.lit(None, pl.Datetime("us"))
    return pl.coalesce(*zoned, nothing), pl.coalesce(*local, nothing)


def _parse(text: pl.Expr, form: str) -> pl.Expr:
    if "%M" not in form:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return text.str.to_datetime(form, strict=False, time_unit="us")
