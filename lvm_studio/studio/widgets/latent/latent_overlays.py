"""What lies over and under the points of a latent map: density, a posterior, a lasso."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPolygonF

from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.density import PlaneDensity

ELLIPSE_STEPS = 61
MOST_BITS = 3.0
STRONGEST = 120
"""Opacity (of 255) where q and p differ eightfold or more."""


class DensityImage(pg.ImageItem):
    """log2 q/p behind the points: orange where the prior is and q is not, blue where q crowds."""

    def __init__(self) -> None:
        super().__init__(axisOrder="col-major")
        self._density: PlaneDensity | None = None
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_density(self, density: PlaneDensity | None, colours: Colours) -> None:
        """Show this density, or nothing."""
        self._density = density
        self.setVisible(density is not None)
        if density is None:
            return
        self.setImage(_tinted(density.bits, colours), levels=(0, 255))
        (x0, y0), (x1, y1) = density.low, density.high
        self.setRect(QRectF(x0, y0, x1 - x0, y1 - y0))

    def set_colours(self, colours: Colours) -> None:
        """Follow the theme."""
        self.show_density(self._density, colours)


def _tinted(bits: Floats, colours: Colours) -> NDArray[np.uint8]:
    """RGBA [G, G, 4] of log2 q/p."""
    few, many = QColor(colours.tuned), QColor(colours.base)
    table = np.array(
        [[few.red(), few.green(), few.blue()], [many.red(), many.green(), many.blue()]]
    )
    known = np.nan_to_num(bits, nan=0.0)
    image = np.zeros((*bits.shape, 4), dtype=np.uint8)
    image[..., :3] = table[(known > 0).astype(int)]
    image[..., 3] = (np.abs(known) / MOST_BITS * STRONGEST).astype(np.uint8)
    return image


def ellipse(centre: tuple[float, float], covariance: Floats, radius: float) -> Floats:
    """Outline [2, s] of a Gaussian of the plane at `radius` standard deviations.

    >>> ellipse((1.0, 0.0), np.eye(2), 2.0)[:, 0].round(6).tolist()
    [3.0, 0.0]
    """
    angle = np.linspace(0.0, 2.0 * math.pi, ELLIPSE_STEPS)
    unit = np.stack([np.cos(angle), np.sin(angle)])
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(2))
    return np.asarray(np.asarray(centre)[:, None] + radius * root @ unit)


def inside(xy: Floats, outline: Floats) -> NDArray[np.bool_]:
    """Which points [n, 2] a closed outline [s, 2] goes round (even-odd rule), [n].

    >>> square = np.array([[0, 0], [2, 0], [2, 2], [0, 2.0]])
    >>> inside(np.array([[1.0, 1.0], [3.0, 1.0]]), square).tolist()
    [True, False]
    """
    found = np.zeros(len(xy), dtype=bool)
    x, y = xy[:, 0], xy[:, 1]
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        found ^= ((y0 > y) != (y1 > y)) & (x < crossing)
    return found


def outline_path(outline: Floats) -> QPainterPath:
    """A closed path along points [s, 2]."""
    path = QPainterPath()
    path.addPolygon(QPolygonF([pg.QtCore.QPointF(x, y) for x, y in outline]))
    path.closeSubpath()
    return path
