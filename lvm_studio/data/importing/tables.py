"""Small tables whole, large ones by their beginning: for previews, guesses and weather."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.blocks import EXTRA, blocks, column_names, first_row
from lvm_studio.data.importing.dialect import NO_ROWS

ROW = "__row__"
_SAMPLE_ROWS = 20_000
_KINDS = (".csv", ".txt", ".tsv", ".parquet", ".pq")


@dataclass(frozen=True, eq=False)
class Preview:
    """The beginning of a file, as texts: column names and rows; ``files`` counts those read."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    files: int = 1


def preview(path: Path, rows: int = 20) -> Preview:
    """The first rows of a CSV or Parquet file (or of a folder's first), for choosing columns."""
    files = table_files(path)
    table = read_table(files[0], rows).drop(ROW)
    texts = table.with_columns(pl.all().cast(pl.String, strict=False).fill_null(""))
    return Preview(columns=tuple(table.columns), rows=tuple(texts.rows()), files=len(files))


def table_files(path: Path) -> list[Path]:
    """The file itself, or the tables of a folder in the order of their names."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _KINDS)
        if not files:
            raise DataError(f"The folder {path.name} holds no CSV or Parquet file; choose another.")
        return files
    if not path.is_file():
        raise DataError(
            f"There is no file '{path.name}' in {path.resolve().parent}; check the name."
        )
    return [path]


def sample_table(path: Path) -> pl.DataFrame:
    """Enough of a file's beginning to guess from."""
    return read_table(path, _SAMPLE_ROWS)


def read_table(path: Path, rows: int | None = None) -> pl.DataFrame:
    """A table with the row number in the file as column `ROW` (a CSV's header is row 1).

    CSV columns are texts without blanks around them: what they mean is decided later.
    """
    table_files(path)
    found: list[pl.DataFrame] = []
    try:
        columns = column_names(path)
        for frame in blocks(path, columns, attrgetter("frame")):
            found.append(frame)
            if rows is not None and sum(frame.height for frame in found) >= rows:
                break
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path.name} cannot be read ({said}); export it again as CSV or Parquet."
        ) from None
    if not sum(frame.height for frame in found):
        raise DataError(f"{path.name} {NO_ROWS}.")
    table = pl.concat(found).drop(EXTRA).with_row_index(ROW, offset=first_row(path))
    table = table if rows is None else table.head(rows)
    return table.with_columns(pl.col(pl.String).str.strip_chars())
