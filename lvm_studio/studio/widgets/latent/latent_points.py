"""Very many points as one picture: drawn pixel by pixel, kept until the view moves.

A ScatterPlotItem asks for one symbol a point and frame; here 50,000 points are a few array
operations, done again only when zoom, colours or points have changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.widgets.training.series import Floats

FEW, MANY = 3000, 15_000
RADII = (2.5, 1.5, 1.0)
"""Pixels: few points are dots, very many are dust."""


def stamp(radius: float) -> NDArray[np.int64]:
    """Offsets [s, 2] of the pixels within a radius.

    >>> len(stamp(1.0)), len(stamp(2.5))
    (5, 21)
    """
    reach = int(radius)
    side = np.arange(-reach, reach + 1)
    y, x = np.meshgrid(side, side, indexing="ij")
    inside = x**2 + y**2 <= radius**2
    return np.stack([x[inside], y[inside]], axis=-1)


class PointsItem(pg.GraphicsObject):
    """Points [n, 2] with one colour each; leaves all clicks to what is beneath."""

    def __init__(self) -> None:
        super().__init__()
        self._xy: Floats = np.zeros((0, 2))
        self._rgb: NDArray[np.uint32] = np.zeros(0, dtype=np.uint32)
        self._image: QImage | None = None
        self._made_for: tuple[float, ...] = ()
        self.setAcceptedMouseButtons(pg.QtCore.Qt.MouseButton.NoButton)

    def set_points(self, xy: Floats, colours: list[QColor], index: NDArray[np.int64]) -> None:
        """Show points [n, 2], each in `colours[index]`."""
        table = np.array([colour.rgb() for colour in colours], dtype=np.uint32)
        self.prepareGeometryChange()
        self._xy, self._rgb = np.asarray(xy, dtype=np.float64), table[index]
        self._image = None
        self.update()

    def boundingRect(self) -> QRectF:
        """All that is in view."""
        return QRectF(self.viewRect())

    def viewTransformChanged(self) -> None:
        """Another zoom, another picture."""
        super().viewTransformChanged()  # forgets the view rectangle that it keeps
        self.prepareGeometryChange()
        self._image = None
        self.update()

    def paint(self, painter: QPainter, _option: Any, widget: QWidget | None = None) -> None:
        """Put the picture over the view, drawing it first where it is out of date."""
        view = self.getViewBox()
        if len(self._xy) == 0 or view is None:
            return
        ratio = widget.devicePixelRatioF() if widget is not None else 1.0
        rect = self.viewRect()
        width = max(1, round(view.width() * ratio))
        height = max(1, round(view.height() * ratio))
        made_for = (width, height, rect.left(), rect.top(), rect.width(), rect.height())
        if self._image is None or made_for != self._made_for:
            self._image, self._made_for = self._draw(rect, width, height), made_for
        painter.save()
        painter.translate(QPointF(rect.left(), rect.bottom()))
        painter.scale(rect.width() / width, -rect.height() / height)
        painter.drawImage(0, 0, self._image)
        painter.restore()

    def _draw(self, rect: QRectF, width: int, height: int) -> QImage:
        x = (self._xy[:, 0] - rect.left()) * (width / rect.width())
        y = height - (self._xy[:, 1] - rect.top()) * (height / rect.height())
        radius = RADII[0] if len(x) <= FEW else RADII[1] if len(x) <= MANY else RADII[2]
        edge = int(radius) + 1
        # a margin all around spares every stamp the look whether it is inside
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        wide = width + 2 * edge
        pixels = np.zeros((height + 2 * edge) * wide, dtype=np.uint32)
        at = (y[inside].astype(np.int64) + edge) * wide + x[inside].astype(np.int64) + edge
        rgb = self._rgb[inside]
        for dx, dy in stamp(radius):
            pixels[at + (dy * wide + dx)] = rgb
        shown = pixels.reshape(-1, wide)[edge:-edge, edge:-edge]
        data = np.ascontiguousarray(shown)
        image = QImage(
            data.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        return image.copy()  # its own memory: the array may go
