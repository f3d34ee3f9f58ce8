"""How σ and the terms of the bound went: two plots over epochs, for one run or for two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lvm_studio.studio.numerals import format_value
from lvm_studio.studio.theme import MUTED, Colours, theme
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.legend_chip import LegendChip
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import (
    Floats,
    RunningEma,
    Scale,
    min_max_decimate,
    shown_range,
)
from lvm_studio.studio.widgets.training.steady_range import SteadyRange
from lvm_studio.studio.widgets.training.training_terms import TERMS_BY_NAME, RunHistory

SMOOTHING = 0.95
ROOM_ABOVE = 7
"""Pixels: half a line, so that the label of a tick at the very top is whole."""
COLUMNS = 240
LOG = Scale("log")
BOUND_TERMS = ("elbo", "reconstruction", "kl_z")
TIPS = {
    "elbo": "Lower bound on log p(x) of one point: reconstruction − KL (Eq. 3.3). Higher is better",
    "reconstruction": "E log p(x|z): log-density of the point under what was decoded for it",
    "kl_z": "KL(q(z|x) ‖ p(z)): what is told of the point through z",
}
SIGMA_TIP = (
    "σ of p(x|z): learning it from a large start is an annealing (7.3, Fig. 7.4).\n"
    "The band: 1–99 % of σ(z) over the generative law (Fig. 7.6).\n"
    "Drag the dashed line to put σ elsewhere."
)
PALER = 0.55
HINT = "Grows while a model trains"


@dataclass(frozen=True, eq=False)
class RunTrace:
    """What is drawn of one run: its history, quantiles [n, 1 + 5] of σ(z), and its σ now."""

    history: RunHistory
    quantiles: Floats
    epoch_steps: float


class _Lines:
    """The items of one run."""

    def __init__(self, traces: LaboratoryTraces, number: int) -> None:
        self.number = number
        self.band = BandItem()
        self.sigma = pg.PlotCurveItem()
        self.handle = pg.InfiniteLine(angle=0, movable=True)
        self.terms = {name: pg.PlotCurveItem() for name in BOUND_TERMS}
        for item in (self.band, self.sigma, self.handle):
            traces.sigma_plot.addItem(item, ignoreBounds=True)
        for item in self.terms.values():
            traces.terms_plot.addItem(item, ignoreBounds=True)
        self.forget()

    def forget(self) -> None:
        """Another run takes the place."""
        self.smooth = {name: RunningEma(SMOOTHING) for name in BOUND_TERMS}
        self.clear()

    def clear(self) -> None:
        """Draw nothing."""
        self.band.set_band(*(np.empty(0) for _ in range(3)))
        for item in (self.sigma, *self.terms.values()):
            item.setData([], [])
        self.handle.setVisible(False)

    def set_colours(self, colours: Colours) -> None:
        """The first run in full colours, the second paler."""
        share = PALER if self.number else 0.0
        for name, item in self.terms.items():
            line = mix(TERMS_BY_NAME[name].colour(colours), colours.plot, share)
            item.setPen(pg.mkPen(line, width=1))
        sigma = TERMS_BY_NAME["sigma"].colour(colours)
        self.sigma.setPen(pg.mkPen(mix(sigma, colours.plot, share), width=1))
        self.band.set_colour(veil(sigma, 0.12 if self.number else 0.22))
        dashed = Qt.PenStyle.DashLine
        self.handle.setPen(pg.mkPen(mix(sigma, colours.plot, share), width=1, style=dashed))
        self.handle.setHoverPen(pg.mkPen(sigma, width=3))


class LaboratoryTraces(QWidget):
    """σ on a logarithmic axis, and the bound with its terms; of one run, or of two.

    Signals:
        sigma_grabbed(run, sigma): the σ line of run 0 or 1 has been dragged here.
    """

    sigma_grabbed = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sigma_plot = _plot("σ over training")
        self.terms_plot = _plot("Bound and its terms over training")
        self.sigma_axis = self.sigma_plot.getAxis("left")
        self.sigma_axis.set_scale(LOG)
        self.chips = {
            name: LegendChip(TERMS_BY_NAME[name].title.replace("KL of z", "KL"), TIPS[name])
            for name in BOUND_TERMS
        }
        self._note = QLabel("")
        # Its words change as σ is dragged, and must move nothing: a layout takes 10 ms.
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._note.setForegroundRole(MUTED)
        self.runs = [_Lines(self, number) for number in range(2)]
        for lines in self.runs:
            lines.handle.sigDragged.connect(self._dragged)
        self._ranges = {
            plot: (SteadyRange(), SteadyRange()) for plot in (self.sigma_plot, self.terms_plot)
        }
        self._hints = {
            plot: pg.TextItem(HINT, anchor=(0.5, 0.5))
            for plot in (self.sigma_plot, self.terms_plot)
        }
        for plot, hint in self._hints.items():
            plot.addItem(hint, ignoreBounds=True)
            plot.getViewBox().setRange(xRange=(0.0, 1.0), yRange=(-1.0, 0.0), padding=0.0)
            hint.setPos(0.5, -0.5)
        self._build()
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)

    def _build(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        head, legend = QHBoxLayout(), QHBoxLayout()
        title = QLabel("<b>σ</b>  (unit of the data)")
        title.setToolTip(SIGMA_TIP)
        self.sigma_plot.setToolTip(SIGMA_TIP)
        head.addWidget(title)
        head.addWidget(self._note, 1)
        legend.addWidget(QLabel("<b>Bound</b>  (nats a point)"))
        for chip in self.chips.values():
            legend.addWidget(chip)
            chip.toggled.connect(self._show_terms)
        legend.addStretch(1)
        title.setMinimumHeight(self.chips["elbo"].sizeHint().height())  # both plots begin alike
        left.addLayout(head)
        left.addWidget(self.sigma_plot, 1)
        right.addLayout(legend)
        right.addWidget(self.terms_plot, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(left, 1)
        layout.addLayout(right, 1)

    def forget(self, run: int) -> None:
        """A new run takes this place."""
        self.runs[run].forget()
        for both in self._ranges.values():
            for steady in both:
                steady.forget()

    def show_sigma(self, traces: list[RunTrace | None]) -> None:
        """Draw how sigma went in both runs as far as they have come."""
        self._show(self.sigma_plot, traces, self._draw_sigma, ignore_outliers=False)

    def show_terms(self, traces: list[RunTrace | None]) -> None:
        """Draw the bound and its terms; apart from sigma, since both at once make events wait."""
        self._show(self.terms_plot, traces, self._draw_terms, ignore_outliers=True)

    def _show(
        self,
        plot: pg.PlotWidget,
        traces: list[RunTrace | None],
        draw: Callable[[_Lines, RunTrace, Floats], list[Floats]],
        *,
        ignore_outliers: bool,
    ) -> None:
        shown: list[Floats] = []
        furthest = 0.0
        for lines, trace in zip(self.runs, traces, strict=True):
            if trace is None or not len(trace.history.train.step):
                lines.clear()
                continue
            epoch = trace.history.train.step / trace.epoch_steps
            furthest = max(furthest, float(epoch[-1]))
            shown += draw(lines, trace, epoch)
        self._hints[plot].setVisible(not shown)
        self._fit(plot, furthest, shown_range(shown, ignore_outliers=ignore_outliers))

    def _draw_sigma(self, lines: _Lines, trace: RunTrace, epoch: Floats) -> list[Floats]:
        heights = LOG.forward(trace.history.train.term("sigma"))
        lines.sigma.setData(*_thin(epoch, heights))
        found = [heights[np.isfinite(heights)]]
        if len(trace.quantiles):
            thin = trace.quantiles[:: 1 + len(trace.quantiles) // COLUMNS]
            low, high = LOG.forward(thin[:, 1]), LOG.forward(thin[:, -1])
            lines.band.set_band(thin[:, 0] / trace.epoch_steps, low, high)
            found += [low, high]
        if len(found[0]) and not lines.handle.moving:
            lines.handle.setPos(found[0][-1])
            lines.handle.setVisible(True)
        return found

    def _draw_terms(self, lines: _Lines, trace: RunTrace, epoch: Floats) -> list[Floats]:
        shown = []
        for name, item in lines.terms.items():
            smooth = lines.smooth[name].extended(trace.history.train.term(name))
            if self.chips[name].isChecked():
                item.setData(*_thin(epoch, smooth))
                shown.append(smooth)
        return shown

    def _fit(
        self, plot: pg.PlotWidget, furthest: float, heights: tuple[float, float] | None
    ) -> None:
        if heights is not None:
            across, up = self._ranges[plot]
            plot.getViewBox().setRange(
                xRange=across.holding((0.0, max(furthest, 1.0))),
                yRange=up.holding(heights),
                padding=0.0,
            )

    def set_note(self, text: str) -> None:
        """What stands beside the title of the σ plot."""
        self._note.setText(text)

    def _show_terms(self) -> None:
        for lines in self.runs:
            for name, item in lines.terms.items():
                item.setVisible(self.chips[name].isChecked())

    def _dragged(self, handle: pg.InfiniteLine) -> None:
        run = next(lines.number for lines in self.runs if lines.handle is handle)
        sigma = float(LOG.backward(np.array([handle.value()]))[0])
        self.set_note(f"σ = {format_value(sigma)}")
        self.sigma_grabbed.emit(run, sigma)

    def _set_colours(self, colours: Colours) -> None:
        for plot in (self.sigma_plot, self.terms_plot):
            plot.setBackground(colours.plot)
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(pg.mkPen(colours.grid))
                plot.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        for hint in self._hints.values():
            hint.setColor(colours.muted)
        for name, chip in self.chips.items():
            chip.set_colour(TERMS_BY_NAME[name].colour(colours))
        for lines in self.runs:
            lines.set_colours(colours)


def _plot(name: str) -> pg.PlotWidget:
    plot = pg.PlotWidget(axisItems=plain_axes())
    plot.setAccessibleName(name)
    plot.getPlotItem().setMenuEnabled(False)
    plot.hideButtons()
    plot.getViewBox().setMouseEnabled(False, False)
    plot.getViewBox().disableAutoRange()
    plot.setLabel("bottom", "epochs of 10,000 points")
    plot.setMinimumHeight(120)
    plot.getPlotItem().layout.setContentsMargins(1, ROOM_ABOVE, 1, 1)
    return plot


def _thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return min_max_decimate(x, y, COLUMNS, (x[0], x[-1]))
