"""Many curves over one time axis as a single plot item: the darker the more of them overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.fan.curve_raster import RGB, Grid, coverage, ink
from lvm_studio.studio.widgets.view_item import ViewItem

ALONE, MANY = 0.35, 0.6
"""Share of the full colour in a single curve and in the densest heap: means above stay visible."""
FEW_CHANGED = 0.35
"""Up to this share of them, changed curves are taken away and drawn anew one by one."""
HALF_DARK = 0.1
"""Share of the curves that makes a heap about two thirds as dark as it becomes."""


@dataclass(frozen=True)
class Place:
    """Where curves are drawn: pixels, rows per unit and row of zero, pixels per point."""

    grid: Grid
    scale: float
    shift: float
    ratio: float

    def coverage(
        self, points: NDArray[np.float32], signs: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """How often curves' points [T, n] cover each pixel, each counted with its sign."""
        heights = np.float32(self.scale) * points + np.float32(self.shift)
        return coverage(heights, self.grid, self.ratio, signs)


@dataclass(eq=False)
class Counted:
    """Coverage [rows, columns] of a place by curves with these points [T, n]."""

    place: Place
    points: NDArray[np.float32]
    covered: NDArray[np.float32]


class CurveBundle(ViewItem):
    """Draws [n, T] curves over evenly spaced times [T]; as lines where the device knows no pixels.

    200 items of one curve each cost 48 ms a frame, one item of lines 6 ms, this image 3 ms; 1 ms
    where few of the curves are others than before, and next to nothing where none is (a cursor).
    """

    def __init__(self) -> None:
        super().__init__()
        self.curves: NDArray[np.floating] = np.empty((0, 0))
        self.colour = QColor()
        self._paper = QColor()
        self._times = np.empty(0)
        self._points = np.empty((0, 0), np.float32)
        """[T, n], as they are drawn: column by column."""
        self._counted: Counted | None = None
        self._painted: tuple[Place, QImage] | None = None

    def set_curves(self, times: NDArray[np.float64], curves: NDArray[np.floating]) -> None:
        """Replace the curves; an empty array clears."""
        self.curves, self._times = curves, times
        self._points = np.ascontiguousarray(curves.T, np.float32)
        self._painted = None
        self.update()

    def set_colour(self, colour: str, paper: str) -> None:
        """Change the colour of all curves, and that of the ground they are drawn on.

        A curve hides what lies under it; a transparent one would mix the colours of two fans.
        """
        self.colour, self._paper = QColor(colour), QColor(paper)
        self._painted = None
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self.curves.size:
            return
        if painter.paintEngine().type() is QPaintEngine.Type.Raster:
            self._paint_ink(painter)
        else:
            self._paint_lines(painter)

    def _paint_lines(self, painter: QPainter) -> None:
        painter.setPen(pg.mkPen(mix(self._paper.name(), self.colour.name(), ALONE), width=1))
        for curve in self.curves:
            painter.drawPolyline(pg.functions.arrayToQPolygonF(self._times, curve.astype(float)))

    def _paint_ink(self, painter: QPainter) -> None:
        to_device = painter.deviceTransform()
        area = to_device.mapRect(QRectF(self.viewRect())).toAlignedRect()
        painter.save()
        try:
            painter.resetTransform()
            bare = painter.deviceTransform()  # from points to the device's pixels
            image = self._image(to_device, area, bare.m11())
            painter.drawImage(bare.inverted()[0].map(QPointF(area.topLeft())), image)
        finally:
            painter.restore()  # Qt does not survive a painter left as it was

    def _image(self, to_device: QTransform, area: QRect, ratio: float) -> QImage:
        """The curves on these pixels of the device, of which `ratio` make a point."""
        scale, shift = to_device.m22(), to_device.dy() - area.top()
        first = to_device.map(QPointF(self._times[0], 0.0)).x() - area.left()
        step = to_device.m11() * (self._times[1] - self._times[0])
        place = Place(Grid(area.width(), area.height(), first, step), scale, shift, ratio)
        if self._painted is None or self._painted[0] != place:
            covered = self._count(place)
            pixels = ink(covered, shades(len(self.curves)), _rgb(self._paper), _rgb(self.colour))
            self._painted = place, _image_of(pixels, ratio)
        return self._painted[1]

    def _count(self, place: Place) -> NDArray[np.float32]:
        """Coverage by the curves; where most are those of last time, the others alone are drawn."""
        points, before = self._points, self._counted
        if before is not None and before.place == place and before.points.shape == points.shape:
            changed = np.flatnonzero((before.points != points).any(axis=0))
            if len(changed) <= FEW_CHANGED * points.shape[1]:
                both = np.concatenate([before.points[:, changed], points[:, changed]], axis=1)
                signs = np.repeat([-1.0, 1.0], len(changed))
                if len(changed):
                    before.covered += place.coverage(both, signs)
                    before.points = points
                return before.covered
        self._counted = Counted(place, points, place.coverage(points))
        return self._counted.covered


def shades(curves: int) -> NDArray[np.float64]:
    """Share of the full colour where 0, 1, … of so many curves overlap.

    >>> shades(2).tolist()[:2], bool(shades(200)[100] > 0.59)
    ([0.35, 0.35], True)
    """
    more = np.maximum(np.arange(curves + 1) - 1.0, 0.0)
    return ALONE + (MANY - ALONE) * (1.0 - np.exp(-more / (HALF_DARK * curves)))


def _rgb(colour: QColor) -> RGB:
    return colour.red(), colour.green(), colour.blue()


def _image_of(pixels: NDArray[np.uint32], ratio: float) -> QImage:
    rows, columns = pixels.shape
    image = QImage(
        pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied
    ).copy()  # which owns its pixels
    image.setDevicePixelRatio(ratio)
    return image
