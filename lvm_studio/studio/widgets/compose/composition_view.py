"""Middle of the composer: the street as a list of households with multiplicities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import qtawesome as qta
from PySide6.QtCore import QPoint, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.numerals import counted, with_decimals
from lvm_studio.studio.theme import MUTED, headline
from lvm_studio.studio.widgets.compose.composition_table import (
    MAX_COUNT,
    SORT_ROLE,
    Column,
    CompositionTable,
    Member,
    Part,
)
from lvm_studio.studio.widgets.compose.count_delegate import CountDelegate
from lvm_studio.studio.widgets.compose.drop_table import DropTable
from lvm_studio.studio.widgets.compose.part_delegate import PartDelegate
from lvm_studio.studio.widgets.steady_room import SteadyRoom

HOURS_PER_YEAR = 8760
WEEK_ICON = "fa6s.calendar-week"
BEFORE = "Before: "
PEAK_HELP = (
    "Mean peak of the fan: what the households listed make of it, and what no household "
    "accounts for: weather, day and chance.\nSelect one row to see the peak without it."
)
WITHOUT_HELP = (
    "What the mean peak of the fan would lose with one household of the selected row: its w is "
    "drawn from its law given Σw and taken off the sum;\nz and noise stay. Each week at its own "
    "peak, so that it may be less than the row's part: another half-hour may become the peak."
)


class CompositionView(QWidget):
    """Header with totals, table and buttons; every edit is a signal, answered by `set_counts`."""

    dropped = Signal(tuple)  # household ids
    count_asked = Signal(str, int)
    removed = Signal(tuple)
    duplicated = Signal(tuple)
    cleared = Signal()
    selection_changed = Signal(tuple)  # household ids

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composition")
        self._model = CompositionTable(self)
        self.table = DropTable(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSortRole(SORT_ROLE)
        self._sorted.setSourceModel(self._model)
        self.table.setModel(self._sorted)
        self.table.setItemDelegateForColumn(Column.COUNT, CountDelegate(self.table))
        self._bars = PartDelegate(self.palette().highlight().color().name(), self.table)
        self.table.setItemDelegateForColumn(Column.PEAK, self._bars)
        self._size = QLabel(self)
        self._size.setObjectName("composition_size")
        self._size.setFont(headline(self.font()))
        self._energy = QLabel(self)
        self._energy.setObjectName("composition_energy")
        self._energy.setForegroundRole(MUTED)
        self._peak = QLabel(self)
        self._peak.setObjectName("composition_peak")
        self._peak.setForegroundRole(MUTED)
        self._peak.hide()
        self._peak_room = SteadyRoom(self._peak, self)
        self._whole_peak = ""
        self._ids: frozenset[str] = frozenset()
        """Households of the data set."""
        self._buttons = {
            "duplicate": self._button("fa6s.clone", "Duplicate the selection (Ctrl+D)"),
            "remove": self._button("fa6s.minus", "Remove the selection (Delete)"),
            "clear": self._button("fa6s.trash-can", "Clear the composition"),
        }
        self._week = self._button(
            WEEK_ICON, "Over the week: energy in place of the part in the peak"
        )
        self._week.setObjectName("composition_week")
        self._week.setCheckable(True)
        self._lay_out()
        self._connect()
        self._describe()

    def set_members(self, members: Mapping[str, Member]) -> None:
        """Set what is known of every household of the data set; parts were of those before."""
        if members.keys() != self._ids:
            self._ids = frozenset(members)
            self.set_parts({})
        self._model.set_members(members)
        self._describe()

    def set_counts(self, counts: Sequence[tuple[str, int]]) -> None:
        """Show a composition: pairs of household id and multiplicity."""
        selected = set(self.selected_ids())
        self._model.set_counts(counts)
        self._select(selected)
        self._describe()

    def set_parts(self, parts: Mapping[str, Part], shared_kw: float = 0.0) -> None:
        """Show what each household gives to the mean peak, and what is shared (kW); {} for none."""
        self._model.set_parts(parts)
        own_kw = sum(part.peak_kw for part in parts.values())
        self._peak.setVisible(bool(parts))
        self._whole_peak = (
            f"Peak {with_decimals(own_kw + shared_kw, 1)} kW: "
            f"{with_decimals(own_kw, 1)} by households, {with_decimals(shared_kw, 1)} shared"
        )
        self._peak_room.reserve(f"{BEFORE}{self._whole_peak}")  # no column widens as it fades
        self.set_without("")

    def set_without(self, sentence: str) -> None:
        """Say what the peak would be without the row selected; '' for what it is made of."""
        self._peak.setText(sentence or self._whole_peak)
        self._peak.setToolTip(WITHOUT_HELP if sentence else PEAK_HELP)

    def fade_parts(self) -> None:
        """Grey the bars: others are being computed; the sentence is of the street before."""
        self._model.fade_parts()
        self._whole_peak = f"{BEFORE}{self._whole_peak.removeprefix(BEFORE)}"
        self.set_without("")

    def set_bar_colour(self, colour: str) -> None:
        """Paint the bars in the colour of the law that they are of."""
        self._bars.set_colour(colour)
        self.table.viewport().update()

    def selected_ids(self) -> tuple[str, ...]:
        """Ids of the selected rows, in order."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self._household_id(row) for row in rows)

    def set_icon_colour(self, colour: str) -> None:
        """Repaint the icons, after a change of theme."""
        for name, icon in (
            ("duplicate", "fa6s.clone"),
            ("remove", "fa6s.minus"),
            ("clear", "fa6s.trash-can"),
        ):
            self._buttons[name].setIcon(qta.icon(icon, color=colour))
        self._week.setIcon(qta.icon(WEEK_ICON, color=colour))

    # -- inside ----------------------------------------------------------------------------

    def _household_id(self, row: int) -> str:
        """Id shown in a row of the table, which may be sorted."""
        return self._model.household_id(self._sorted.mapToSource(self._sorted.index(row, 0)).row())

    def _button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(qta.icon(icon, color=self.palette().text().color()))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRaise(True)
        return button

    def _lay_out(self) -> None:
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(Column.HOUSEHOLD, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(Column.COUNT, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.MEAN, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.PEAK, QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(40)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # at first, as they were added
        header.setSortIndicatorClearable(True)
        self.table.setSortingEnabled(True)
        width = self.table.fontMetrics().horizontalAdvance
        header.resizeSection(Column.COUNT, width("9999") + 46)
        header.resizeSection(Column.MEAN, width("Mean W") + 18)
        header.resizeSection(Column.PEAK, width("Week kWh") + 16)
        top = QHBoxLayout()
        top.addWidget(self._size, 1)
        top.addWidget(self._week)
        for name, button in self._buttons.items():
            button.setObjectName(f"composition_{name}")
            top.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self._energy)
        layout.addWidget(self._peak_room)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.table.dropped.connect(self.dropped)
        self.table.remove_pressed.connect(self._remove)
        self.table.duplicate_pressed.connect(self._duplicate)
        self.table.step_pressed.connect(self._step)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.selectionModel().selectionChanged.connect(self._tell_selection)
        self._model.count_asked.connect(self.count_asked)
        self._week.toggled.connect(self._model.set_over_week)
        self._buttons["duplicate"].clicked.connect(self._duplicate)
        self._buttons["remove"].clicked.connect(self._remove)
        self._buttons["clear"].clicked.connect(self.cleared)

    def _tell_selection(self) -> None:
        self._describe()
        self.selection_changed.emit(self.selected_ids())

    def _describe(self) -> None:
        size, mean_w = self._model.size, self._model.mean_w
        self._size.setText(counted(size, "household"))
        self._size.setToolTip("K: households of the composition, each as often as it counts.")
        known = size and not math.isnan(mean_w)
        energy = (
            f"{mean_w * HOURS_PER_YEAR / 1e6:,.1f} MWh a year, {mean_w / 1000:,.1f} kW on average"
        )
        self._energy.setText(energy if known else "Nothing composed yet" if not size else "")
        self._energy.setToolTip("From the mean of each household over everything recorded.")
        selected = bool(self.table.selectionModel().selectedRows())
        self._buttons["duplicate"].setEnabled(selected)
        self._buttons["remove"].setEnabled(selected)
        self._buttons["clear"].setEnabled(size > 0)

    def _select(self, ids: set[str]) -> None:
        selection = self.table.selectionModel()
        if ids and set(self.selected_ids()) != ids:
            flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
            for row in range(self._model.rowCount()):
                if self._household_id(row) in ids:
                    selection.select(self._sorted.index(row, 0), flags)

    def _remove(self) -> None:
        if ids := self.selected_ids():
            self.removed.emit(ids)

    def _duplicate(self) -> None:
        if ids := self.selected_ids():
            self.duplicated.emit(ids)

    def _step(self, step: int) -> None:
        """The − and + keys: on the current row, as a click on its sign."""
        index = self.table.currentIndex()
        if index.isValid():
            count = index.siblingAtColumn(Column.COUNT).data() + step
            asked = max(0, min(MAX_COUNT, count))
            self.count_asked.emit(self._household_id(index.row()), asked)

    def _show_menu(self, position: QPoint) -> None:
        self.menu().popup(self.table.viewport().mapToGlobal(position))

    def menu(self) -> QMenu:
        """Context menu for the current selection."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = bool(self.selected_ids())
        menu.addAction("Duplicate\tCtrl+D", self._duplicate).setEnabled(selected)
        menu.addAction("Remove\tDel", self._remove).setEnabled(selected)
        menu.addSeparator()
        menu.addAction("Clear the composition", self.cleared.emit).setEnabled(self._model.size > 0)
        return menu
