"""Which rows of the library are shown: words, comparisons and chosen categories."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel

from lvm_studio.studio.widgets.compose.household_table import (
    SORT_ROLE,
    HouseholdTable,
    LibraryColumn,
)

_COMPARISON = re.compile(r"^([\w/°% ]+?)(<=|>=|<|>|=)(-?\d+(?:\.\d+)?)$")
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": math.isclose,
}


@dataclass(frozen=True)
class HouseholdQuery:
    """What a household must satisfy: every word of `text`, and every chosen category.

    A word is looked for in the id and in the categories; `mean>400` compares the first numeric
    column whose name or title starts with "mean". `chosen` maps column names to a category.
    """

    text: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, columns: tuple[LibraryColumn, ...], row: int) -> bool:
        """Whether this row of the columns passes."""
        by_name = {column.name: column for column in columns}
        return all(
            str(by_name[name].values[row]) == value
            for name, value in self.chosen.items()
            if name in by_name
        ) and all(_word_accepts(word, columns, row) for word in self.text.split())


def _word_accepts(word: str, columns: tuple[LibraryColumn, ...], row: int) -> bool:
    comparison = _COMPARISON.match(word)
    if comparison:
        name, sign, number = comparison.groups()
        column = _numeric_column(columns, name.casefold())
        if column is not None:
            value = float(column.values[row])
            return not np.isnan(value) and _OPERATORS[sign](value, float(number))
    needle = word.casefold()
    return any(
        needle in str(column.values[row]).casefold() for column in columns if not column.numeric
    )


def _numeric_column(columns: tuple[LibraryColumn, ...], start: str) -> LibraryColumn | None:
    for column in columns:
        names = (column.name.casefold(), column.title.casefold())
        if column.numeric and any(name.startswith(start) for name in names):
            return column
    return None


class HouseholdFilter(QSortFilterProxyModel):
    """Proxy that shows the households a query accepts, sorted by value rather than by text."""

    def __init__(self, table: HouseholdTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._query = HouseholdQuery()
        self.setSourceModel(table)
        self.setSortRole(SORT_ROLE)

    @property
    def query(self) -> HouseholdQuery:
        """The query in force."""
        return self._query

    def set_query(self, query: HouseholdQuery) -> None:
        """Show only what this query accepts."""
        self._query = query
        self.invalidate()

    def shown_rows(self) -> list[int]:
        """Rows of the table that pass, in the order on screen."""
        return [self.mapToSource(self.index(row, 0)).row() for row in range(self.rowCount())]

    def filterAcceptsRow(
        self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex
    ) -> bool:
        return self._query.accepts(self._table.columns, source_row)

    def lessThan(
        self,
        left: QModelIndex | QPersistentModelIndex,
        right: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        first, second = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if isinstance(first, float) and math.isnan(first):
            return False  # unknown numbers come last when ascending
        if isinstance(second, float) and math.isnan(second):
            return True
        return bool(first < second)
