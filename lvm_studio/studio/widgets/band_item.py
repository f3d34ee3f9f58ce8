"""A filled band between two curves over the same times."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lvm_studio.studio.widgets.veil_fill import fill_veil


class BandItem(pg.GraphicsObject):
    """One polygon; pyqtgraph's FillBetweenItem rebuilds its path for each of its two edges."""

    def __init__(self) -> None:
        super().__init__()
        self._polygon = QPolygonF()
        self._colour = QColor()

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
        self._colour = QColor(colour)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._polygon.boundingRect()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        fill_veil(painter, self._polygon, self._colour)
