"""The parts of an artificial whole: where they are dropped, and the keys that take them out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QWidget

from lvm_studio.studio.widgets.compose.part_palette import accept_part, part_from_mime

REMOVE_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class PartList(QListWidget):
    """Rows of parts, in the order in which they were added.

    Args:
        hint: shown while there are none.

    Signals:
        dropped(value), remove_asked(place).
    """

    dropped = Signal(int)
    remove_asked = Signal(int)

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setAlternatingRowColors(True)
        self.setSpacing(2)
        self.setToolTip("Delete takes the chosen part out; Ctrl+Z brings it back")

    def set_titles(self, titles: Sequence[str]) -> None:
        """Show these parts; one that was added is chosen, else the choice stays in its place."""
        added, row = len(titles) > self.count(), self.currentRow()
        self.clear()
        self.addItems([f"{place}.  {title}" for place, title in enumerate(titles, 1)])
        self.setCurrentRow(len(titles) - 1 if added else min(row, len(titles) - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in REMOVE_KEYS and self.currentRow() >= 0:
            self.remove_asked.emit(self.currentRow())
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        accept_part(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        accept_part(event)

    def dropEvent(self, event: QDropEvent) -> None:
        value = part_from_mime(event.mimeData())
        if value is not None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(value)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.count() == 0:
            with QPainter(self.viewport()) as painter:
                painter.setPen(self.palette().placeholderText().color())
                area = self.viewport().rect().adjusted(12, 12, -12, -12)
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(area, flags, self._hint)
