"""Undo while a number field has the focus: its own typing first, then the last change."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget


class UndoInFields(QObject):
    """Lets undo and redo pass a number field that has nothing of its own to take back.

    Qt's line edit claims both keys whether it can use them or not; whoever typed a temperature
    and pressed Return could not undo it before clicking elsewhere.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        if isinstance(old, QAbstractSpinBox):
            old.removeEventFilter(self)
        if isinstance(new, QAbstractSpinBox):
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        edit = watched.findChild(QLineEdit)
        if edit is None:
            return False
        key = QKeySequence.StandardKey
        passes = (event.matches(key.Undo) and not edit.isUndoAvailable()) or (
            event.matches(key.Redo) and not edit.isRedoAvailable()
        )
        if passes:
            event.ignore()  # the menu's shortcut takes it
        return bool(passes)
