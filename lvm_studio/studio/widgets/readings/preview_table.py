"""The beginning of a table, with the part that each column plays; a click gives it another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QTableWidget, QTableWidgetItem, QWidget

from lvm_studio.studio.widgets.row_table import by_rows

if TYPE_CHECKING:
    from lvm_studio.data.importing.columns import ColumnMapping
    from lvm_studio.data.importing.tables import Preview

ROWS = 6
MOST_COLUMNS = 60
#: Fields of a mapping that a column may be chosen for, as a person calls them.
ROLES = {
    "time": "time",
    "clock": "clock time",
    "household": "household",
    "value": "value",
    "step": "step of the row",
    "temperature": "temperature",
}


class PreviewTable(QTableWidget):
    """Shows the first rows; heads say the column's name and its role.

    Signals:
        role_chosen(field, column): the person wants this column for this field.
    """

    role_chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_preview")
        by_rows(self, "The first rows of the file", several=True)
        self.setMaximumHeight(190)
        self._columns: tuple[str, ...] = ()
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._offer)
        header.setToolTip("Click a head to say what the column holds.")

    def show_rows(self, preview: Preview) -> None:
        """Show these rows; very wide tables are cut."""
        self._columns = preview.columns[:MOST_COLUMNS]
        rows = preview.rows[:ROWS]
        self.setColumnCount(len(self._columns))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(self._columns))
        for i, row in enumerate(rows):
            for j, text in enumerate(row[:MOST_COLUMNS]):
                self.setItem(i, j, QTableWidgetItem(text))

    def show_roles(self, mapping: ColumnMapping) -> None:
        """Write under each name what the mapping takes the column for."""
        roles = column_roles(mapping)
        for place, column in enumerate(self._columns):
            item = QTableWidgetItem(f"{column}\n{roles.get(column, '–')}")
            font = item.font()
            font.setBold(column in roles)
            item.setFont(font)
            self.setHorizontalHeaderItem(place, item)

    def roles_menu(self, column: str) -> QMenu:
        """What the column may be taken for."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for field, title in ROLES.items():
            action = menu.addAction(f"Take as {title}")
            action.setObjectName(f"role_{field}")
            action.triggered.connect(lambda _=False, f=field: self.role_chosen.emit(f, column))
        return menu

    def _offer(self, place: int) -> None:
        header = self.horizontalHeader()
        below = QPoint(header.sectionViewportPosition(place), header.height())
        self.roles_menu(self._columns[place]).popup(header.mapToGlobal(below))


def column_roles(mapping: ColumnMapping) -> dict[str, str]:
    """What each column is taken for, in words."""
    roles = {getattr(mapping, field): title for field, title in ROLES.items()}
    roles |= dict.fromkeys(mapping.households, "household")
    roles |= dict.fromkeys(mapping.slots, "value")
    roles |= {column: f"label: {name}" for name, column in mapping.labels.items()}
    for column, kept in mapping.keep.items():
        roles[column] = f"only {' or '.join(kept)}"
    roles.pop("", None)
    return roles
