"""Where in the plane a point of a latent space decodes to, among the data."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import Floats

DIM = 2
BAND_ALPHA = 0.25
DOT, MARK = 3, 11
PALENESS = 0.55
CORNERS = 60
"""Of the polygon that stands for an ellipse."""


class DecodedPlane(pg.PlotWidget):
    """Data as dots, the mean where one stands, its 10–90 % as an ellipse, and the mean at u = 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems=plain_axes())
        self.setAccessibleName("Decoded point in the plane")
        self.setToolTip(
            "Grey: data. Coloured: what is decoded where you stand, with the 10–90 % range of each "
            "coordinate as an ellipse. Cross: what is decoded at u = 0."
        )
        self.hideButtons()
        self.setMenuEnabled(False)
        self.getViewBox().setAspectLocked()
        self._data = pg.ScatterPlotItem(size=DOT, pen=None)
        self._middle = pg.ScatterPlotItem(size=MARK, symbol="+")
        self._range = pg.PlotCurveItem()
        self._mean = pg.ScatterPlotItem(size=MARK)
        for item in (self._data, self._range, self._middle, self._mean):
            self.addItem(item)

    def show_data(self, points: Floats) -> None:
        """Lie over these data [n, 2]."""
        self._data.setData(*points.T)
        self.autoRange()

    def show_point(self, mean: Floats, p10: Floats, p90: Floats, middle: Floats) -> None:
        """Show a decoded law by its mean and quantiles [2], and the mean [2] at u = 0."""
        angle = np.linspace(0.0, 2.0 * np.pi, CORNERS)
        circle = np.stack([np.cos(angle), np.sin(angle)])
        outline = ((p10 + p90) / 2)[:, None] + ((p90 - p10) / 2)[:, None] * circle
        self._range.setData(*outline)
        self._mean.setData(*mean[:, None])
        self._middle.setData(*middle[:, None])

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self._data.setBrush(pg.mkBrush(mix(colours.muted, colours.plot, PALENESS)))
        self._middle.setPen(pg.mkPen(colours.text))
        self._range.setPen(pg.mkPen(colours.tuned))
        self._range.setBrush(pg.mkBrush(veil(colours.tuned, BAND_ALPHA)))
        self._mean.setPen(pg.mkPen(colours.plot))
        self._mean.setBrush(pg.mkBrush(colours.tuned))
