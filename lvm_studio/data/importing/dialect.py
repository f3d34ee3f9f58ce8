"""How a text table is written: separator, encoding, where its header is; and refusals by name."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lvm_studio.data.errors import DataError

#: What to say of a table without any.
NO_ROWS = "holds no rows; choose a file with readings, or take it out of the folder"
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 1 << 16
_TITLE_LINES = 20
_LONGEST_LINE = 1 << 16
_WINDOWS = "cp1252"
_DATA_LIKE = re.compile(r"^\s*[-+]?\d[\d.,:/ TZ+-]*\s*$")
#: What a file begins with that is no text table, and what to do about it.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "is a spreadsheet or an archive; unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook; save the sheet as CSV"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"BZh", "is compressed; unpack it first"),
    (b"(\xb5/\xfd", "is compressed; unpack it first"),
    (b"\x89HDF", "is an HDF5 file; open a workspace with Open, or export the readings as CSV"),
    (b"SQLite", "is a database; export the readings as CSV"),
    (b"PAR1", "is a Parquet file by its content; let its name end with .parquet"),
    (b"%PDF", "is a PDF; ask for the readings as CSV"),
    (b"<", "is a web page or XML; ask for the readings as CSV"),
    (b"{", "is JSON; ask for the readings as CSV"),
    (b"[", "is JSON; ask for the readings as CSV"),
)


@dataclass(frozen=True)
class Dialect:
    """How one text table is written.

    ``names`` are the stripped names of the columns; ``skipped`` counts the lines before the
    header; ``header_bytes`` is where the first row begins.
    """

    separator: str
    names: tuple[str, ...]
    skipped: int
    header_bytes: int
    encoding: str

    @property
    def first_row(self) -> int:
        """The number of the first row of data, counted as an editor does."""
        return self.skipped + 2


def sniff(path: Path) -> Dialect:
    """Recognise how a text table is written, from its beginning.

    Lines above the header (titles, notes, an export's own description) are found by their
    number of fields. Raises DataError for what is no table, has no rows or no header.
    """
    sample = _beginning(path)
    encoding = _encoding(sample)
    lines = sample.decode(encoding, errors="replace").removeprefix("\ufeff").splitlines()
    if len(sample) == _SAMPLE_BYTES:
        if len(lines) < 2:
            raise DataError(
                f"{path.name}, row 1, is longer than {_LONGEST_LINE:,} characters; "
                "export one reading a row, with line breaks."
            )
        lines = lines[:-1]
    separator = _separator(lines)
    skipped = _lines_above_header(lines, separator)
    names = _unique([_unquoted(cell) for cell in lines[skipped].split(separator)])
    _check_header(path, names, lines, skipped)
    return Dialect(separator, names, skipped, _bytes_of(sample, skipped + 1), encoding)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    stripped = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    if not stripped:
        raise DataError(f"{path.name} {NO_ROWS}.")
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path.name} is written in UTF-16; save it again as CSV in UTF-8.")
    for magic, what in _FOREIGN:
        if stripped.startswith(magic):
            raise DataError(f"{path.name} {what}.")
    if b"\0" in sample:
        raise DataError(f"{path.name} is not a text table; export the readings as CSV.")
    if b"\n" not in sample and b"\r" in sample:
        raise DataError(f"{path.name} ends its lines as old Macs did; save it again as CSV.")
    return sample


def _encoding(sample: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return _WINDOWS
    return "utf-8"


def _separator(lines: list[str]) -> str:
    """The mark that cuts most rows into the same number of fields, the most of them."""

    def regularity(mark: str) -> tuple[float, int]:
        counts = Counter(line.count(mark) for line in lines if line.strip())
        fields, times = max(counts.items(), key=lambda item: (item[1], item[0]))
        return (times / counts.total() if fields else 0.0, fields)

    return max(_SEPARATORS, key=regularity)


def _lines_above_header(lines: list[str], separator: str) -> int:
    """Lines that have not as many filled fields as the rows: titles, notes, descriptions."""
    rows = Counter(line.count(separator) for line in lines[1:] if line.strip())
    usual = rows.most_common(1)[0][0] if rows else lines[0].count(separator)
    for index, line in enumerate(lines[:_TITLE_LINES]):
        cells = line.split(separator)
        filled = sum(bool(_unquoted(cell)) for cell in cells)
        if abs(len(cells) - usual - 1) <= (index == 0) and filled * 2 > len(cells):
            return index
    return 0


def _check_header(path: Path, names: tuple[str, ...], lines: list[str], skipped: int) -> None:
    if len(lines) < skipped + 2 or not any(line.strip() for line in lines[skipped + 1 :]):
        raise DataError(f"{path.name} {NO_ROWS}.")
    looking_like_data = [name for name in names if _DATA_LIKE.match(name)]
    dated = any(re.search(r"\d{4}[-/]\d|\d[/.]\d+[/.]\d{2}", name) for name in looking_like_data)
    if dated and len(looking_like_data) * 2 >= len(names):
        raise DataError(
            f"{path.name}, row {skipped + 1}, is data, not a header; "
            "add a first row that names the columns."
        )


def _bytes_of(sample: bytes, lines: int) -> int:
    """Length of the first `lines` lines."""
    at = 0
    for _ in range(lines):
        at = sample.find(b"\n", at) + 1
        if at == 0:
            return len(sample)
    return at


def _unquoted(cell: str) -> str:
    return cell.strip().strip('"').strip()


def _unique(names: list[str]) -> tuple[str, ...]:
    """Names with a number behind those that repeat, and for those that are empty."""
    seen: Counter[str] = Counter()
    unique = []
    for position, name in enumerate(names, start=1):
        given = name or f"column {position}"
        seen[given] += 1
        unique.append(given if seen[given] == 1 else f"{given} ({seen[given]})")
    return tuple(unique)
