"""A filled band between two curves over the same times."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget


class BandItem(pg.GraphicsObject):
    """One polygon; pyqtgraph's FillBetweenItem rebuilds its path for each of its two edges."""

    def __init__(self) -> None:
        super().__init__()
        self._polygon = QPolygonF()
        self._brush = QBrush()

    def set_band(
        self,
        times: NDArray[np.float64],
        low: NDArray[np.floating],
        high: NDArray[np.floating],
    ) -> None:
        """Fill from `low` to `high` [T] over `times` [T]."""
        self.prepareGeometryChange()
        x = np.concatenate([times, times[::-1]])
        y = np.concatenate([low, high[::-1]]).astype(np.float64)
        self._polygon = pg.functions.arrayToQPolygonF(x, y) if len(times) else QPolygonF()
        self.update()

    def set_colour(self, colour: QColor) -> None:
        """Change the colour of the filling."""
        self._brush = QBrush(colour)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._polygon.boundingRect()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush)
        painter.drawPolygon(self._polygon)
