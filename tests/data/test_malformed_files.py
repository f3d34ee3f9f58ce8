"""Forty ways in which a file can be wrong: each is one sentence that says where and what to do.

A file of which nothing can be used is refused; where the rest is sound, the bad rows are counted
and their reason is the sentence.
"""

from __future__ import annotations

import datetime
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.guessing import guess_mapping
from lvm_studio.data.importing.job import import_readings, read_readings

FIRST = datetime.datetime(2013, 1, 7)
HEADER = "id,time,kwh"


def rows(count: int = 336, *, minutes: int = 30, home: str = "a", value: str = "0.2") -> list[str]:
    """Readings from a Monday on."""
    moments = (FIRST + datetime.timedelta(minutes=minutes * i) for i in range(count))
    return [f"{home},{moment:%Y-%m-%d %H:%M},{value}" for moment in moments]


def text(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def good(*more: str) -> bytes:
    """A whole week, and more."""
    return text(HEADER, *rows(), *more)


def parquet(frame: pl.DataFrame) -> Callable[[Path], None]:
    return frame.write_parquet


def moments(count: int) -> list[datetime.datetime]:
    return [FIRST + datetime.timedelta(minutes=30 * i) for i in range(count)]


Content = bytes | Callable[[Path], None]

REFUSED: dict[str, tuple[str, Content, str]] = {
    "empty": ("a.csv", b"", r"a\.csv holds no rows; choose"),
    "blank": ("a.csv", b"\n\n   \n", r"a\.csv holds no rows; choose"),
    "header only": ("a.csv", text(HEADER), r"a\.csv holds no rows; choose"),
    "spreadsheet": (
        "a.csv",
        b"PK\x03\x04rest",
        r"a\.csv is a spreadsheet .* save the sheet as CSV",
    ),
    "old spreadsheet": ("a.csv", b"\xd0\xcf\x11\xe0rest", "old Excel workbook; save"),
    "compressed": ("a.csv", gzip.compress(good()), r"a\.csv is compressed; unpack it first"),
    "HDF5": ("a.csv", b"\x89HDF\r\n\x1a\nrest", "is an HDF5 file; open a workspace with Open"),
    "database": ("a.csv", b"SQLite format 3\0", "is a database; export"),
    "web page": ("a.csv", b"<!doctype html><html>", "is a web page or XML; ask"),
    "JSON": ("a.csv", b'{"readings": []}', "is JSON; ask"),
    "PDF": ("a.csv", b"%PDF-1.7", "is a PDF; ask"),
    "UTF-16": ("a.csv", good().decode().encode("utf-16"), "is written in UTF-16; save it again"),
    "noise": ("a.csv", bytes(range(1, 9)) + b"\0\0\n" * 40, "is not a text table; export"),
    "Parquet named CSV": ("a.csv", b"PAR1rest", r"let its name end with \.parquet"),
    "CSV named Parquet": ("a.parquet", good(), r"a\.parquet cannot be read as Parquet"),
    "torn Parquet": ("a.parquet", b"PAR1" + b"\0" * 50, r"a\.parquet cannot be read as Parquet"),
    "old Mac lines": ("a.csv", good().replace(b"\n", b"\r"), "as old Macs did; save it again"),
    "one endless row": ("a.csv", b"a," * 60_000, r"a\.csv, row 1, is longer than .* characters"),
    "no header": ("a.csv", text(*rows()), r"a\.csv, row 1, is data, not a header; add a first row"),
    "no times": ("a.csv", text("id,kwh", *["a,1", "b,2"] * 9), "no column of times; write them"),
    "days alone": (
        "a.csv",
        text("id,day,kwh", *(re.sub(r" \d\d:\d\d", "", row) for row in rows())),
        "'day' holds days without a clock time, many rows to a day; add the clock time",
    ),
    "no numbers": (
        "a.csv",
        text("id,time,n", *rows(value="x")),
        "no column of numbers beside 'time'",
    ),
    "two-hour steps": (
        "a.csv",
        text(HEADER, *rows(84, minutes=120)),
        "every 120 minutes cannot be",
    ),
    "too short": ("a.csv", text(HEADER, *rows(100)), r"a\.csv holds no whole week, Monday"),
    "one gap each week": (
        "a.csv",
        text(HEADER, *(rows()[:40] + rows(value="x")[40:41] + rows()[41:])),
        r"no whole week.*: every week has gaps; left out: not a number .*; mend these rows, fill",
    ),
    "wrong year": (
        "a.csv",
        good("a,2103-01-07 00:00,0.2"),
        r"a\.csv, row 338: '2103-01-07 00:00' is more than 25 years .* look for a wrong year",
    ),
    "only negative": (
        "a.csv",
        text(HEADER, *rows(value="-1")),
        r"No row of a\.csv can be used: negative value \(336 rows, first: row 2, column 'kwh'",
    ),
    "starred name": (
        "a.csv",
        text(HEADER, *rows(home="a*b")),
        r"a\.csv: Household name 'a\*b' can",
    ),
    "times as numbers": (
        "a.parquet",
        parquet(pl.DataFrame({"id": ["a"] * 9, "time": range(9), "kwh": [0.1] * 9})),
        "has no column of times",
    ),
}

COUNTED: dict[str, tuple[str, bytes, str]] = {
    "too many fields": (
        "a.csv",
        good("a,2013-01-14 00:00,1,9"),
        r"more fields than the header \(first: row 338, column 'beyond the last': '9'",
    ),
    "too few fields": (
        "a.csv",
        good("a,2013-01-14 00:00"),
        r"no value \(first: row 338, column 'k",
    ),
    "a word": ("a.csv", good("a,2013-01-14 00:00,broken"), "not a number .*row 338.*'broken'"),
    "infinite": ("a.csv", good("a,2013-01-14 00:00,inf"), "not a number .*row 338.*'inf'"),
    "no value": ("a.csv", good("a,2013-01-14 00:00,Null"), "no value .*row 338.*'Null'"),
    "30 February": ("a.csv", good("a,2013-02-30 00:00,1"), "not a time .*row 338, column 'time'"),
    "hour 25": ("a.csv", good("a,2013-01-14 25:00,1"), "not a time .*row 338, column 'time'"),
    "no name": (
        "a.csv",
        good(",2013-01-14 00:00,1"),
        r"no household name .*row 338, column 'id'",
    ),
    "off the grid": ("a.csv", good("a,2013-01-14 00:07,1"), "not on a 30-minute mark .*row 338"),
    "half a second": (
        "a.csv",
        good("a,2013-01-14 00:00:00.5,1"),
        "not on a 30-minute mark .*row 338",
    ),
    "said twice": ("a.csv", good(rows()[5]), "repeats an earlier row .*row 338"),
    "contradiction": ("a.csv", good("a,2013-01-14 00:00,1", "a,2013-01-14 00:00,2"), "row 339"),
    "a lone quote": ("a.csv", good('a,"2013-01-14 00:00,1'), "not a time .*row 338"),
    "a torn line in the middle": (
        "a.csv",
        text(HEADER, *rows(100), "a,2013-0", *rows()[100:]),
        "no value .*row 102",
    ),
    "another date order": (
        "a.csv",
        good("a,14/01/2013 00:00,1"),
        "not a time .*'14/01/2013 00:00'",
    ),
    "decimal comma between": (
        "a.csv",
        good("a,2013-01-14 00:00,0,5"),
        "more fields than the header",
    ),
    "a second header": ("a.csv", good(HEADER), "not a number .*row 338, column 'kwh': 'kwh'"),
}


def write(folder: Path, name: str, content: Content) -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    return path


def said_of(path: Path) -> str:
    """The sentence a person gets, from the refusal or from the report."""
    try:
        mapping = guess_mapping(path)
        _, report = import_readings(path, mapping, name="mine")
    except DataError as error:
        return str(error)
    assert report.accepted == 336
    assert report.rows == report.accepted + sum(report.rejected.values())
    return report.sentences()[1]


@pytest.mark.parametrize("wrong", [*REFUSED, *COUNTED])
def test_each_is_met_by_one_sentence(tmp_path: Path, wrong: str) -> None:
    name, content, said = (REFUSED | COUNTED)[wrong]
    sentence = said_of(write(tmp_path, name, content))
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert re.search(said, sentence), sentence


def test_there_are_forty_of_them() -> None:
    assert len(REFUSED) + len(COUNTED) >= 40


def test_an_empty_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no CSV or Parquet file; choose another"):
        guess_mapping(tmp_path)
    with pytest.raises(DataError, match=r"There is no file 'no\.csv'"):
        guess_mapping(tmp_path / "no.csv")


def test_a_file_cut_short_while_it_is_read_keeps_what_was_whole(tmp_path: Path) -> None:
    """The last line lacks its end: it is judged like any other row."""
    path = tmp_path / "a.csv"
    whole = good() + good()[len(HEADER) + 1 :].replace(b"a,", b"b,")
    path.write_bytes(whole[:-4])
    made, report = import_readings(path, guess_mapping(path), name="x")
    assert made.household_ids == ("a", "b")
    assert report.rows == 672
    assert np.isnan(made.power_w[1]).sum() == len(report.rejected)


@pytest.mark.parametrize("place", ["a.csv", "homes/rejected.csv"])
def test_the_list_of_rejected_rows_never_lies_where_the_readings_are(
    tmp_path: Path, place: str
) -> None:
    """It would take their place, or be read as the readings of one more household."""
    (tmp_path / "homes").mkdir()
    (tmp_path / "a.csv").write_bytes(good())
    (tmp_path / "homes" / "a.csv").write_bytes(good())
    listed = tmp_path / place
    source = tmp_path / place.split("/")[0]
    with pytest.raises(DataError, match="lies where the readings are"):
        import_readings(source, guess_mapping(tmp_path / "a.csv"), name="x", rejected=listed)
    assert (tmp_path / "a.csv").read_bytes() == good()
    assert not (tmp_path / "homes" / "rejected.csv").exists()


@pytest.mark.parametrize(
    ("corrections", "temperature", "sentence"),
    [
        ({"country": "XX"}, None, "Public holidays of 'XX' are not known"),
        ({}, "cold.csv", r"There is no file 'cold\.csv'"),
    ],
)
def test_what_an_import_would_lack_is_told_before_it_reads(
    tmp_path: Path, corrections: dict[str, str], temperature: str | None, sentence: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(good())
    mapping = guess_mapping(path).corrected(corrections)
    cold = None if temperature is None else tmp_path / temperature
    with pytest.raises(DataError, match=sentence):
        next(read_readings(path, mapping, name="x", temperature=cold))
