"""Written numbers into floats, and columns of what is said into metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: How sources write that there is no value; anything else that is no number is a mistake.
NO_VALUE = ("", "null", "nan", "na", "n/a", "none", "-", "nd", "nc", "#n/a")


def to_number(column: str, dtype: pl.DataType, decimal_comma: bool) -> pl.Expr:
    """Numbers of a column; null where there is none."""
    if dtype != pl.String:
        return pl.col(column).cast(pl.Float64, strict=False)
    text = pl.col(column).str.strip_chars()
    if decimal_comma:
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def read_numbers(values: pl.Series, decimal_comma: bool) -> NDArray[np.float64]:
    """Numbers of a column, NaN where there is none."""
    wanted = to_number("value", values.dtype, decimal_comma).fill_null(np.nan)
    numbers: NDArray[np.float64] = (
        values.alias("value").to_frame().select(wanted).to_series().to_numpy()
    )
    return numbers


def is_no_value(values: pl.Series) -> NDArray[np.bool_]:
    """Where a source says that it has no value."""
    text = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    return (text.is_null() | text.is_in(NO_VALUE)).to_numpy()


def metadata_column(said: Sequence[str]) -> NDArray[Any]:
    """What is said of each household [H] as numbers (NaN: unknown) if all of it is, else texts.

    >>> metadata_column(["80", "n/a"]), metadata_column(["gas", ""])
    (array([80., nan]), array(['gas', ''], dtype='<U3'))
    """
    texts = ["" if text.lower() in NO_VALUE else text for text in said]
    numbers = pl.Series(texts, dtype=pl.String).cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.count("") < len(texts) and numbers.is_finite().all():
        return numbers.fill_null(np.nan).to_numpy()
    return np.array(texts, dtype=np.str_)
