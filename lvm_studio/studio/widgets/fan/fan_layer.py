"""One fan in a plot: its band, its sampled curves and its mean, in the colours of one law."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QGraphicsItem

from lvm_studio.analysis.fan import Fan
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.fan.curve_bundle import CurveBundle
from lvm_studio.studio.widgets.time_axis import seconds

BAND_ALPHA = 0.22
MEAN_WIDTH = 2


class FanLayer:
    """Plot items of one fan; `depth` orders layers (bands below curves below means)."""

    def __init__(self, plot: pg.PlotItem, depth: int) -> None:
        self._band = BandItem()
        self._bundle = CurveBundle()
        self._edges = pg.PlotCurveItem(antialias=False, connect="finite")
        self._edges.setSegmentedLineMode("on")
        self._mean = pg.PlotCurveItem(antialias=False)
        self._items = (self._band, self._bundle, self._edges, self._mean)
        for item, height in zip(self._items, (0, 10, 15, 20), strict=True):
            item.setZValue(height + depth)
        self._plot = plot
        for item in self._items:
            plot.addItem(item, ignoreBounds=True)
        self.fan: Fan | None = None
        self.visible = True
        self._shown = 0
        self._refresh_visibility()

    def keep_painted(self) -> None:
        """Keep the painted items as images: while another layer moves, this one costs nothing."""
        for item in self._items:
            item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def set_fan(self, fan: Fan | None, shown: int) -> None:
        """Draw a fan with its first `shown` curves as lines, or nothing."""
        self.fan, self._shown = fan, shown
        self._refresh_visibility()
        if fan is None:
            return
        times = seconds(fan.times)
        self._band.set_band(times, fan.p10, fan.p90)
        gap = [np.nan]  # one item, two lines
        self._edges.setData(
            np.concatenate([times, gap, times]), np.concatenate([fan.p10, gap, fan.p90])
        )
        self._mean.setData(times, fan.mean)
        self.set_shown(shown)

    def set_shown(self, shown: int) -> None:
        """Draw this many of the sampled curves."""
        self._shown = shown
        if self.fan is not None:
            self._bundle.set_curves(seconds(self.fan.times), self.fan.curves[:shown])

    def move_to(self, plot: pg.PlotItem) -> None:
        """Draw in another plot from now on."""
        for item in self._items:
            self._plot.removeItem(item)
            plot.addItem(item, ignoreBounds=True)
        self._plot = plot

    def set_visible(self, visible: bool) -> None:
        """Hide or show the whole fan."""
        self.visible = visible
        self._refresh_visibility()

    def set_colour(self, colour: str, background: str) -> None:
        """Colour mean, curves and band."""
        self._band.set_colour(veil(colour, BAND_ALPHA))
        self._bundle.set_colour(colour, background)
        self._edges.setPen(pg.mkPen(colour, width=1))
        self._mean.setPen(pg.mkPen(colour, width=MEAN_WIDTH))

    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest power drawn (kW), None if nothing is."""
        if self.fan is None or not self.visible:
            return None
        curves: NDArray[np.floating] = self.fan.curves[: self._shown]
        low, high = float(self.fan.p10.min()), float(self.fan.p90.max())
        if curves.size:
            low, high = min(low, float(curves.min())), max(high, float(curves.max()))
        return low, high

    def _refresh_visibility(self) -> None:
        for item in self._items:
            item.setVisible(self.visible and self.fan is not None)
