"""Room for a label whose text changes often, kept so that its changes move nothing else."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QEnterEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class SteadyRoom(QWidget):
    """Holds one label; grows when the text needs it, never shrinks for a shorter one.

    A QLabel in a layout has the whole window laid out and painted anew at each new text, and one
    whose text can be selected paints itself three times: together that was half of what a move
    of λ cost. The text can be selected once the pointer is on it.
    """

    def __init__(self, label: QLabel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label.setParent(self)
        self._label = label
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._make_room()

    def reserve(self, text: str) -> None:
        """Have room for a text like this one before it comes."""
        like = QLabel(text)
        like.setFont(self._label.font())
        self.setMinimumWidth(max(self.minimumWidth(), like.sizeHint().width()))

    def event(self, event: QEvent) -> bool:
        # the label asks for a layout when its text changes, and there is none to go further up
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return super().event(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self._label.hasSelectedText():
            self._label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)

    def sizeHint(self) -> QSize:
        return QSize(self._label.sizeHint().width(), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._label.setGeometry(self.rect())
        if self._label.wordWrap() and event.size().width() != event.oldSize().width():
            self.setMinimumHeight(self._needed().height())

    def _make_room(self) -> None:
        self.setMinimumSize(self.minimumSize().expandedTo(self._needed()))

    def _needed(self) -> QSize:
        label = self._label
        if not label.wordWrap():
            return label.sizeHint()
        line = label.fontMetrics().height()
        # widths before it is on screen are not those it will have
        return QSize(0, max(line, label.heightForWidth(self.width()) if self.isVisible() else 0))
