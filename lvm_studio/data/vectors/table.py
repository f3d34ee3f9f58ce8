"""Any table of numbers as vectors: some of its columns are x, some the condition k."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.tables import ROW, read_table
from lvm_studio.data.vectors.conditions import VectorColumns
from lvm_studio.data.vectors.conditions import numbers as as_numbers
from lvm_studio.data.vectors.sets import VectorSet


def read_vectors(path: Path, condition: tuple[str, ...] = ()) -> VectorSet:
    """The rows of a CSV or Parquet file; all columns of numbers but `condition` are x.

    Columns of texts become labels, and every row keeps its number in the file as 'row'. Rows in
    which a number is missing are left out; provenance counts them.

    Raises:
        DataError: no column of numbers, no whole row, or a condition that is not there.
    """
    table = read_table(path)
    numbers = {
        name: table[name].cast(pl.Float64, strict=False)
        for name in table.columns
        if name != ROW and _is_numeric(table[name])
    }
    for name in condition:
        if name not in numbers:
            raise DataError(
                f"{path.name} has no column of numbers '{name}'; it has {', '.join(numbers)}."
            )
    seen = [name for name in numbers if name not in condition]
    if not seen:
        raise DataError(
            f"{path.name} holds no column of numbers (like 1234.5); choose another table."
        )
    values = np.stack([numbers[name].to_numpy() for name in (*seen, *condition)], axis=1)
    whole = np.isfinite(values).all(axis=1)
    if whole.sum() < 2:
        raise DataError(f"{path.name} has fewer than two rows without a missing number.")
    texts = [name for name in table.columns if name not in numbers and name != ROW]
    labels = {
        name: np.array(table[name].cast(pl.String).fill_null("").to_list())[whole] for name in texts
    }
    k = values[whole, len(seen) :].astype(np.float32) if condition else None
    return VectorSet(
        path.stem,
        values[whole, : len(seen)].astype(np.float32),
        k,
        {**labels, "row": table[ROW].to_numpy().astype(np.int64)[whole]},
        {"source": path.name, "left_out": int((~whole).sum())},
        VectorColumns(tuple(seen), conditions=as_numbers(condition)),
    )


def _is_numeric(column: pl.Series) -> bool:
    """Numbers as they are, or texts of which nearly all are numbers or empty."""
    if column.dtype.is_numeric():
        return True
    if column.dtype != pl.String:
        return False
    told = column.filter(column.fill_null("") != "")
    return len(told) > 0 and told.cast(pl.Float64, strict=False).null_count() <= 0.1 * len(told)
