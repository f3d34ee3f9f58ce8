"""Tables whose rows are read and chosen whole."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

ROW_ROOM = 6
"""Pixels of a row above and below its text, together."""


def by_rows(
    table: QTableView, name: str, *, stretched: int | None = None, several: bool = False
) -> None:
    """Let rows be chosen whole and not be typed in; columns are as wide as what they hold.

    All of them look alike: no grid, every second row tinted, rows a little higher than their text.

    Args:
        table: its columns are there already.
        name: what it is, for who does not see it.
        stretched: the column that takes what the others leave.
        several: more than one row can be chosen.
    """
    modes, resizing = QAbstractItemView.SelectionMode, QHeaderView.ResizeMode
    table.setAccessibleName(name)
    table.setTabKeyNavigation(False)  # Tab would go round its cells and never leave it
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().lineSpacing() + ROW_ROOM)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(resizing.ResizeToContents)
    if stretched is not None:
        header.setSectionResizeMode(stretched, resizing.Stretch)
