"""The composition as a Qt model: one row a household, with its multiplicity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from lvm_studio.studio.numerals import percent, with_decimals

Index = QModelIndex | QPersistentModelIndex
MAX_COUNT = 9999
SORT_ROLE = Qt.ItemDataRole.UserRole
"""What a column is sorted by."""
BAR_ROLE = Qt.ItemDataRole.UserRole + 1
"""A part as a share of the largest one; None where nothing is known."""
STALE_ROLE = Qt.ItemDataRole.UserRole + 2
"""Whether the part is of an earlier street or λ."""

OVER_WEEK: Mapping[int, str] = {
    Qt.ItemDataRole.DisplayRole: "Week kWh",
    Qt.ItemDataRole.ToolTipRole: (
        "Energy of this row in the mean week of the fan (of the tuned one where λ ≠ 0)."
    ),
}
"""Head of the last column while it shows the week."""


class Column(IntEnum):
    """Columns of the composition."""

    HOUSEHOLD = 0
    COUNT = 1
    MEAN = 2
    PEAK = 3


@dataclass(frozen=True)
class Member:
    """What the composition shows of a household: mean power in W (NaN = unknown), a caption."""

    mean_w: float
    caption: str


@dataclass(frozen=True)
class Part:
    """What a row gives to the peak of the fan.

    peak_kw: its part; share: of the whole mean peak; more_kw: above its part in the base law;
    week_kwh: its energy in the week; week_share: of the energy of the whole street.
    """

    peak_kw: float
    share: float
    more_kw: float
    week_kwh: float
    week_share: float

    def sentence(self) -> str:
        """The part in words."""
        more = f", {with_decimals(self.more_kw, 2, '+')} kW against the base law"
        return (
            f"{with_decimals(self.peak_kw, 2)} kW of the mean peak ({percent(self.share, 1)})"
            f"{more if self.more_kw else ''}; "
            f"{self.week_kwh:,.0f} kWh in the week ({percent(self.week_share, 1)})."
        )


class CompositionTable(QAbstractTableModel):
    """Shows a composition; edits are asked for with `count_asked`, never made here.

    The new composition comes back from the session, so that each edit is one undo step.
    """

    count_asked = Signal(str, int)

    TITLES = ("Household", "Times", "Mean W", "Peak kW")
    TIPS = (
        "Identifier; a household may be in the composition several times.",
        "How many times it is counted. Click − or +, type a number, or press the − and + keys.",
        "Mean power of this row over the year: multiplicity × mean of the household.",
        "Part of this row in the mean peak of the fan (of the tuned one where λ ≠ 0), each sampled "
        "week at the half-hour where it peaks.\nGiven Σw each household is known in closed form: "
        "E[wᵢ | Σw] = mᵢ + sᵢ²/Σs² (Σw − Σm). Their parts and what weather, day and chance add "
        "for all sum to the peak.",
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: tuple[tuple[str, int], ...] = ()
        self._members: Mapping[str, Member] = {}
        self._parts: Mapping[str, Part] = {}
        self._largest = 0.0
        self._stale = False
        self._over_week = False

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Pairs of household id and multiplicity, in order of insertion."""
        return self._counts

    @property
    def size(self) -> int:
        """K: households, each as often as it counts."""
        return sum(count for _, count in self._counts)

    @property
    def mean_w(self) -> float:
        """Mean power of the whole composition (W); NaN if one is unknown."""
        return sum(count * self.member(name).mean_w for name, count in self._counts)

    def set_members(self, members: Mapping[str, Member]) -> None:
        """Set what is known of each household of the data set."""
        self._members = members
        self._touch_rows(0)

    def set_parts(self, parts: Mapping[str, Part]) -> None:
        """Set what each row gives to the peak; rows that are not named show nothing."""
        self._parts, self._stale = parts, False
        self._touch_parts()

    def set_over_week(self, over_week: bool) -> None:
        """Show each row's energy of the week in place of its part in the peak, or back."""
        self._over_week = over_week
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.PEAK, Column.PEAK)
        self._touch_parts()

    def fade_parts(self) -> None:
        """Grey the parts: others are being computed."""
        if self._parts and not self._stale:
            self._stale = True
            self._touch_parts()

    def set_counts(self, counts: Sequence[tuple[str, int]]) -> None:
        """Show another composition; rows that stay keep their selection."""
        new = tuple(counts)
        old_ids = [name for name, _ in self._counts]
        new_ids = [name for name, _ in new]
        if old_ids == new_ids:
            self._counts = new
        elif new_ids[: len(old_ids)] == old_ids:
            self.beginInsertRows(QModelIndex(), len(old_ids), len(new_ids) - 1)
            self._counts = new
            self.endInsertRows()
        elif new_ids == [name for name in old_ids if name in set(new_ids)]:
            self._remove_all_but(set(new_ids))
            self._counts = new
        else:
            self.beginResetModel()
            self._counts = new
            self.endResetModel()
        self._touch_rows(0)

    def _remove_all_but(self, kept: set[str]) -> None:
        """Take rows out one by one, so that a view stays where its keyboard was."""
        for row in reversed(range(len(self._counts))):
            if self._counts[row][0] not in kept:
                self.beginRemoveRows(QModelIndex(), row, row)
                self._counts = self._counts[:row] + self._counts[row + 1 :]
                self.endRemoveRows()

    def member(self, household_id: str) -> Member:
        """What is known of a household."""
        return self._members.get(household_id, Member(float("nan"), "not in the data set"))

    def household_id(self, row: int) -> str:
        """Id shown in a row."""
        return self._counts[row][0]

    def count(self, row: int) -> int:
        """Multiplicity shown in a row."""
        return self._counts[row][1]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._counts)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        name, count = self._counts[index.row()]
        if index.column() == Column.PEAK:
            return self._part_data(self._parts.get(name), role)
        member = self.member(name)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if index.column() == Column.HOUSEHOLD:
                return name
            if index.column() == Column.COUNT:
                return count
            return "" if member.mean_w != member.mean_w else f"{count * member.mean_w:,.0f}"
        if role == SORT_ROLE:
            mean_w = -1.0 if member.mean_w != member.mean_w else count * member.mean_w
            return (name, count, mean_w)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{name} × {count}\n{member.caption}"
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == Column.MEAN:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _part_data(self, part: Part | None, role: int) -> Any:
        if part is None:
            return -math.inf if role == SORT_ROLE else None
        value = self._worth(part)
        if role == Qt.ItemDataRole.DisplayRole:
            return with_decimals(value, 0 if self._over_week else 2)
        if role == SORT_ROLE:
            return value
        if role == BAR_ROLE:
            return max(0.0, value) / self._largest if self._largest > 0.0 else 0.0
        if role == STALE_ROLE:
            return self._stale
        if role == Qt.ItemDataRole.ToolTipRole:
            return part.sentence()
        return None

    def _worth(self, part: Part) -> float:
        return part.week_kwh if self._over_week else part.peak_kw

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != Column.COUNT:
            return False
        if int(value) != self.count(index.row()):
            self.count_asked.emit(self.household_id(index.row()), int(value))
        return True

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if section == Column.PEAK and self._over_week and role in OVER_WEEK:
            return OVER_WEEK[role]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.TIPS[section]
        if role == Qt.ItemDataRole.InitialSortOrderRole and section != Column.HOUSEHOLD:
            return int(Qt.SortOrder.DescendingOrder.value)
        if role == Qt.ItemDataRole.TextAlignmentRole and section != Column.HOUSEHOLD:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        editable = index.column() == Column.COUNT
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def _touch_parts(self) -> None:
        """Draw the parts' column anew, and no other: a first move of λ waits for it."""
        self._largest = max((self._worth(part) for part in self._parts.values()), default=0.0)
        if self._counts:
            ends = (self.index(row, Column.PEAK) for row in (0, len(self._counts) - 1))
            self.dataChanged.emit(*ends)

    def _touch_rows(self, first: int) -> None:
        if self._counts:
            last = self.index(len(self._counts) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(first, 0), last)
