"""Tables as files that other programs read: CSV or Parquet, whole or not at all."""

from __future__ import annotations

import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lvm_studio.data.errors import DataError
from lvm_studio.storage.atomic import replacing

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".parquet")


def prepare() -> None:
    """Begin to load what writes tables, beside a person who is still choosing a file's name.

    It takes a quarter of a second, which a window would otherwise stand still for.
    """
    threading.Thread(target=import_module, args=("polars",), daemon=True).start()


def write_table(path: Path, table: pl.DataFrame, decimals: int | None = None) -> None:
    """Write a table as CSV (UTC times as 2013-01-07T00:00:00Z) or Parquet, by the path's suffix.

    Raises:
        DataError: the suffix is neither, or the file cannot be written.
    """
    check_suffix(path)
    # Polars would name the temporary file in what it says; Python's own file does not.
    with replacing(path) as beside, beside.open("wb") as file:
        if path.suffix == ".csv":
            table.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%SZ", float_precision=decimals)
        else:
            table.write_parquet(file)


def check_suffix(path: Path) -> None:
    """Refuse a file of another kind.

    Raises:
        DataError: it is neither CSV nor Parquet.
    """
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path.name}: tables are written as .csv or .parquet; choose one of them.")
