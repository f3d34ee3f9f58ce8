"""Points, ellipses and a ribbon in the plane, each painted in a fraction of a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lvm_studio.studio.widgets.veil_fill import fill_veil
from lvm_studio.studio.widgets.view_item import ViewItem

Floats = NDArray[np.float32] | NDArray[np.float64]
FAINTEST, STRONGEST = 0.012, 0.2
"""Opacity of one ellipse among many."""
MOST_ELLIPSES = 64
"""Enough to pave a curve."""
LEAST_ELLIPSES, MOST_PIXELS = 8, 1e6
"""Painted however large they are, and pixels painted in all as long as there are more: very many
very faint ones would be slow, and rounding would shift their hue."""
LARGEST_DISC, DISC_STEPS = 512, 16
"""Pixels across an ellipse that is kept to be copied, larger ones are that one scaled; kept sizes
in an octave."""
DOT = 3.0
"""Pixels across a point."""


class Mark(Protocol):
    """Something to be painted in the coordinates of the plane."""

    def paint(self, painter: QPainter) -> None:
        """Paint it; the painter may be left in any state."""
        ...


@dataclass(frozen=True, eq=False)
class Dots:
    """Points [P, 2] as dots of one size on the screen; rows that hold no number are left out.

    400 squares take 0.04 ms, round and smooth ones 0.5 ms: at three pixels one sees no difference.
    """

    points: Floats
    colour: QColor

    def paint(self, painter: QPainter) -> None:
        # Under the plane's own transform a dot of the raster engine becomes a dash.
        places = painter.transform().map(_polygon(self.points[np.isfinite(self.points).all(1)]))
        painter.resetTransform()
        painter.setPen(QPen(self.colour, DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawPoints(places)


@dataclass(frozen=True, eq=False)
class Ellipses:
    """An ellipse of half axes [P, 2] around each of the points [P, 2], filled with a veil.

    Many of them laid over one another pave the manifold, as in Fig. 6.1. The first `MOST_ELLIPSES`
    are painted, and fewer where each of them is most of the plane.
    """

    centres: Floats
    axes: Floats
    colour: QColor

    def corners(self, most: int = MOST_ELLIPSES) -> tuple[Floats, Floats]:
        """Lower left and size of those that are painted, [n, 2] each."""
        centres, axes = self.centres[:most], self.axes[:most]
        sound = np.isfinite(centres).all(1) & np.isfinite(axes).all(1)
        return (centres - axes)[sound], (2 * axes)[sound]

    def paint(self, painter: QPainter) -> None:
        transform = painter.transform()
        area = abs(transform.determinant()) * float(np.prod(2 * self.axes, axis=1).mean())
        low, size = self.corners(affordable(area))
        if not len(low):
            return
        painter.resetTransform()
        painter.setOpacity(opacity(low, size))
        scale = np.array([transform.m11(), transform.m22()])
        middle = (low + size / 2) * scale + [transform.dx(), transform.dy()]
        pixels = size * np.abs(scale)
        kept = _steps(pixels)
        for at, across, size_kept in zip(middle.tolist(), pixels, kept.tolist(), strict=True):
            image = disc(*size_kept, self.colour.rgb())
            if across.max() > LARGEST_DISC:
                corner = QPointF(*at) - QPointF(*across) / 2
                painter.drawImage(QRectF(corner, QSizeF(*across)), image)
            else:  # no scaling: several times faster
                painter.drawImage(
                    round(at[0] - image.width() / 2), round(at[1] - image.height() / 2), image
                )


def affordable(area: float) -> int:
    """How many ellipses of so many pixels each may be painted.

    >>> affordable(100.0), affordable(1e6), affordable(float("nan"))
    (64, 8, 64)
    """
    if not area * MOST_ELLIPSES > MOST_PIXELS:
        return MOST_ELLIPSES
    return max(LEAST_ELLIPSES, int(MOST_PIXELS / area))


@lru_cache(maxsize=64)
def disc(width: int, height: int, rgb: int) -> QImage:
    """An ellipse to be copied: to fill one takes Qt up to eight times longer than to copy it."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(rgb))
        painter.drawEllipse(QRectF(0, 0, width, height))
    return image


def _steps(pixels: Floats) -> NDArray[np.int64]:
    """The nearest of sizes 4 % apart: a sigma that moves meets few that have not been drawn."""
    octaves = np.log2(np.clip(pixels, 1.0, LARGEST_DISC))
    return np.rint(np.exp2(np.rint(DISC_STEPS * octaves) / DISC_STEPS)).astype(np.int64)


def opacity(low: Floats, size: Floats) -> float:
    """Of each of n rectangles with lower left corners and sizes [n, 2]: the more overlap, the less.

    >>> apart = np.array([[0.0, 0.0], [9.0, 9.0]])
    >>> opacity(apart, np.full((2, 2), 1.0)), opacity(apart, np.full((2, 2), 1e3)) < 0.2
    (0.2, False)
    """
    around = float(np.prod((low + size).max(0) - low.min(0))) or 1.0
    overlap = float(np.prod(size, axis=1).sum()) / around
    return min(max(0.5 / max(overlap, 1e-3), FAINTEST), STRONGEST)


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


@dataclass(frozen=True, eq=False)
class Ribbon:
    """A curve [W, 2] and the band of one sigma around it."""

    curve: Floats
    stddev: Floats
    veil: QColor
    colour: QColor

    def paint(self, painter: QPainter) -> None:
        left, right = ribbon(self.curve, self.stddev)
        edge = np.concatenate([left, right[::-1]])
        if not np.isfinite(edge).all():
            return
        fill_veil(painter, _polygon(edge), self.veil)
        painter.setPen(pg.mkPen(self.colour, width=1))
        painter.drawPolyline(_polygon(self.curve))


class PlaneMarks(ViewItem):
    """Marks as one plot item, the first at the back."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: tuple[Mark, ...] = ()
        self.painted = 0
        """Times that marks have been painted which had not been before."""
        self._fresh = False

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Show these."""
        self.marks, self._fresh = marks, True
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        for mark in self.marks:
            painter.save()
            try:
                mark.paint(painter)
            finally:
                painter.restore()  # Qt does not survive a painter left as it was
        self.painted += self._fresh
        self._fresh = False


def _polygon(points: Floats) -> QPolygonF:
    """pyqtgraph's own fails on nothing."""
    if not len(points):
        return QPolygonF()
    return pg.functions.arrayToQPolygonF(points[:, 0], points[:, 1])
