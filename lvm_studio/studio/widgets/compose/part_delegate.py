"""The cell of a household's part in the peak: a number over a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lvm_studio.studio.widgets.compose.composition_table import BAR_ROLE, STALE_ROLE

Index = QModelIndex | QPersistentModelIndex
INSET = 2
OPACITY = 0.35
STALE_OPACITY = 0.12


class PartDelegate(QStyledItemDelegate):
    """Paints a bar from the left, as long as the part is of the largest one, under the number."""

    def __init__(self, colour: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._colour = colour

    def set_colour(self, colour: str) -> None:
        """Paint bars in this colour from now on."""
        self._colour = colour

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        cell.text = ""
        style = cell.widget.style() if cell.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        share, stale = index.data(BAR_ROLE), bool(index.data(STALE_ROLE))
        if share is None:
            return
        area = QRectF(cell.rect).adjusted(INSET, INSET, -INSET, -INSET)
        painter.save()
        bar = QRectF(area.topLeft(), QSizeF(area.width() * share, area.height()))
        painter.fillRect(bar, self._bar(stale))
        painter.setPen(_ink(cell, stale=stale))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area.adjusted(0, 0, -INSET, 0), right, str(index.data()))
        painter.restore()

    def _bar(self, stale: bool) -> QColor:
        colour = QColor(self._colour)
        colour.setAlphaF(STALE_OPACITY if stale else OPACITY)
        return colour


def _ink(cell: QStyleOptionViewItem, *, stale: bool) -> QColor:
    """The colour of the number, greyed where it is of an earlier street or λ."""
    palette = cell.palette
    if cell.state & QStyle.StateFlag.State_Selected:
        return palette.highlightedText().color()
    return palette.placeholderText().color() if stale else palette.text().color()
