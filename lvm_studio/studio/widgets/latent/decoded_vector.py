"""What one point of a latent space of vectors stands for: an image, a place, or a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from lvm_studio.studio.theme import Colours, theme
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.grey_image import grey_image
from lvm_studio.studio.widgets.latent.decoded_plane import DIM, DecodedPlane
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import Floats

BAND_ALPHA = 0.25
FEWEST_PIXELS = 64
MOST_TICKS = 12
NAME_OVERHANG, NAME_ROOM = 40, 10
"""Pixels: beyond the last tick; around the height of a name."""


def image_side(dim: int) -> int:
    """Side of the square image that a vector of `dim` numbers is; 0 if it is none.

    >>> image_side(784), image_side(100), image_side(3)
    (28, 10, 0)
    """
    side = math.isqrt(dim)
    return side if dim >= FEWEST_PIXELS and side * side == dim else 0


@dataclass(frozen=True, eq=False)
class DecodedVector:
    """A decoded point: mean, 10 % and 90 % quantiles [D] of its law."""

    mean: Floats
    p10: Floats
    p90: Floats


class ImagePane(QWidget):
    """An image as large as fits, with a word above."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._values: Floats | None = None
        self.limits = (0.0, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_values(self, values: Floats, limits: tuple[float, float]) -> None:
        """Show values [side, side] between these limits."""
        self._values, self.limits = values, limits
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Title, then the picture."""
        if self._values is None:
            return
        with QPainter(self) as painter:
            line = self.fontMetrics().lineSpacing()
            side = min(self.width(), self.height() - line - 2)
            left = (self.width() - side) / 2
            painter.setPen(QColor(theme().colours.muted))
            title = QRectF(0, 0, self.width(), line)
            painter.drawText(title, Qt.AlignmentFlag.AlignCenter, self._title)
            image = grey_image(self._values, *self.limits)
            painter.drawImage(QRectF(left, line + 2, side, side), image)


class DecodedVectorPlot(QWidget):
    """The mean at the point where one stands: with its band, as an image beside u = 0, or, of two
    coordinates, as a place in the plane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = pg.PlotWidget(axisItems=plain_axes())
        self.canvas.setAccessibleName("Decoded coordinates")
        self.canvas.hideButtons()
        self.canvas.setMenuEnabled(False)
        # names of columns may hang over the plot's edges
        self.canvas.getAxis("bottom").setStyle(hideOverlappingLabels=NAME_OVERHANG)
        self.canvas.getPlotItem().layout.setContentsMargins(0, 0, NAME_OVERHANG, 0)
        self.canvas.setLabel("bottom", "coordinate")
        self.canvas.setLabel("left", "value")
        self._band, self._middle, self._mean = BandItem(), pg.PlotCurveItem(), pg.PlotCurveItem()
        for item in (self._band, self._middle, self._mean):
            self.canvas.addItem(item)
        self._names: tuple[str, ...] = ()
        self.canvas.scene().sigMouseMoved.connect(self._tell_coordinate)
        self.image = ImagePane("mean, where you stand")
        self.middle_image = ImagePane("mean at u = 0")
        images = QWidget()
        row = pg.QtWidgets.QHBoxLayout(images)
        row.addWidget(self.image, 2)
        row.addWidget(self.middle_image, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.canvas)
        self._pages.addWidget(images)
        self.plane = DecodedPlane()
        self._pages.addWidget(self.plane)
        self._about = QLabel(" ", wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._about)
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)

    def show_vector(self, vector: DecodedVector, middle: Floats, about: str) -> None:
        """Show a decoded vector over the mean at u = 0, with a line about it."""
        self._about.setText(about)
        side = image_side(len(vector.mean))
        planar = len(vector.mean) == DIM
        self._pages.setCurrentIndex(1 if side else 2 if planar else 0)
        if planar:
            self.plane.show_point(vector.mean, vector.p10, vector.p90, middle)
            return
        if side:
            limits = (min(0.0, float(middle.min())), max(1.0, float(middle.max())))
            self.image.show_values(vector.mean.reshape(side, side), limits)
            self.middle_image.show_values(middle.reshape(side, side), limits)
            return
        at = np.arange(1, len(vector.mean) + 1, dtype=np.float64)
        self._band.set_band(at, vector.p10, vector.p90)
        self._mean.setData(at, vector.mean)
        self._middle.setData(at, middle)

    def set_data(self, data: Floats, names: Sequence[str], unit: str = "") -> None:
        """Take the data [n, D] and what their coordinates are called.

        The names stand along the axis if they are few, else on hover.
        """
        if data.shape[1] == DIM:
            self.plane.show_data(data)
            for side, name in zip(("bottom", "left"), names, strict=True):
                self.plane.setLabel(side, escape(f"{name} ({unit})" if unit else name))
        self.canvas.setLabel("left", unit or "value")
        self._names = tuple(names)
        few = 0 < len(self._names) <= MOST_TICKS
        ticks = list(enumerate(self._names, start=1)) if few else None
        self.canvas.getAxis("bottom").setTicks(None if ticks is None else [ticks])
        self.canvas.setLabel("bottom", "" if few else "coordinate")
        room = self.fontMetrics().height() + NAME_ROOM  # names reach below their line
        self.canvas.getAxis("bottom").setHeight(room if few else None)

    def _tell_coordinate(self, place: QPointF) -> None:
        at = round(self.canvas.getViewBox().mapSceneToView(place).x()) - 1
        known = 0 <= at < len(self._names)
        self.canvas.setToolTip(f"{at + 1}: {self._names[at]}" if known else "")

    def set_stale(self, stale: bool) -> None:
        """Grey the line below while a newer point is being decoded."""
        self._about.setEnabled(not stale)

    def _set_colours(self, colours: Colours) -> None:
        self.canvas.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.canvas.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.canvas.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self._band.set_colour(veil(colours.base, BAND_ALPHA))
        self._mean.setPen(pg.mkPen(colours.base, width=1))
        self._middle.setPen(pg.mkPen(colours.muted, width=1))
        self.plane.set_colours(colours)
        self.image.update()
        self.middle_image.update()
