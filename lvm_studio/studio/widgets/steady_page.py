"""A page whose inner layouts stay its own affair."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

MARGIN = 6


class SteadyPage(QWidget):
    """Holds one widget, with a margin around it; grows where that needs more room.

    Qt passes each request for a layout on to the window, whether sizes change or not, and the
    window then paints all of itself: 30 ms, for a label that came or grew. Here requests end.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inside: QWidget | None = None

    def hold(self, inside: QWidget) -> None:
        """Show this widget."""
        inside.setParent(self)
        self._inside = inside
        self._make_room()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize() if self._inside is None else _with_margin(self._inside.sizeHint())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._inside is not None:
            self._inside.setGeometry(self.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN))

    def _make_room(self) -> None:
        if self._inside is not None:
            needed = _with_margin(self._inside.minimumSizeHint())
            self.setMinimumSize(self.minimumSize().expandedTo(needed))


def _with_margin(size: QSize) -> QSize:
    return size + QSize(2 * MARGIN, 2 * MARGIN)
