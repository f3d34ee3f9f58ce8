"""The list of runs: which is looked at, which are laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from lvm_studio.studio.widgets.row_table import by_rows

HEADINGS = ("Run", "State", "Step", "ELBO")
TIPS = (
    "Ticked runs (Space) are drawn behind the chosen one, pinned ones (P, bold) in full colour. "
    "Double click (S): alone. Right click: more.",
    "What the run is doing",
    "Steps done, of steps wanted",
    "Last held-out evidence lower bound, nats per curve",
)


@dataclass(frozen=True)
class RunRow:
    """One line of the list; texts as they are shown."""

    name: str
    state: str
    step: str
    elbo: str
    tip: str


class RunsTable(QTableWidget):
    """Runs, newest first; one is chosen, any are ticked."""

    chosen = Signal(str)
    """Another run is looked at; '' for none."""
    ticks_changed = Signal()
    """Other runs are laid over it, or other ones are pinned."""
    compare_asked = Signal()
    """The settings of the chosen run and the ticked ones are to be compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADINGS), parent)
        self.setObjectName("runs")
        for column, tip in enumerate(TIPS):
            item = QTableWidgetItem(HEADINGS[column])
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        by_rows(self, "Training runs", stretched=0)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names differ at their ends
        self.itemSelectionChanged.connect(self._choose)
        self.itemChanged.connect(self._tick)
        self.itemDoubleClicked.connect(lambda item: self.solo(self._cell(item.row(), 0).text()))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self._pinned: set[str] = set()
        self._filter = ""

    @property
    def current(self) -> str:
        """Name of the chosen run, '' for none."""
        row = self.currentRow()
        return self._cell(row, 0).text() if row >= 0 and self.selectedItems() else ""

    @property
    def ticked(self) -> list[str]:
        """Names of the ticked runs, from top to bottom."""
        return [
            self._cell(row, 0).text()
            for row in range(self.rowCount())
            if self._cell(row, 0).checkState() == Qt.CheckState.Checked
        ]

    @property
    def pinned(self) -> list[str]:
        """Names of the pinned runs, from top to bottom."""
        names = (self._cell(row, 0).text() for row in range(self.rowCount()))
        return [name for name in names if name in self._pinned]

    def set_filter(self, text: str) -> None:
        """Show only runs whose name, state or settings contain every one of these words."""
        self._filter = text
        for row in range(self.rowCount()):
            self._filter_row(row)

    def tick_shown(self, ticked: bool) -> None:
        """Tick, or no longer tick, every run that the filter shows."""
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                if not self.isRowHidden(row):
                    self._set_tick(row, ticked)
        self.ticks_changed.emit()

    def solo(self, name: str) -> None:
        """Draw this run alone, besides pinned ones; if it is alone already, all that are shown."""
        alone = set(self.ticked) <= {name} and self.current == name
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                self._set_tick(row, alone and not self.isRowHidden(row))
        self.choose(name)
        self.ticks_changed.emit()

    def choose(self, name: str) -> None:
        """Look at this run."""
        for row in range(self.rowCount()):
            if self._cell(row, 0).text() == name:
                self.selectRow(row)

    def pin(self, name: str) -> None:
        """Keep this run in full colour whichever is looked at; or no longer."""
        self._pinned ^= {name}
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                self._show_pin(row)
        self.ticks_changed.emit()

    def show_rows(self, rows: Sequence[RunRow], current: str) -> None:
        """Show these runs; ticks stay with their names."""
        ticked = set(self.ticked)
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            self._pinned &= {row.name for row in rows}
            for line, row in enumerate(rows):
                self._fill(line, row, ticked=row.name in ticked)
                self._show_pin(line)
                self._filter_row(line)
            names = [row.name for row in rows]
            if current in names:
                self.selectRow(names.index(current))
            else:
                self.clearSelection()

    def update_row(self, row: RunRow) -> None:
        """Show a run's new texts."""
        for line in range(self.rowCount()):
            if self._cell(line, 0).text() == row.name:
                with QSignalBlocker(self):
                    ticked = self._cell(line, 0).checkState() == Qt.CheckState.Checked
                    self._fill(line, row, ticked=ticked)
                return

    def _fill(self, line: int, row: RunRow, *, ticked: bool) -> None:
        for column, text in enumerate((row.name, row.state, row.step, row.elbo)):
            item = self._cell(line, column)
            if item.text() != text:
                item.setText(text)
            item.setToolTip(row.tip)
            if column >= 2:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        first = self._cell(line, 0)
        first.setFlags(first.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        first.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)

    def _set_tick(self, row: int, ticked: bool) -> None:
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        self._cell(row, 0).setCheckState(state)

    def _show_pin(self, row: int) -> None:
        font = self.font()
        font.setBold(self._cell(row, 0).text() in self._pinned)
        self._cell(row, 0).setFont(font)

    def _filter_row(self, row: int) -> None:
        cells = [self._cell(row, column) for column in range(self.columnCount())]
        known = " ".join([*(cell.text() for cell in cells), cells[0].toolTip()]).lower()
        self.setRowHidden(row, not all(word in known for word in self._filter.lower().split()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """P pins, S shows alone, Space ticks the chosen run."""
        verbs = {Qt.Key.Key_P: self.pin, Qt.Key.Key_S: self.solo, Qt.Key.Key_Space: self._toggle}
        verb = verbs.get(Qt.Key(event.key())) if self.current else None
        if verb is None or event.modifiers():
            super().keyPressEvent(event)
        else:
            verb(self.current)

    def _toggle(self, name: str) -> None:
        self._set_tick(self.currentRow(), name not in self.ticked)

    def _open_menu(self, place: QPoint) -> None:
        item = self.itemAt(place)
        if item is None:
            return
        name = self._cell(item.row(), 0).text()
        menu = QMenu(self)
        menu.addAction("Unpin\tP" if name in self._pinned else "Pin\tP", lambda: self.pin(name))
        menu.addAction("Show alone\tS", lambda: self.solo(name))
        menu.addAction("Draw all in the list", lambda: self.tick_shown(True))
        menu.addAction("Draw none but the chosen one", lambda: self.tick_shown(False))
        menu.addAction("Compare settings…", self.compare_asked.emit)
        menu.exec(self.viewport().mapToGlobal(place))
        menu.deleteLater()

    def _cell(self, line: int, column: int) -> QTableWidgetItem:
        """The item there, made if there is none yet."""
        item = self.item(line, column)
        if item is None:
            item = QTableWidgetItem()
            self.setItem(line, column, item)
        return item

    def _choose(self) -> None:
        self.chosen.emit(self.current)

    def _tick(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            self.ticks_changed.emit()
