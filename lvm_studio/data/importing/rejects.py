"""The rows that are left out: counted with their reason, and listed in a file if one is wished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.blocks import EXTRA
from lvm_studio.data.importing.columns import ColumnMapping
from lvm_studio.data.importing.tables import ROW

HEADER = ("file", "row", "household", "column", "content", "reason")
#: Stands for the row of a reading that was taken at first and left out later.
EARLIER = "earlier"


@dataclass
class Ledger:
    """Counts what is left out; the first of each reason is kept for the report.

    Frames have the columns of `layouts.read_frames`. ``several`` says whether there are several
    files; ``list_to`` is a CSV file that every rejected row is written to.
    """

    mapping: ColumnMapping
    several: bool = False
    list_to: BinaryIO | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many readings have been left out so far."""
        return sum(self.rejected.values())

    def reject(self, frame: pl.DataFrame, file: str, reason: str, column: str = "value") -> None:
        """Count every row of `frame`; to blame is its 'value', its 'time' or a named column."""
        if not frame.height:
            return
        self.count(frame.height, reason)
        if self.only_counts(reason):
            return
        blamed = frame.select(
            pl.col(ROW).cast(pl.String).alias("row"),
            pl.col("household").cast(pl.String).fill_null(""),
            self._name(column).alias("column"),
            self._content(column).cast(pl.String).alias("content"),
        )
        if reason not in self.examples:
            self.examples[reason] = self._example(blamed.row(0, named=True), file)
        self._list(blamed, file, reason)

    def only_counts(self, reason: str) -> bool:
        """Whether rows of this reason need not be seen: an example is known, no list is wished."""
        return reason in self.examples and self.list_to is None

    def count(self, rows: int, reason: str) -> None:
        """Count rows that need not be seen."""
        self.rejected[reason] = self.rejected.get(reason, 0) + rows

    def reject_taken(self, household: str, times: list[str], reason: str) -> None:
        """Count readings that had been taken: only household and time are known of them."""
        if not times:
            return
        self.examples.setdefault(reason, f"household '{household}' at {times[0]} UTC")
        self.rejected[reason] = self.rejected.get(reason, 0) + len(times)
        if self.list_to is not None:
            blamed = pl.DataFrame({"content": times}).select(
                row=pl.lit(EARLIER),
                household=pl.lit(household),
                column=pl.lit(self.mapping.time),
                content="content",
            )
            self._list(blamed, "", reason)

    def _list(self, blamed: pl.DataFrame, file: str, reason: str) -> None:
        if self.list_to is None:
            return
        named = blamed.with_columns(file=pl.lit(file), reason=pl.lit(reason))
        named.select(HEADER).write_csv(self.list_to, include_header=False)

    def _name(self, column: str) -> pl.Expr:
        if column == "time":
            return pl.lit(self.mapping.time)
        if column == "household":
            return pl.lit(self.mapping.household or column)
        if column == EXTRA:
            return pl.lit("beyond the last")
        if column != "value":
            return pl.lit(column)
        return pl.when(pl.col("slot") == "").then(pl.lit(self.mapping.value)).otherwise("slot")

    @staticmethod
    def _content(column: str) -> pl.Expr:
        return pl.col({"time": "stamp"}.get(column, column))

    def _example(self, row: Mapping[str, str | None], file: str) -> str:
        content = "empty" if row["content"] is None else f"'{row['content'].strip()}'"
        place = f"row {row['row']}, column '{row['column']}': {content}"
        return f"{file}, {place}" if self.several else place


@contextmanager
def listing(path: Path | None) -> Iterator[BinaryIO | None]:
    """A CSV file for rejected rows, with its header; None where none is wished."""
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise DataError(
            f"The list of rejected rows cannot be written to {path} ({error.strerror}); "
            "choose another place."
        ) from None
    with file:
        file.write(",".join(HEADER).encode() + b"\n")
        yield file
