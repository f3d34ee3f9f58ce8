"""What a noise σ lets a perfect VAE see of a sphere: the map of ℓ(r), and what training found.

Fig. 6.5: R/σ across, r/σ up; on linear axes around the threshold, or on logarithmic ones.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QLabel

from lvm_studio.analysis.sigma.hypersphere import RadiusMap, sufficient_bound, threshold
from lvm_studio.studio.theme import BLUISH_GREEN, MUTED, VERMILLION, Colours, theme
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import Floats, Scale

SHADES = 256
HINT = "Computing the map …"


class RadiusMapPlot(pg.PlotWidget):
    """ℓ(r) of one D as shades, its best r as a line, both bounds, and trained models as dots."""

    def __init__(self) -> None:
        axes = plain_axes()
        super().__init__(axisItems=axes)
        self.setObjectName("sphere_map")
        self.setAccessibleName("Map of the likelihood over radius and noise")
        self._axes = axes
        self._scale = Scale()
        self.getPlotItem().setMenuEnabled(False)
        self.hideButtons()
        self.setLabel("bottom", "R / σ  (no unit)")
        self.setLabel("left", "r / σ  (no unit)")
        self._image = pg.ImageItem()
        self._optimum = pg.PlotCurveItem()
        self._bounds = [pg.InfiniteLine(angle=90) for _ in range(2)]
        self._labels = [pg.TextItem("", anchor=(side, 0)) for side in (1, 0)]
        self._chosen = pg.InfiniteLine(angle=90, movable=False)
        self._trained = pg.ScatterPlotItem(size=11, pxMode=True, symbol="o")
        self._trace = pg.PlotCurveItem()
        self._map: RadiusMap | None = None
        self._hint = QLabel(HINT, self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._hint.setForegroundRole(MUTED)
        self._hint.setGeometry(80, 60, 240, 30)
        items = (self._image, self._optimum, *self._bounds, self._chosen)
        for item in (*items, *self._labels, self._trace, self._trained):
            self.addItem(item, ignoreBounds=True)
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)

    @property
    def shown(self) -> RadiusMap | None:
        """The map on screen."""
        return self._map

    def show_map(self, found: RadiusMap, scale: Scale) -> None:
        """Show this map; its a and b are evenly spaced under the scale."""
        self._map, self._scale = found, scale
        self._hint.hide()
        for axis in self._axes.values():
            axis.set_scale(scale)
        a, b = scale.forward(found.a), scale.forward(found.b)
        # Every column beside its own best: what counts is which r wins for a given sigma.
        gain = found.gain - found.gain.max(0, keepdims=True)
        depth = np.log1p(-gain)
        self._image.setImage(depth.T, levels=(0.0, float(np.percentile(depth, 95)) or 1.0))
        corner = QPointF(a[0], b[0])
        self._image.setRect(QRectF(corner, QPointF(a[-1], b[-1])))
        self._optimum.setData(a, self._inside(np.stack([found.a, found.optimum], 1))[:, 1])
        places = (sufficient_bound(found.dim), threshold(found.dim))
        words = (f"√(D−1) = {places[0]:.4g}", f"√D = {places[1]:.4g}")
        for line, label, place, word in zip(self._bounds, self._labels, places, words, strict=True):
            height = float(scale.forward(np.array([place]))[0])
            line.setPos(height)
            label.setText(word)
            label.setPos(height, b[-1] - 0.02 * (b[-1] - b[0]))
        self.getViewBox().setRange(xRange=(a[0], a[-1]), yRange=(b[0], b[-1]), padding=0)

    def choose(self, ratio: float) -> None:
        """Mark this R / σ."""
        self._chosen.setPos(float(self._scale.forward(np.array([ratio]))[0]))

    def show_trained(self, points: Floats, path: Floats) -> None:
        """Trained models [n, 2] as (R/σ, r/σ), and the way [m, 2] of the one that trains."""
        self._trained.setData(pos=self._inside(points))
        way = self._inside(path)
        self._trace.setData(way[:, 0], way[:, 1])

    def _inside(self, points: Floats) -> Floats:
        """Heights on the axes; a radius below the map lies on its lower edge."""
        if self._map is None or not len(points):
            return np.empty((0, 2))
        low = float(self._map.b[0])
        heights: Floats = self._scale.forward(np.maximum(points, [0.0, low]))
        return heights

    def _set_colours(self, colours: Colours) -> None:
        self.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        share = np.linspace(0.0, 1.0, SHADES)[:, None]
        ends = [pg.mkColor(c).getRgb()[:3] for c in (colours.base, colours.plot)]
        table = (1 - share) ** 1.5 * np.array(ends[0]) + (1 - (1 - share) ** 1.5) * ends[1]
        self._image.setLookupTable(table.astype(np.uint8))
        self._optimum.setPen(pg.mkPen(colours.text, width=2))
        dashed, dotted = Qt.PenStyle.DashLine, Qt.PenStyle.DotLine
        self._bounds[0].setPen(pg.mkPen(colours.muted, width=1, style=dotted))
        self._bounds[1].setPen(pg.mkPen(VERMILLION, width=1, style=dashed))
        for label, colour in zip(self._labels, (colours.muted, VERMILLION), strict=True):
            label.setColor(colour)
            label.fill = pg.mkBrush(colours.plot)
        self._chosen.setPen(pg.mkPen(BLUISH_GREEN, width=1))
        self._trained.setBrush(pg.mkBrush(BLUISH_GREEN))
        self._trained.setPen(pg.mkPen(colours.plot, width=1))
        self._trace.setPen(pg.mkPen(BLUISH_GREEN, width=1))
