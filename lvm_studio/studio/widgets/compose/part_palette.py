"""What wholes are made of: frequencies or colours, to be dragged, or chosen and added by Enter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragMoveEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

PART_MIME = "application/x-lvm-part"


def part_to_mime(value: int) -> QMimeData:
    """Pack a frequency, or the place of a colour.

    >>> part_from_mime(part_to_mime(7))
    7
    """
    mime = QMimeData()
    mime.setData(PART_MIME, str(value).encode())
    return mime


def part_from_mime(mime: QMimeData) -> int | None:
    """Unpack it; None when the payload is not ours or is no number."""
    text = bytes(mime.data(PART_MIME).data()).decode("ascii", "replace")
    return int(text) if text.isascii() and text.isdigit() else None


def accept_part(event: QDragMoveEvent) -> None:
    """Let a part that is dragged be dropped here, and nothing else."""
    if event.mimeData().hasFormat(PART_MIME):
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.ignore()


class PartPalette(QListWidget):
    """A list whose rows are parts to be dragged.

    Args:
        entries: (title, value, colour of its swatch or '').

    Signals:
        add_asked(value): Enter or a double click on a row.
    """

    add_asked = Signal(int)

    def __init__(
        self, entries: Sequence[tuple[str, int, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setIconSize(QSize(18, 18))
        self.setSpacing(1)
        for title, value, colour in entries:
            item = QListWidgetItem(title, self)
            item.setData(Qt.ItemDataRole.UserRole, value)
            if colour:
                item.setIcon(_swatch(colour))
        self.setCurrentRow(0)
        self.itemDoubleClicked.connect(lambda _item: self.add_asked.emit(self.value))

    @property
    def value(self) -> int:
        """The part that is chosen."""
        return int(self.currentItem().data(Qt.ItemDataRole.UserRole))

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        return part_to_mime(int(items[0].data(Qt.ItemDataRole.UserRole)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter adds what is chosen."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.add_asked.emit(self.value)
        else:
            super().keyPressEvent(event)


def _swatch(colour: str) -> QIcon:
    """A square of this colour with a rim, so that white shows on white; the same when chosen."""
    pixels = QPixmap(18, 18)
    pixels.fill(QColor(colour))
    with QPainter(pixels) as painter:
        painter.setPen(QColor("#808080"))
        painter.drawRect(0, 0, 17, 17)
    icon = QIcon(pixels)
    icon.addPixmap(pixels, QIcon.Mode.Selected)
    return icon
