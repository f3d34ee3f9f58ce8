"""Reading a CSV or Parquet file into a table whose rows can be named in a message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lvm_studio.data.errors import DataError

ROW = "__row__"
_SEPARATORS = (",", ";", "\t", "|")
_PARQUET = (".parquet", ".pq")
_SAMPLE_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class Preview:
    """The beginning of a file, as texts: column names and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def preview(path: Path, rows: int = 20) -> Preview:
    """The first rows of a CSV or Parquet file, for choosing columns."""
    table = read_table(path, rows).drop(ROW)
    texts = table.with_columns(pl.all().cast(pl.String, strict=False).fill_null(""))
    return Preview(columns=tuple(table.columns), rows=tuple(texts.rows()))


def sample_table(path: Path) -> pl.DataFrame:
    """Enough of a file's beginning to guess from."""
    return read_table(path, _SAMPLE_ROWS)


def read_table(path: Path, rows: int | None = None) -> pl.DataFrame:
    """A table with the row number in the file as column `ROW` (a CSV's header is row 1).

    CSV columns are texts: what they mean is decided later, where a bad row can be counted.
    """
    if not path.is_file():
        raise DataError(f"There is no file '{path.name}' at {path.parent}; choose another.")
    try:
        table = _read(path, rows)
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path.name} cannot be read as {_kind(path)} ({said}); "
            "export it again as CSV or Parquet."
        ) from None
    if table.height == 0:
        raise DataError(f"{path.name} holds no rows; choose a file with readings.")
    return table


def require(table: pl.DataFrame, column: str, path: Path) -> None:
    """Refuse a mapping to a column that is not there."""
    if column not in table.columns:
        there = ", ".join(f"'{name}'" for name in table.columns[:12] if name != ROW)
        raise DataError(f"{path.name} has no column '{column}'; choose one of {there}.")


def _kind(path: Path) -> str:
    return "Parquet" if path.suffix.lower() in _PARQUET else "CSV"


def _read(path: Path, rows: int | None) -> pl.DataFrame:
    if path.suffix.lower() in _PARQUET:
        table = pl.read_parquet(path, n_rows=rows)
        return table.with_row_index(ROW, offset=1)
    table = pl.read_csv(
        path, separator=_separator(path), infer_schema=False, n_rows=rows, encoding="utf8-lossy"
    )
    stripped = table.rename(lambda name: name.strip()).with_columns(pl.all().str.strip_chars())
    return stripped.with_row_index(ROW, offset=2)


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    return max(_SEPARATORS, key=header.count)
