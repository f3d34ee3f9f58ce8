"""A legend entry that is also a switch: a click hides, a double click shows it alone."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

SWATCH = QSize(22, 12)
DASHES = (2.0, 1.25)
"""Dash and gap in widths of the pen: three dashes on a swatch."""


class LegendChip(QToolButton):
    """A checkable button with a swatch of the line it stands for.

    Args:
        title: of the line.
        tip: what it means.
    """

    solo_requested = Signal()

    def __init__(self, title: str, tip: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = "#808080"
        self._dashed = False
        self.setText(title)
        self.setAccessibleName(f"Show {title}")
        use = "Click (Space): show or hide. Double click (S): show alone."
        self.setToolTip(f"{tip}<br><i>{use}</i>" if tip else use)
        self.setCheckable(True)
        self.setChecked(True)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(SWATCH)
        self.toggled.connect(self._draw_swatch)
        self._draw_swatch()

    def set_colour(self, colour: str) -> None:
        """Draw the swatch in this colour."""
        self._colour = colour
        self._draw_swatch()

    def set_dashed(self, dashed: bool) -> None:
        """Draw the swatch dashed, as the line is."""
        self._dashed = dashed
        self._draw_swatch()

    def set_on(self, on: bool) -> None:
        """Switch without telling anybody."""
        self.blockSignals(True)
        self.setChecked(on)
        self.blockSignals(False)
        self._draw_swatch()

    def _draw_swatch(self) -> None:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(SWATCH * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colour = QColor(self._colour)
            colour.setAlphaF(1.0 if self.isChecked() else 0.25)
            pen = QPen(colour, 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
            if self._dashed:
                pen.setDashPattern(DASHES)
            painter.setPen(pen)
            painter.drawLine(1, SWATCH.height() // 2, SWATCH.width() - 2, SWATCH.height() // 2)
        self.setIcon(QIcon(pixmap))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show alone; the first click of the pair has toggled, so it is toggled back."""
        self.set_on(True)
        self.solo_requested.emit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """S: show alone."""
        if event.key() == Qt.Key.Key_S:
            self.solo_requested.emit()
            return
        super().keyPressEvent(event)
