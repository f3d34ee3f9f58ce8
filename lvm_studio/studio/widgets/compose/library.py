"""Left of the composer: the households one can compose with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.numerals import counted
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.compose.household_filter import HouseholdFilter, HouseholdQuery
from lvm_studio.studio.widgets.compose.household_table import (
    FINE,
    QUALITY,
    SPLIT,
    SUSPECT,
    HouseholdTable,
    library_columns,
)

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet

MAX_CATEGORIES = 8
MAX_FILTERS = 4
SEARCH_HELP = (
    "Words must all be found in the id or the metadata; numbers can be compared.\n"
    "Examples:  tou affluent   ·   mean>400   ·   mac0001 held"
)
DRAW_HELP = (
    "Draws households at random from the selected rows, or from all rows that match; each comes\n"
    "once before any comes twice. With a single row selected: it and those nearest to it by\n"
    "metadata. Suspect households are left out unless you select or filter for them."
)


class LibraryTable(QTableView):
    """The table of the library: a source of drags; Enter adds the selection."""

    enter_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library")
        self.setAccessibleName("Household library")
        self.setTabKeyNavigation(False)  # Tab would go round its cells and never leave it
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setSortingEnabled(True)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.horizontalHeader().setSectionsMovable(True)
        self.horizontalHeader().setHighlightSections(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter_pressed.emit()
        else:
            super().keyPressEvent(event)


class LibraryView(QWidget):
    """Search, filters, table and “Add n like these”; emits what the person wants added."""

    add_requested = Signal(tuple, int)  # household ids, how many of each
    like_requested = Signal(tuple, int)  # households to resemble, how many to add

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = HouseholdTable(self)
        self._proxy = HouseholdFilter(self._table, self)
        self._filters: dict[str, QComboBox] = {}
        self._search = self._make_search()
        self._filter_row = QWidget(self)
        self.table = LibraryTable(self)
        self.table.setModel(self._proxy)
        self._count = QLabel(self)
        self._number = self._make_number()
        self._draw = QPushButton(self)
        self._lay_out()
        self._connect()

    # -- what the panel sets ---------------------------------------------------------------

    def set_households(self, households: HouseholdSet) -> None:
        """Show the households of a set, sorted by id; the search text stays."""
        reasons = np.asarray(
            households.metadata.get("suspect", [""] * len(households.household_ids))
        )
        self._table.set_columns(library_columns(households), tuple(reasons))
        self._rebuild_filters()
        self._apply_query()
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.resizeColumnsToContents()

    # -- what the panel and the tests ask --------------------------------------------------

    def selected_ids(self) -> tuple[str, ...]:
        """Ids of the selected rows, in the order on screen."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self._id(row) for row in rows)

    def shown_ids(self) -> tuple[str, ...]:
        """Ids of the rows that pass the filter, in the order on screen."""
        return tuple(self._table.household_id(row) for row in self._proxy.shown_rows())

    def candidates(self) -> tuple[str, ...]:
        """Households “Add n like these” draws from.

        The selected rows (of a single one: it and its nearest by metadata), else all that match
        the filter; suspect readings only when they were selected or filtered for.
        """
        selected = self.selected_ids()
        if selected:
            return selected
        wanted = self._proxy.query.chosen.get(QUALITY) == SUSPECT
        return tuple(
            self._table.household_id(row)
            for row in self._proxy.shown_rows()
            if wanted or not self._table.is_suspect(row)
        )

    # -- inside ----------------------------------------------------------------------------

    def _make_search(self) -> QLineEdit:
        search = QLineEdit(self)
        search.setObjectName("library_search")
        search.setPlaceholderText("Search:  tou  mean>400 …")
        search.setClearButtonEnabled(True)
        search.setToolTip(SEARCH_HELP)
        search.setAccessibleName("Search households")
        return search

    def _make_number(self) -> QSpinBox:
        number = QSpinBox(self)
        number.setObjectName("library_number")
        number.setRange(1, 1000)
        number.setValue(10)
        number.setAccessibleName("How many households to add")
        number.setToolTip("How many households “Add like these” draws.")
        return number

    def _lay_out(self) -> None:
        self._draw.setObjectName("library_add_like")
        self._count.setForegroundRole(MUTED)
        self._filter_grid = QGridLayout(self._filter_row)
        self._filter_grid.setContentsMargins(0, 0, 0, 0)
        self._filter_grid.setSpacing(4)
        draw_row = QHBoxLayout()
        draw_row.addWidget(self._number)
        draw_row.addWidget(self._draw, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._search, self._filter_row, self.table, self._count):
            layout.addWidget(widget, 1 if widget is self.table else 0)
        layout.addLayout(draw_row)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._apply_query)
        self._search.returnPressed.connect(self._focus_first)
        self.table.enter_pressed.connect(self._add_selection)
        self.table.doubleClicked.connect(self._add_row)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.selectionModel().selectionChanged.connect(self._describe)
        self._number.valueChanged.connect(self._describe)
        self._draw.clicked.connect(self._emit_draw)
        find = QAction(self)
        find.setShortcut(QKeySequence.StandardKey.Find)
        find.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        find.triggered.connect(self._focus_search)
        self.addAction(find)

    def _rebuild_filters(self) -> None:
        for box in self._filters.values():
            self._filter_grid.removeWidget(box)
            box.deleteLater()
        self._filters = {}
        for column in self._table.columns[1:]:
            categories = [] if column.numeric else sorted(set(column.values.tolist()) - {""})
            if column.name == QUALITY:
                categories = [FINE, SUSPECT]
            if 2 <= len(categories) <= MAX_CATEGORIES and (
                len(self._filters) < MAX_FILTERS or column.name in (SPLIT, QUALITY)
            ):
                self._filters[column.name] = self._filter_box(column.title, categories)
        for place, box in enumerate(self._filters.values()):
            self._filter_grid.addWidget(box, place // 2, place % 2)

    def _filter_box(self, title: str, categories: list[str]) -> QComboBox:
        box = QComboBox(self._filter_row)
        box.addItem(f"{title}: all", "")
        for category in categories:
            box.addItem(category, category)
        box.setToolTip(f"Show only households of one {title}.")
        box.setAccessibleName(f"Filter by {title}")
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.currentIndexChanged.connect(self._apply_query)
        return box

    def _apply_query(self) -> None:
        chosen = {
            name: box.currentData() for name, box in self._filters.items() if box.currentData()
        }
        self._proxy.set_query(HouseholdQuery(self._search.text(), chosen))
        self._describe()

    def _describe(self) -> None:
        shown, total = self._proxy.rowCount(), self._table.rowCount()
        selected = len(self.selected_ids())
        text = f"{shown} of {total} households"
        self._count.setText(f"{text} · {selected} selected" if selected else text)
        candidates = self.candidates()
        which = candidates[0] if selected == 1 else f"these {len(candidates)}"
        self._draw.setText(f"Add {self._number.value()} like {which}")
        self._draw.setEnabled(bool(candidates))
        self._draw.setToolTip(DRAW_HELP)

    def _id(self, proxy_row: int) -> str:
        return self._table.household_id(
            self._proxy.mapToSource(self._proxy.index(proxy_row, 0)).row()
        )

    def _add_selection(self) -> None:
        ids = self.selected_ids()
        if ids:
            self.add_requested.emit(ids, 1)

    def _add_row(self, index: QModelIndex) -> None:
        self.add_requested.emit((self._id(index.row()),), 1)

    def _emit_draw(self) -> None:
        self.like_requested.emit(self.candidates(), self._number.value())

    def _focus_search(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _focus_first(self) -> None:
        """Enter in the search box goes to the first match, a second Enter adds it."""
        if self._proxy.rowCount():
            self.table.setFocus(Qt.FocusReason.TabFocusReason)
            self.table.selectRow(0)

    def _show_menu(self, position: QPoint) -> None:
        self.menu().popup(self.table.viewport().mapToGlobal(position))

    def menu(self) -> QMenu:
        """Context menu for the current selection."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ids = self.selected_ids()
        for count in (1, 5):
            each = "" if count == 1 else f" {count} times"
            action = menu.addAction(
                f"Add {counted(len(ids), 'household')} to the composition{each}"
            )
            action.setEnabled(bool(ids))
            action.triggered.connect(lambda _=False, n=count: self.add_requested.emit(ids, n))
        menu.addSeparator()
        menu.addAction(self._draw.text(), self._emit_draw).setEnabled(self._draw.isEnabled())
        menu.addAction("Select all shown", self.table.selectAll)
        return menu
