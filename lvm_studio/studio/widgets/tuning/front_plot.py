"""The front that λ walks along: how extreme (E f) against how far from the base law (KL)."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QLabel, QWidget

from lvm_studio.studio.theme import MUTED, Colours
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.grid_item import GridItem
from lvm_studio.studio.widgets.scaled_axis import plain_axes

FADING = 0.6
BAND_ALPHA = 0.25
PADDING = 0.04
LEAST_KL = 0.1
LABEL_ROOM = 8
"""Pixels beyond the highest and the last tick, so that their labels are not cut."""


class FrontPlot(pg.PlotWidget):
    """(KL, E f) for rising λ with the current point; a click asks for the λ nearest to it."""

    lam_asked = Signal(float)

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems=plain_axes())
        self.setObjectName("front")
        self.setAccessibleName("Front of E f against KL")
        self.setToolTip(
            "What tuning costs: E f under the tuned law against KL(tuned ‖ base), for every λ.\n"
            "dE f/dλ = Var f and dKL/dλ = λ Var f (Eq. 10.6–10.7).\n"
            "Band: two standard errors to either side. Dashed: too few samples carry it.\n"
            "Click to go to a point."
        )
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.setLabel("bottom", "KL (nats)")
        self._grid = GridItem(self.getAxis("left"), self.getAxis("bottom"))
        self.addItem(self._grid, ignoreBounds=True)
        self._sure = pg.PlotCurveItem(antialias=True, connect="finite")
        self._doubtful = pg.PlotCurveItem(antialias=True)
        self._point = pg.ScatterPlotItem(size=10)
        self._band = BandItem()
        for item in (self._band, self._doubtful, self._sure):
            self.addItem(item, ignoreBounds=True)
            # while λ slides the point moves alone: the rest stays painted as an image
            item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.addItem(self._point, ignoreBounds=True)
        self.getViewBox().disableAutoRange()
        self._lam = self._kl = self._expectation = self._sure_values = np.empty(0)
        self.getPlotItem().layout.setContentsMargins(0, LABEL_ROOM, LABEL_ROOM, 0)
        self._hint = QLabel("E f against KL, once there is a street.", self)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(MUTED)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.scene().sigMouseClicked.connect(self._clicked)
        self.set_colours(colours)

    def set_front(
        self,
        lam: NDArray[np.float64],
        kl: NDArray[np.float64],
        expectation: NDArray[np.float64],
        valid: NDArray[np.bool_],
        title: str,
        error: NDArray[np.float64],
    ) -> None:
        """Draw the front, arrays [L] with |λ| rising; `expectation` is named `title`, `kl` in nats.

        error: standard error of `expectation`; the band is two of them to either side.
        """
        finite = np.isfinite(kl) & np.isfinite(expectation)
        lam, kl, expectation, valid = lam[finite], kl[finite], expectation[finite], valid[finite]
        error = error[finite]
        # where too few samples count, KL reads too low and the line would fold back
        rising = valid | (kl >= np.maximum.accumulate(kl))
        front = (lam[rising], kl[rising], expectation[rising])
        sure = np.where(valid[rising], front[2], np.nan)
        if self._same(front, sure):
            return
        self._lam, self._kl, self._expectation = front
        self._sure_values = sure
        self.setLabel("left", title)
        self._show_axes(True)
        sure_kl, level = kl[valid], expectation[valid]
        self._band.set_band(sure_kl, level - 2.0 * error[valid], level + 2.0 * error[valid])
        self._doubtful.setData(self._kl, self._expectation)
        self._sure.setData(self._kl, sure)
        self._fit(self._kl, self._expectation)

    def set_point(self, kl: float, expectation: float) -> None:
        """Mark where λ is now; beyond what is drawn the axes reach out to it."""
        self._point.setData([kl], [expectation])
        (left, right), (low, high) = self.getViewBox().viewRange()
        if not (left <= kl <= right and low <= expectation <= high):
            self._fit(np.append(self._kl, kl), np.append(self._expectation, expectation))

    def clear_front(self) -> None:
        """Draw nothing."""
        self._lam = self._kl = self._expectation = self._sure_values = np.empty(0)
        for curve in (self._sure, self._doubtful):
            curve.setData([], [])
        self._band.set_band(np.empty(0), np.empty(0), np.empty(0))
        self._point.clear()
        self._show_axes(False)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.setBackground(colours.plot)
        for name in ("left", "bottom"):
            self.getAxis(name).setPen(colours.muted)
            self.getAxis(name).setTextPen(colours.text)
        self._grid.set_colour(colours.grid)
        self._band.set_colour(veil(colours.tuned, BAND_ALPHA))
        self._sure.setPen(pg.mkPen(colours.tuned, width=2))
        faded = mix(colours.muted, colours.plot, FADING)
        self._doubtful.setPen(pg.mkPen(faded, width=1, style=Qt.PenStyle.DashLine))
        self._point.setBrush(colours.tuned)
        self._point.setPen(pg.mkPen(colours.text, width=1))

    def nearest_lam(self, kl: float, expectation: float) -> float | None:
        """Return the λ of the front's point nearest on screen to (kl, expectation)."""
        if not len(self._lam):
            return None
        (x0, x1), (y0, y1) = self.getViewBox().viewRange()
        distance = ((self._kl - kl) / max(x1 - x0, 1e-9)) ** 2
        distance += ((self._expectation - expectation) / max(y1 - y0, 1e-9)) ** 2
        return float(self._lam[int(distance.argmin())])

    def _fit(self, kl: NDArray[np.float64], expectation: NDArray[np.float64]) -> None:
        """Show all of these, with a little room around."""
        if len(kl) and np.isfinite(kl).all() and np.isfinite(expectation).all():
            self.setXRange(float(kl.min()), max(float(kl.max()), LEAST_KL), padding=PADDING)
            self.setYRange(float(expectation.min()), float(expectation.max()), padding=PADDING)

    def _same(self, front: tuple[NDArray[np.float64], ...], sure: NDArray[np.float64]) -> bool:
        """Whether this front is on screen: while λ slides only the point moves."""
        drawn = (self._lam, self._kl, self._expectation)
        return all(
            np.array_equal(new, old) for new, old in zip(front, drawn, strict=True)
        ) and np.array_equal(sure, self._sure_values, equal_nan=True)

    def _show_axes(self, shown: bool) -> None:
        self._hint.setVisible(not shown)
        for name in ("left", "bottom"):
            self.getAxis(name).setVisible(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the hint over the whole plot."""
        super().resizeEvent(event)
        if hasattr(self, "_hint"):  # PlotWidget sizes itself while it is being built
            self._hint.setGeometry(self.rect())

    def _clicked(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        point = self.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        lam = self.nearest_lam(point.x(), point.y())
        if lam is not None:
            self.lam_asked.emit(lam)
