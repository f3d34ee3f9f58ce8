"""Tables whose rows are read and chosen whole."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def by_rows(
    table: QTableView, name: str, *, stretched: int | None = None, several: bool = False
) -> None:
    """Let rows be chosen whole and not be typed in; columns are as wide as what they hold.

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
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setSectionResizeMode(resizing.ResizeToContents)
    if stretched is not None:
        header.setSectionResizeMode(stretched, resizing.Stretch)
