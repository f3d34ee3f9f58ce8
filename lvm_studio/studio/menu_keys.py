"""Keys of the menus while a field has the focus: undo once its own typing is taken back, export."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

FIELDS = (QAbstractSpinBox, QLineEdit)


class MenuKeys(QObject):
    """Lets keys of the menus pass a field that Qt lets claim them.

    A line edit claims undo and redo whether it can use them or not: whoever typed a temperature
    and pressed Return could not undo it before clicking elsewhere. And on some systems it takes
    Ctrl+E for the end of its line: whoever typed “1 week in 100” could not export the weeks.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        if isinstance(old, FIELDS):
            old.removeEventFilter(self)
        if isinstance(new, FIELDS):
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        edit = watched if isinstance(watched, QLineEdit) else watched.findChild(QLineEdit)
        passes = edit is not None and _is_of_a_menu(event, edit)
        if passes:
            event.ignore()  # the menu's shortcut takes it
        return passes


def _is_of_a_menu(event: QKeyEvent, edit: QLineEdit) -> bool:
    key = QKeySequence.StandardKey
    return (
        (event.matches(key.Undo) and not edit.isUndoAvailable())
        or (event.matches(key.Redo) and not edit.isRedoAvailable())
        or event.keyCombination() == Qt.KeyboardModifier.ControlModifier | Qt.Key.Key_E
    )
