"""The table of the composition: where households are dropped, and the keys that edit it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from lvm_studio.studio.widgets.compose.household_mime import households_from_mime

HINT = (
    "Drag households here\n\nor select some in the library and press Enter,\n"
    "or use “Add … like these”."
)


class DropTable(QTableView):
    """Table that accepts households, shows where they would land, and knows the edit keys."""

    dropped = Signal(tuple)
    remove_pressed = Signal()
    duplicate_pressed = Signal()
    step_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composition_drop")
        self.setAccessibleName("Composition")
        self.setTabKeyNavigation(False)  # Tab would go round its cells and never leave it
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.horizontalHeader().setHighlightSections(False)
        self._hovered = False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._set_hovered(bool(households_from_mime(event.mimeData())))
        if self._hovered:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._hovered:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_hovered(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_hovered(False)
        ids = households_from_mime(event.mimeData())
        if ids:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(ids)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        command = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_pressed.emit()
        elif event.key() == Qt.Key.Key_D and command:
            self.duplicate_pressed.emit()
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Minus) and not command:
            self.step_pressed.emit(1 if event.key() == Qt.Key.Key_Plus else -1)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Ctrl+D and Delete belong to the table while it has the focus, not to a menu
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            duplicate = event.key() == Qt.Key.Key_D and bool(
                event.modifiers() & Qt.KeyboardModifier.ControlModifier
            )
            if duplicate or event.key() == Qt.Key.Key_Delete:
                event.accept()
                return True
        return bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self.viewport()) as painter:
            area = self.viewport().rect().adjusted(8, 8, -8, -8)
            if self.model() is not None and self.model().rowCount() == 0:
                self._paint_hint(painter, area)
            if self._hovered:
                painter.setPen(QPen(self.palette().highlight().color(), 2))
                painter.drawRoundedRect(self.viewport().rect().adjusted(2, 2, -3, -3), 6, 6)

    def _paint_hint(self, painter: QPainter, area: QRect) -> None:
        painter.setPen(QPen(self.palette().placeholderText().color(), 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(area, 6, 6)
        painter.drawText(
            area.adjusted(10, 10, -10, -10),
            Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
            HINT,
        )

    def _set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        self.viewport().update()
