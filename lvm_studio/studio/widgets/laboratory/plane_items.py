"""Points, ellipses and a ribbon in the plane, each kind as one plot item that redraws quickly."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

Floats = NDArray[np.float32] | NDArray[np.float64]
FAINTEST, STRONGEST = 0.012, 0.2
"""Opacity of one ellipse among many."""
MOST_ELLIPSES = 64
"""Each takes 50 microseconds to fill; this many are enough to pave a curve."""


class _PlaneItem(pg.GraphicsObject):
    """What all items here share: a colour, and a rectangle around their points."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = QColor("black")
        self._around = QRectF()

    def set_colour(self, colour: QColor) -> None:
        """Draw in this colour from now on."""
        self.colour = colour
        self.update()

    def boundingRect(self) -> QRectF:
        return self._around

    def _enclose(self, low: Floats, high: Floats) -> None:
        self.prepareGeometryChange()
        self._around = QRectF(
            QPointF(float(low[0]), float(low[1])), QPointF(float(high[0]), float(high[1]))
        )
        self.update()


class PointCloud(_PlaneItem):
    """Points [P, 2], drawn as dots of a fixed size on the screen.

    A ScatterPlotItem takes 3 ms to take in 400 points, this 0.1 ms.
    """

    def __init__(self, size: float = 3.0) -> None:
        super().__init__()
        self._size = size
        self._polygon = QPolygonF()

    def set_points(self, points: Floats) -> None:
        """Show these; rows that hold no number are left out."""
        points = points[np.isfinite(points).all(1)]
        self._polygon = _polygon(points)
        if len(points):
            self._enclose(points.min(0), points.max(0))
        else:
            self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        # Under the plane's own transform a dot of the raster engine becomes a dash.
        transform = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(
            QPen(self.colour, self._size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        )
        painter.drawPoints(transform.map(self._polygon))
        painter.restore()


class EllipseCloud(_PlaneItem):
    """An ellipse of half axes [P, 2] around each of the points [P, 2], filled with a veil.

    Many of them laid over one another pave the manifold, as in Fig. 6.1; the more they overlap
    the thinner is each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rectangles: list[QRectF] = []

    def set_ellipses(self, centres: Floats, axes: Floats) -> None:
        """Show the first `MOST_ELLIPSES` of these."""
        centres, axes = centres[:MOST_ELLIPSES], axes[:MOST_ELLIPSES]
        sound = np.isfinite(centres).all(1) & np.isfinite(axes).all(1)
        low, size = (centres - axes)[sound], (2 * axes)[sound]
        self._thin_out(low, low + size)
        self._rectangles = [QRectF(*row) for row in np.hstack([low, size]).tolist()]
        if len(low):
            self._enclose(low.min(0), (low + size).max(0))
        else:
            self.update()

    def _thin_out(self, low: Floats, high: Floats) -> None:
        if not len(low):
            return
        around = float(np.prod(high.max(0) - low.min(0))) or 1.0
        overlap = float(np.prod(high - low, axis=1).sum()) / around
        self.colour.setAlphaF(min(max(0.5 / max(overlap, 1e-3), FAINTEST), STRONGEST))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.colour)
        for rectangle in self._rectangles:
            painter.drawEllipse(rectangle)


def ribbon(curve: Floats, stddev: Floats) -> tuple[Floats, Floats]:
    """Both edges [W, 2] of a band of one sigma around a curve [W, 2], across its direction.

    With sigma_x and sigma_y in `stddev` [W, 2], the deviation along a unit normal n is
    sqrt((n_x sigma_x)^2 + (n_y sigma_y)^2).

    >>> straight = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> left, right = ribbon(straight, np.full((3, 2), 0.5))
    >>> left[:, 1].tolist(), right[:, 1].tolist()
    ([0.5, 0.5, 0.5], [-0.5, -0.5, -0.5])
    """
    along = np.gradient(curve, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    along = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    across = np.linalg.norm(normal * stddev, axis=1, keepdims=True) * normal
    return curve + across, curve - across


class Ribbon(_PlaneItem):
    """A curve [W, 2] and the band of one sigma around it."""

    def __init__(self) -> None:
        super().__init__()
        self._band, self._curve = QPolygonF(), QPolygonF()
        self.veil = QColor("grey")

    def set_ribbon(self, curve: Floats, stddev: Floats) -> None:
        """Show this."""
        left, right = ribbon(curve, stddev)
        edge = np.concatenate([left, right[::-1]])
        if not np.isfinite(edge).all():
            return
        self._band = _polygon(edge)
        self._curve = _polygon(curve)
        self._enclose(edge.min(0), edge.max(0))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.veil)
        painter.drawPolygon(self._band, Qt.FillRule.WindingFill)
        painter.setPen(pg.mkPen(self.colour, width=1))
        painter.drawPolyline(self._curve)


def _polygon(points: Floats) -> QPolygonF:
    """pyqtgraph's own fails on nothing."""
    if not len(points):
        return QPolygonF()
    return pg.functions.arrayToQPolygonF(points[:, 0], points[:, 1])
