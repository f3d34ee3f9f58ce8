"""The A × B plane of anomalies, and one suspect over what was expected of it."""

from __future__ import annotations

from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.studio.theme import BLUISH_GREEN, ORANGE, REDDISH_PURPLE, VERMILLION, Colours
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.judging.card_plot import pale
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import Floats

QUARTER_COLOURS = {
    "usual": "#8A949E",
    "type A": ORANGE,
    "type B": REDDISH_PURPLE,
    "both types": VERMILLION,
}
CORNERS = {
    "usual": (0.0, 0.0, (0, 1)),
    "type A": (1.0, 0.0, (1, 1)),
    "type B": (0.0, 1.0, (0, 0)),
    "both types": (1.0, 1.0, (1, 0)),
}
"""Where the name of a quarter stands, as shares of both axes, and its anchor."""
DAY_STEPS = 48
MOST_TICKS = 16
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class AnomalyScatter(pg.PlotWidget):
    """One point a row, A across and B up, both logarithmic; a click chooses the nearest."""

    chosen = Signal(int)
    """Row of the findings."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems=plain_axes())
        self.setObjectName("anomaly_scatter")
        self.setAccessibleName("Scores of type A and type B")
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setLabel("bottom", "A: largest deviation, σ")
        self.setLabel("left", "B: KL(q(z | x, k) ‖ p(z)), nats")
        self.getPlotItem().setLogMode(x=True, y=True)
        self._points = pg.ScatterPlotItem(size=5, pen=None, pxMode=True)
        self._chosen = pg.ScatterPlotItem(size=15, brush=None, symbol="o")
        self._lines = (pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=0))
        self._names = {name: pg.TextItem(anchor=CORNERS[name][2]) for name in CORNERS}
        for item in (self._points, self._chosen):
            self.addItem(item)
        for item in (*self._lines, *self._names.values()):
            self.addItem(item, ignoreBounds=True)
            item.hide()
        self._xy = np.zeros((0, 2))
        self._findings: Findings | None = None
        self.scene().sigMouseClicked.connect(self._click)
        self.getViewBox().sigRangeChanged.connect(self._place_names)
        self.set_colours(colours)

    def show_findings(self, findings: Findings) -> None:
        """Draw all rows, the thresholds and the names of the quarters."""
        self._findings = findings
        self._xy = np.log10(np.maximum(np.stack([findings.a, findings.b], axis=1), 1e-3))
        brushes = {name: pg.mkBrush(colour) for name, colour in QUARTER_COLOURS.items()}
        self._points.setData(
            x=self._xy[:, 0], y=self._xy[:, 1], brush=[brushes[str(q)] for q in findings.quarter]
        )
        for line, limit in zip(self._lines, (findings.limit_a, findings.limit_b), strict=True):
            line.setValue(np.log10(limit))
            line.show()
        for name, item in self._names.items():
            item.setText(f"{name}: {int((findings.quarter == name).sum()):,}")
            item.setColor(QUARTER_COLOURS[name])
            item.show()
        self._chosen.setData(x=[], y=[])
        self.getViewBox().autoRange()
        self._place_names()

    def choose(self, row: int) -> None:
        """Mark a row."""
        self._chosen.setData(x=[self._xy[row, 0]], y=[self._xy[row, 1]])

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        _dress(self, colours)
        self._chosen.setPen(pg.mkPen(colours.text, width=2))
        for line in self._lines:
            line.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DashLine))

    def _place_names(self, *_: object) -> None:
        (left, right), (low, high) = self.getViewBox().viewRange()
        for name, (across, up, _) in CORNERS.items():
            self._names[name].setPos(left + across * (right - left), low + up * (high - low))

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if not len(self._xy):
            return
        view = self.getViewBox()
        size = np.array(view.viewPixelSize())
        at = view.mapSceneToView(event.scenePos())
        far = (self._xy - (at.x(), at.y())) / size
        self.chosen.emit(int((far**2).sum(1).argmin()))


class SuspectPlot(pg.PlotWidget):
    """A row over the band that the model expects of it; what is guilty is marked."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems=plain_axes())
        self.setObjectName("anomaly_suspect")
        self.setAccessibleName("The suspect over its expected band")
        self.setMenuEnabled(False)
        self.hideButtons()
        self._band = BandItem()
        self._middle = pg.PlotCurveItem()
        self._curve = pg.PlotCurveItem()
        self._guilty = pg.ScatterPlotItem(size=6, pen=None, brush=VERMILLION, symbol="s")
        for item in (self._band, self._middle, self._curve, self._guilty):
            self.addItem(item)
        self.set_colours(colours)

    def show_row(self, findings: Findings, row: int) -> None:
        """Draw this row of the findings."""
        values, (low, middle, high) = _drawn(findings, row)
        weekly = findings.axis == "kW"
        x = np.arange(len(values)) / (DAY_STEPS if weekly else 1)
        self._band.set_band(x, low, high)
        self._middle.setData(x, middle)
        self._curve.setData(x, values)
        marked = findings.marked[row]
        self._guilty.setData(x=x[marked], y=values[marked])
        self.setLabel("left", "kW" if weekly else "standard deviations of each column")
        self.setLabel("bottom", "UTC" if weekly else "column")
        names = DAYS if weekly else findings.columns[:MOST_TICKS]
        ticks = [(d + 0.5 * weekly, name) for d, name in enumerate(names)]
        few = weekly or 0 < len(findings.columns) <= MOST_TICKS
        self.getAxis("bottom").setTicks([ticks] if few else None)
        self.setTitle(escape(findings.names[row]), color=self._colours.text, size="9pt")
        # the upper edge of a wide band in kW would press the curve itself flat
        ceiling = 1.3 * middle.max() if weekly else np.percentile(high, 90)
        top = max(float(values.max()), float(ceiling))
        bottom = 0.0 if weekly else min(float(values.min()), float(low.min()))
        self.setRange(xRange=(0, float(x[-1])), yRange=(bottom, 1.05 * top))

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        _dress(self, colours)
        self._colours = colours
        self._band.set_colour(pale(colours))
        self._middle.setPen(pg.mkPen(BLUISH_GREEN))
        self._curve.setPen(pg.mkPen(colours.measured))
        title = self.getPlotItem().titleLabel
        title.setText(title.text, color=colours.text)


def _drawn(findings: Findings, row: int) -> tuple[Floats, Floats]:
    """Values [T] and band [3, T] of a row; columns of a table in their own standard deviations."""
    values, band = findings.values[row].astype(float), findings.band[:, row].astype(float)
    if findings.axis == "kW":
        return values, band
    every = findings.values.astype(float)
    centre, spread = every.mean(axis=0), every.std(axis=0)
    spread[spread == 0] = 1.0
    return (values - centre) / spread, (band - centre) / spread


def _dress(plot: pg.PlotWidget, colours: Colours) -> None:
    plot.setBackground(colours.plot)
    for name in ("left", "bottom"):
        plot.getAxis(name).setPen(colours.muted)
        plot.getAxis(name).setTextPen(colours.text)
