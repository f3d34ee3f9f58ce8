"""The cell “−  3  +” of the composition: click the signs, or type a number."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lvm_studio.studio.widgets.compose.composition_table import MAX_COUNT

Index = QModelIndex | QPersistentModelIndex
SIGN_WIDTH = 22


def sign_areas(cell: QRect) -> tuple[QRect, QRect]:
    """Return the areas of − and + in a cell."""
    minus = QRect(cell.left(), cell.top(), SIGN_WIDTH, cell.height())
    plus = QRect(cell.right() - SIGN_WIDTH + 1, cell.top(), SIGN_WIDTH, cell.height())
    return minus, plus


class CountDelegate(QStyledItemDelegate):
    """Paints a multiplicity between its two signs and edits it with a spin box."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        style = plain.widget.style() if plain.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        selected = bool(plain.state & QStyle.StateFlag.State_Selected)
        palette = plain.palette
        pen = palette.highlightedText() if selected else palette.text()
        painter.save()
        painter.setPen(pen.color())
        painter.drawText(plain.rect, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        for area, sign in zip(sign_areas(plain.rect), "−+", strict=True):
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, sign)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            step = self._step_at(event, option.rect)
            if step:
                return model.setData(index, max(0, min(MAX_COUNT, index.data() + step)))
        return super().editorEvent(event, model, option, index)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QSpinBox(parent)
        editor.setRange(0, MAX_COUNT)
        editor.setFrame(False)
        editor.setAlignment(Qt.AlignmentFlag.AlignCenter)
        editor.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QSpinBox)
        editor.setValue(index.data())
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QSpinBox)
        editor.interpretText()
        model.setData(index, editor.value())

    @staticmethod
    def _step_at(event: QEvent, cell: QRect) -> int:
        assert isinstance(event, QMouseEvent)
        if event.button() != Qt.MouseButton.LeftButton:
            return 0
        minus, plus = sign_areas(cell)
        point = event.position().toPoint()
        return -1 if minus.contains(point) else int(plus.contains(point))
