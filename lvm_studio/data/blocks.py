"""A text or Parquet table of any size, one block of rows after the other.

Text is cut at line ends into blocks of a few megabytes, which polars parses as a lazy scan of
texts: memory stays small whatever the size of the file, the place in the file is known to the
byte, and between two blocks somebody may cancel. The next block is parsed by another thread
while the caller works on this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from lvm_studio.data.dialect import Dialect, sniff
from lvm_studio.data.errors import DataError

PARQUET = (".parquet", ".pq")
#: Not null where a row of text has more fields than the header.
EXTRA = "__extra__"
_BLOCK_BYTES = 8 << 20
_FIRST_BYTES = 1 << 18  # the first answer comes soon
_LONGEST_LINE = 1 << 20
_PARQUET_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a file: ``frame`` begins at row ``first_row``; ``done`` is a share of it."""

    frame: pl.DataFrame
    first_row: int
    done: float


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name."""
    return path.suffix.lower() in PARQUET


def column_names(path: Path) -> tuple[str, ...]:
    """The columns of a table, without reading its rows."""
    if is_parquet(path):
        return tuple(_scan_parquet(path).collect_schema().names())
    return sniff(path).names


def blocks(path: Path, columns: Sequence[str]) -> Iterator[Block]:
    """The rows of `columns` (and `EXTRA`), a few megabytes at a time.

    A row's number is what an editor shows (a CSV's header is row 1 if nothing is above it).
    Texts are texts: what they mean is decided later, where a bad row can be counted.
    """
    parsed = _parquet_blocks(path, columns) if is_parquet(path) else _text_blocks(path, columns)
    row = 1 if is_parquet(path) else sniff(path).first_row
    for frame, done in parsed:
        yield Block(frame, row, done)
        row += frame.height


def _parquet_blocks(path: Path, columns: Sequence[str]) -> Iterator[tuple[pl.DataFrame, float]]:
    lazy = _scan_parquet(path)
    rows = lazy.select(pl.len()).collect().item()
    read = 0
    wanted = lazy.select(*columns, pl.lit(None, pl.String).alias(EXTRA))
    for frame in wanted.collect_batches(
        chunk_size=_PARQUET_ROWS, maintain_order=True, engine="streaming"
    ):
        read += frame.height
        yield frame, read / max(rows, 1)


def _scan_parquet(path: Path) -> pl.LazyFrame:
    try:
        lazy = pl.scan_parquet(path)
        lazy.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path.name} cannot be read as Parquet ({said}); export it again as CSV or Parquet."
        ) from None
    return lazy


def _text_blocks(path: Path, columns: Sequence[str]) -> Iterator[tuple[pl.DataFrame, float]]:
    dialect = sniff(path)
    size = path.stat().st_size
    with path.open("rb") as file, ThreadPoolExecutor(1, "reading") as ahead:
        file.seek(dialect.header_bytes)
        next_block = ahead.submit(_read_block, file, dialect, columns, _FIRST_BYTES)
        while (found := next_block.result()) is not None:
            next_block = ahead.submit(_read_block, file, dialect, columns, _BLOCK_BYTES)
            frame, end = found
            yield frame, end / size


def _read_block(
    file: BinaryIO, dialect: Dialect, columns: Sequence[str], size: int
) -> tuple[pl.DataFrame, int] | None:
    """The next rows and where they end; None at the end of the file."""
    raw = file.read(size)
    if not raw:
        return None
    if not raw.endswith(b"\n"):
        raw += file.readline(_LONGEST_LINE)
    return parse(raw, dialect, columns), file.tell()


def parse(raw: bytes, dialect: Dialect, columns: Sequence[str]) -> pl.DataFrame:
    """Lines of text as a table of texts; a row with too many fields has something in `EXTRA`."""
    if dialect.encoding != "utf-8":
        raw = raw.decode(dialect.encoding, errors="replace").encode()
    places = {name: f"c{i}" for i, name in enumerate((*dialect.names, EXTRA))}
    header = dialect.separator.join(places.values()).encode() + b"\n"
    wanted = [pl.col(places[name]).alias(name) for name in (*columns, EXTRA)]
    # A quote that never closes would swallow the rows after it: then quotes are letters.
    balanced = raw.count(b'"') % 2 == 0
    try:
        return _scan(header + raw, dialect, quote='"' if balanced else None).select(wanted).collect()
    except pl.exceptions.PolarsError:
        return _scan(header + raw, dialect, quote=None).select(wanted).collect()


def _scan(raw: bytes, dialect: Dialect, *, quote: str | None) -> pl.LazyFrame:
    return pl.scan_csv(
        raw,
        separator=dialect.separator,
        infer_schema=False,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
        quote_char=quote,
    )
