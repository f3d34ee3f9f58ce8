"""The week that one point of the latent space stands for: its mean and 10–90 % band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lvm_studio.data.units import HOURS_PER_STEP
from lvm_studio.studio.theme import MUTED, Colours, theme
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.grid_item import GridItem
from lvm_studio.studio.widgets.scaled_axis import ScaledAxis
from lvm_studio.studio.widgets.time_axis import WeekAxis, seconds
from lvm_studio.studio.widgets.training.series import Floats

BAND_ALPHA = 0.25
HEADROOM = 1.05
HINT = "Click on the map or move a slider: the week that lies there appears here."


@dataclass(frozen=True, eq=False)
class DecodedWeek:
    """A decoded point: times [T] UTC and its law's mean, 10 % and 90 % quantiles [T] in kW."""

    times: NDArray[np.datetime64]
    mean: Floats
    p10: Floats
    p90: Floats

    def sentence(self) -> str:
        """Energy and peak of the mean curve."""
        energy = float(self.mean.sum()) * HOURS_PER_STEP
        return f"mean curve: {energy:,.0f} kWh, peak {self.mean.max():.2f} kW"


class DecodedPlot(QWidget):
    """Mean and band at the point where one stands, the mean at u = 0 behind it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._times = WeekAxis()
        self.canvas = pg.PlotWidget(axisItems={"left": ScaledAxis("left"), "bottom": self._times})
        self.canvas.setObjectName("latent_decoded")
        self.canvas.setAccessibleName("Decoded week")
        self.canvas.hideButtons()
        self.canvas.setMenuEnabled(False)
        self.canvas.getViewBox().disableAutoRange()
        self.canvas.setLabel("left", "kW of the whole street")
        self.canvas.setLabel("bottom", "UTC")
        self._grid = GridItem(self.canvas.getAxis("left"), self.canvas.getAxis("bottom"))
        self._band = BandItem()
        self._middle = pg.PlotCurveItem()
        self._mean = pg.PlotCurveItem()
        for item in (self._grid, self._band, self._middle, self._mean):
            self.canvas.addItem(item, ignoreBounds=True)
        self._hint = QLabel(HINT, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setForegroundRole(MUTED)
        self._about = QLabel(" ", wordWrap=True)
        self._about.setObjectName("latent_about")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._hint, 1)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self._about)
        self._height = 0.0
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)
        self.show_week(None, None)

    def set_whose(self, whose: str) -> None:
        """Say whose power the curve is."""
        self.canvas.setLabel("left", f"kW of {whose}")

    def set_hint(self, hint: str) -> None:
        """What an empty plot says."""
        self._hint.setText(hint)

    def show_week(self, week: DecodedWeek | None, middle: Floats | None, about: str = "") -> None:
        """Show a decoded week over the mean at u = 0 (or none), with a line about it."""
        self._hint.setVisible(week is None)
        self.canvas.setVisible(week is not None)
        self._about.setVisible(week is not None)
        if week is None:
            self._height = 0.0
            return
        times = seconds(week.times)
        self._times.set_start(week.times[0])
        self._band.set_band(times, week.p10, week.p90)
        self._mean.setData(times, week.mean)
        self._middle.setData(times, middle if middle is not None else np.full(len(times), np.nan))
        self._about.setText(f"{about} · {week.sentence()}" if about else week.sentence())
        self._fit(times, week)

    def set_stale(self, stale: bool) -> None:
        """Grey the line about the week while a newer one is being decoded."""
        self._about.setEnabled(not stale)

    def _fit(self, times: Floats, week: DecodedWeek) -> None:
        """Let the height grow at once and shrink late: a walk should bend curves, not axes."""
        high = float(week.p90.max()) * HEADROOM
        if high > self._height or high < 0.5 * self._height:
            self._height = high * 1.15
        low = min(float(week.p10.min()), 0.0)
        self.canvas.setRange(
            xRange=(times[0], times[-1]), yRange=(low, max(self._height, 1e-6)), padding=0
        )

    def _set_colours(self, colours: Colours) -> None:
        self.canvas.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.canvas.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.canvas.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self._band.set_colour(veil(colours.base, BAND_ALPHA))
        self._grid.set_colour(mix(colours.grid, colours.plot, 0.6).name())
        self._mean.setPen(pg.mkPen(colours.base, width=1))
        self._middle.setPen(pg.mkPen(colours.muted, width=1))
