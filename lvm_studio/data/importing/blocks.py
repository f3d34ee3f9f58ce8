"""A text or Parquet table of any size, one block of rows after the other.

Text is cut at line ends into blocks of a few megabytes, which polars parses as a lazy scan of
texts: memory stays small whatever the size of the file, the place in the file is known to the
byte, and between two blocks somebody may cancel. Threads parse the next blocks, and do with them
what the caller wants of each alone, while the caller works on this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.dialect import Dialect, sniff

PARQUET = (".parquet", ".pq")
#: Not null where a row of text has more fields than the header.
EXTRA = "__extra__"
_BLOCK_BYTES = 16 << 20  # threads hand Python's lock to each other a few times a block
_FIRST_BYTES = 1 << 18  # the first answer comes soon
_PARQUET_ROWS = 200_000
_THREADS = 2
_AHEAD = 3
_Encoding: TypeAlias = Literal["utf8", "utf8-lossy"]
#: How a text is parsed: the first way that does. The lossy ones are slower.
_WAYS: tuple[tuple[str | None, _Encoding], ...] = (
    ('"', "utf8"),
    ('"', "utf8-lossy"),
    (None, "utf8"),
    (None, "utf8-lossy"),
)
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a file, and the share of the file that ends with them.

    ``lines`` is what was parsed, if it was text: columns that are seldom asked for can be had
    from there.
    """

    frame: pl.DataFrame
    done: float
    lines: Lines | None = None


@dataclass(frozen=True, eq=False)
class Lines:
    """Rows as they are written, below a header c0, c1, …"""

    raw: bytes
    dialect: Dialect
    rows: int

    def texts_at(self, rows: Sequence[int], columns: Sequence[str]) -> dict[str, list[str]]:
        """What stands in these columns of a few rows; "" where nothing does."""
        ends = np.flatnonzero(np.frombuffer(self.raw, np.uint8) == ord("\n")) + 1
        lines = [self.raw[ends[row] : ends[row + 1]] for row in rows if row + 1 < len(ends)]
        if len(ends) != self.rows + 1 or any(b'"' in line for line in lines):
            # Some rows are not lines, or some fields not what stands between two separators.
            found = parse(self.raw, self.dialect, columns)[list(rows)]
            return {name: found[name].fill_null("").to_list() for name in columns}
        mark, encoding = self.dialect.separator, self.dialect.encoding
        cells = [line.decode(encoding, "replace").rstrip("\r\n").split(mark) for line in lines]
        places = [(name, self.dialect.names.index(name)) for name in columns]
        return {name: [row[at] if at < len(row) else "" for row in cells] for name, at in places}


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name."""
    return path.suffix.lower() in PARQUET


def column_names(path: Path) -> tuple[str, ...]:
    """The columns of a table, without reading its rows."""
    if is_parquet(path):
        return tuple(_scan_parquet(path).collect_schema().names())
    return sniff(path).names


def first_row(path: Path) -> int:
    """The number of a table's first row, as an editor shows it.

    A CSV's header is row 1 if nothing is above it; Parquet has none.
    """
    return 1 if is_parquet(path) else sniff(path).first_row


def blocks(path: Path, columns: Sequence[str], work: Callable[[Block], Made]) -> Iterator[Made]:
    """What `work` makes of each block of the rows of `columns` (and `EXTRA`), in their order.

    Texts are texts: what they mean is decided later, where a bad row can be counted. `work` is
    done by several threads, a few blocks ahead.
    """
    jobs = _parquet_jobs(path, columns) if is_parquet(path) else _text_jobs(path, columns)
    waiting: deque[Future[Made]] = deque()
    with _Threads() as threads:
        ahead = 0
        for job in jobs:
            waiting.append(threads.pool.submit(_worked, job, work))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
                ahead = min(ahead + 1, _AHEAD)
        while waiting:
            yield waiting.popleft().result()


def _worked(job: Callable[[], Block], work: Callable[[Block], Made]) -> Made:
    return work(job())


class _Threads:
    """Threads that leave undone what nobody waits for any more."""

    def __enter__(self) -> _Threads:
        self.pool = ThreadPoolExecutor(_THREADS, "reading")
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)


def _parquet_jobs(path: Path, columns: Sequence[str]) -> Iterator[Callable[[], Block]]:
    lazy = _scan_parquet(path)
    rows = lazy.select(pl.len()).collect().item()
    read = 0
    wanted = lazy.select(*columns, pl.lit(None, pl.String).alias(EXTRA))
    for frame in wanted.collect_batches(
        chunk_size=_PARQUET_ROWS, maintain_order=True, engine="streaming"
    ):
        read += frame.height
        yield partial(Block, frame, read / max(rows, 1))


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


def _text_jobs(path: Path, columns: Sequence[str]) -> Iterator[Callable[[], Block]]:
    dialect = sniff(path)
    size = path.stat().st_size
    names = [f"c{i}" for i in range(len(dialect.names) + 1)]
    header = dialect.separator.join(names).encode() + b"\n"
    with path.open("rb", buffering=0) as file:
        file.seek(dialect.header_bytes)
        reader, wanted = _LineReader(file), _FIRST_BYTES
        while raw := reader.read(wanted, header):
            yield partial(_parsed, raw, dialect, columns, reader.place / size)
            wanted = _BLOCK_BYTES


def _parsed(raw: bytes, dialect: Dialect, columns: Sequence[str], done: float) -> Block:
    frame = parse(raw, dialect, columns)
    return Block(frame, done, Lines(raw, dialect, frame.height))


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
    for quote, encoding in _WAYS[0 if quoted else 2 : 3]:
        try:
            return _scan(raw, dialect, quote, encoding).select(wanted).collect()
        except pl.exceptions.PolarsError:
            continue
    return _scan(raw, dialect, *_WAYS[3]).select(wanted).collect()


def _scan(raw: bytes, dialect: Dialect, quote: str | None, encoding: _Encoding) -> pl.LazyFrame:
    return pl.scan_csv(
        raw,
        separator=dialect.separator,
        infer_schema=False,
        truncate_ragged_lines=True,
        encoding=encoding,
        quote_char=quote,
    )
