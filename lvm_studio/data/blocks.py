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
from io import FileIO
from pathlib import Path

import polars as pl

from lvm_studio.data.dialect import Dialect, sniff
from lvm_studio.data.errors import DataError

PARQUET = (".parquet", ".pq")
#: Not null where a row of text has more fields than the header.
EXTRA = "__extra__"
_BLOCK_BYTES = 8 << 20
_FIRST_BYTES = 1 << 18  # the first answer comes soon
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
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1, "reading") as ahead:
        file.seek(dialect.header_bytes)
        reader = _LineReader(file)
        next_block = ahead.submit(_read_block, reader, dialect, columns, _FIRST_BYTES)
        while (found := next_block.result()) is not None:
            next_block = ahead.submit(_read_block, reader, dialect, columns, _BLOCK_BYTES)
            frame, end = found
            yield frame, end / size


class _LineReader:
    """Reads whole lines into one buffer, which is used again and again: fresh memory is slow."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._buffer = bytearray(_BLOCK_BYTES)
        self._held = 0  # bytes of a line that is not whole yet, at the buffer's beginning

    @property
    def place(self) -> int:
        """Where the lines read so far end in the file."""
        return self._file.tell() - self._held

    def read(self, size: int, header: bytes) -> bytes:
        """Up to about `size` bytes that end with a line, below `header`; b"" at the end."""
        cut = got = 0
        while not cut:
            if self._held == len(self._buffer):
                raise DataError(
                    f"{Path(self._file.name).name} has a row longer than {self._held:,} bytes; "
                    "export one reading a row, with line breaks."
                )
            with memoryview(self._buffer) as view:
                got = self._file.readinto(view[self._held : max(size, 2 * self._held)])
            end = self._held + got
            cut = self._buffer.rfind(b"\n", 0, end) + 1 if got else end
            self._held = end - cut
            if not got:
                break
        with memoryview(self._buffer) as view:
            lines = header + view[:cut] if cut else b""
            view[: self._held] = bytes(view[cut : cut + self._held])
        return lines


def _read_block(
    reader: _LineReader, dialect: Dialect, columns: Sequence[str], size: int
) -> tuple[pl.DataFrame, int] | None:
    """The next rows and where they end; None at the end of the file."""
    names = [f"c{i}" for i in range(len(dialect.names) + 1)]
    header = dialect.separator.join(names).encode() + b"\n"
    raw = reader.read(size, header)
    if not raw:
        return None
    return parse(raw, dialect, columns), reader.place


def parse(raw: bytes, dialect: Dialect, columns: Sequence[str]) -> pl.DataFrame:
    """Lines below a header c0, c1, … as a table of texts.

    A row with too many fields has something in `EXTRA`.
    """
    if dialect.encoding != "utf-8":
        raw = raw.decode(dialect.encoding, errors="replace").encode()
    places = {name: f"c{i}" for i, name in enumerate((*dialect.names, EXTRA))}
    wanted = [pl.col(places[name]).alias(name) for name in (*columns, EXTRA)]
    # A quote that never closes would swallow the rows after it: then quotes are letters.
    quoted = b'"' in raw and raw.count(b'"') % 2 == 0
    try:
        return _scan(raw, dialect, quote='"' if quoted else None).select(wanted).collect()
    except pl.exceptions.PolarsError:
        return _scan(raw, dialect, quote=None).select(wanted).collect()


def _scan(raw: bytes, dialect: Dialect, *, quote: str | None) -> pl.LazyFrame:
    return pl.scan_csv(
        raw,
        separator=dialect.separator,
        infer_schema=False,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
        quote_char=quote,
    )
