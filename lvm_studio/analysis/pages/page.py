"""What a page holds: plain, frozen values that know nothing of HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lvm_studio.data.errors import DataError

FIGURE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
"""Names become file names."""

Cell = str | float | None
"""A word, a number (shown to three digits), or nothing."""


@dataclass(frozen=True, eq=False)
class PageFigure:
    """A drawing and the numbers it shows.

    Args:
        name: of lower-case letters, digits and hyphens; unique on a page; names the CSV.
        caption: one or two sentences.
        svg: a whole `<svg>` element that loads nothing.
        data: the numbers drawn, by column; an array of two dimensions becomes several columns.
    """

    name: str
    caption: str
    svg: str
    data: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        if not FIGURE_NAME.fullmatch(self.name):
            raise DataError(
                f"{self.name!r} is no name of a figure; take lower-case letters, digits, hyphens."
            )


@dataclass(frozen=True)
class PageTable:
    """A table; every row has a cell for every column.

    Args:
        caption: what it shows.
        columns: their heads, with units.
        rows: cells; numbers stand right, words left.
        note: small print below.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for index, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise DataError(
                    f"Row {index} of the table {self.caption!r} has {len(row)} cells "
                    f"for {len(self.columns)} columns."
                )


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page under one heading: words, then figures, then tables."""

    title: str
    paragraphs: tuple[str, ...]
    figures: tuple[PageFigure, ...] = ()
    tables: tuple[PageTable, ...] = ()


@dataclass(frozen=True, eq=False)
class Page:
    """A page of results.

    Args:
        title: its heading.
        lead: what it shows and what was found, in a few sentences.
        sections: in reading order.

    >>> Page("Title", "Lead.", (Section("One", ("Words.",)),)).figures
    ()
    """

    title: str
    lead: str
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        names = [figure.name for figure in self.figures]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"Two figures of the page {self.title!r} are named {twice!r}.")

    @property
    def figures(self) -> tuple[PageFigure, ...]:
        """The figures of all sections."""
        return tuple(figure for section in self.sections for figure in section.figures)
