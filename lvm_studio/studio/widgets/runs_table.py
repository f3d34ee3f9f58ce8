"""The list of runs: which is looked at, which are laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

HEADINGS = ("Run", "State", "Step", "ELBO")
TIPS = (
    "Ticked runs are drawn over the chosen one, paler.",
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

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADINGS), parent)
        self.setObjectName("runs")
        self.setAccessibleName("Training runs")
        for column, tip in enumerate(TIPS):
            item = QTableWidgetItem(HEADINGS[column])
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self._choose)
        self.itemChanged.connect(self._tick)

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

    def show_rows(self, rows: Sequence[RunRow], current: str) -> None:
        """Show these runs; ticks stay with their names."""
        ticked = set(self.ticked)
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for line, row in enumerate(rows):
                self._fill(line, row, ticked=row.name in ticked)
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
