"""Written times into UTC, with every clock change accounted for."""

from __future__ import annotations

import polars as pl

from lvm_studio.data.columns import TIME_FORMATS
from lvm_studio.data.errors import DataError

_ZONED_SUFFIX = "%z"


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
    if dtype != pl.String:
        raise DataError(f"Column '{column}' holds {dtype}, not times; choose the column of times.")
    return _written(pl.col(column), time_format)


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
        if "%H" in form
    ]
    nothing = pl.lit(None, pl.Datetime("us"))
    return pl.coalesce(*zoned, nothing), pl.coalesce(*local, nothing)


def _parse(text: pl.Expr, form: str) -> pl.Expr:
    if "%H" not in form:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return text.str.to_datetime(form, strict=False, time_unit="us")


def localised(frame: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """Add `utc`, `skipped`, `unclear` to rows of `zoned`, `local` and `household`.

    When clocks go back an hour comes twice: the first of two equal local times of a household
    is summer time, the second winter time; one alone is `unclear`. When clocks go forward the
    times in between never are: `skipped`.
    """
    early, late = (
        pl.col("local")
        .dt.replace_time_zone(time_zone, ambiguous=which, non_existent="null")
        .dt.convert_time_zone("UTC")
        .dt.replace_time_zone(None)
        for which in ("earliest", "latest")
    )
    frame = frame.with_columns(early=early, late=late)
    twice = frame.filter(pl.col("early") != pl.col("late"))
    key = ["household", "local"]
    turns = twice.select("order", turn=pl.int_range(pl.len()).over(key), times=pl.len().over(key))
    frame = frame.join(turns, on="order", how="left", maintain_order="left")
    second = pl.col("turn").fill_null(0) > 0
    return frame.with_columns(
        utc=pl.coalesce("zoned", pl.when(second).then("late").otherwise("early")),
        skipped=pl.coalesce("zoned", "early").is_null() & pl.col("local").is_not_null(),
        unclear=pl.col("times").fill_null(2) == 1,
    ).drop("early", "late", "turn", "times")
