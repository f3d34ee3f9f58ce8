"""The fan of possible weeks: base and tuned law, sampled curves, what meters measured."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lvm_studio.analysis.fan import Fan
from lvm_studio.studio.theme import MUTED, Colours
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.computing_label import ComputingLabel
from lvm_studio.studio.widgets.fan.fan_canvas import FanCanvas
from lvm_studio.studio.widgets.fan.fan_layer import FanLayer
from lvm_studio.studio.widgets.fan.fan_legend import FanLegend
from lvm_studio.studio.widgets.time_axis import seconds, weekday_text

LABEL_ROOM = 1.03
"""Above the highest tick, so that its label is not cut."""
GREY_SHARE = 0.75
DIMMED = 0.25
STANDS_STILL = 0.7
FEW_KW = 10.0
ROUND_STEPS = (0.1, 0.2, 0.5, 1.0)
MAX_ROUND_STEPS = 10.0
IDLE_TEXT = "Times are UTC. Point at the plot, or use ← → on it, to read values."
DRAW_TEXT = "Press and draw the power you wish for, over as much of the week as you like."


class FanPlot(QWidget):
    """Base fan and tuned fan over one week, with legend, cursor and read-out.

    Takes `analysis.fan.Fan` values (powers in kW of the whole composition, times UTC);
    `show_asked` says how many sampled curves the person wants to see.
    """

    show_asked = Signal(int)
    target_drawn = Signal(int, object)  # first half-hour, kW at it and those that follow

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fan")
        self.canvas = FanCanvas(self)
        self._second = FanCanvas(self)
        self._second.hide()
        self.canvas.setAccessibleName("Fan of weeks")
        self._second.setAccessibleName("Fan of tuned weeks")
        self._base = FanLayer(self.canvas.getPlotItem(), depth=0)
        self._base.keep_painted()
        self._tuned = FanLayer(self.canvas.getPlotItem(), depth=1)
        self._measured = pg.PlotCurveItem(antialias=False)
        self._measured.setZValue(30)
        self.canvas.addItem(self._measured, ignoreBounds=True)
        self._part = pg.PlotCurveItem(antialias=False)
        self._part.setZValue(31)
        self.canvas.addItem(self._part, ignoreBounds=True)
        self._has_part = False
        self._target = pg.PlotCurveItem(antialias=False)
        self._target.setZValue(32)
        self.canvas.addItem(self._target, ignoreBounds=True)
        self._drawn: tuple[int, tuple[float, ...]] | None = None
        self._message = QLabel(self.canvas)
        self._readout = QLabel(IDLE_TEXT, self)
        self.legend = FanLegend(self)
        self.computing = ComputingLabel(self)
        self._tuned_valid = True
        self._zoomed = False
        self._step: int | None = None
        self._top = 0.0
        """Upper end of the power axis, kW."""
        self._lay_out()
        self._connect()
        self.set_colours(colours)
        self._refresh_keys()

    # -- what the panel sets ---------------------------------------------------------------

    def set_fan(self, fan: Fan | None) -> None:
        """Draw the fan of the model's own law; its measured aggregate too, where there is one."""
        before = self._base.fan
        self._set_opacity(1.0)
        self._base.set_fan(fan, self.legend.shown)
        measured = None if fan is None else fan.measured
        if fan is not None and measured is not None:
            self._measured.setData(seconds(fan.times), np.asarray(measured, dtype=np.float64))
        self._measured.setVisible(measured is not None and self.legend.wants("measured"))
        if fan is not None:
            self.set_message("")
            self.legend.set_curves(len(fan.curves))
            if before is None or before.times[0] != fan.times[0]:
                self._begin_week(fan)
        self._show_target()
        self._refresh()

    def set_tuned(self, fan: Fan | None, *, valid: bool = True) -> None:
        """Draw the tuned fan in its own colour, greyed when too few samples carry it."""
        self._tuned.set_fan(fan, self.legend.shown)
        self._tuned_valid = valid
        self._colour_tuned()
        self._refresh()

    def set_part(self, curve_kw: NDArray[np.float64] | None) -> None:
        """Draw the part [T] of the mean curve that selected households make; None for none."""
        fan = self._base.fan
        self._has_part = fan is not None and curve_kw is not None
        if fan is not None and curve_kw is not None:
            self._part.setData(seconds(fan.times), curve_kw)
        self._part.setVisible(self._has_part and self.legend.wants("part"))
        self._refresh_keys()

    def set_target(self, start: int, values_kw: tuple[float, ...] | None) -> None:
        """Show the drawn curve from half-hour `start` on; None: nothing is drawn."""
        self._drawn = None if values_kw is None else (start, values_kw)
        self._show_target()
        self._refresh()

    def fade_tuned(self) -> None:
        """Grey the tuned fan: what is on screen no longer belongs to the base fan."""
        self._tuned_valid = False
        self._colour_tuned()

    def dim(self) -> None:
        """Let what is drawn step back, until the next fan: it is of another model."""
        self._set_opacity(DIMMED)

    def set_shown(self, count: int) -> None:
        """Draw this many of the sampled curves as lines."""
        self.legend.set_shown(count)
        for layer in (self._base, self._tuned):
            layer.set_shown(count)
        self._refresh()

    def set_message(self, sentence: str) -> None:
        """Say across the plot why there is nothing to see ('' to clear)."""
        self._message.setText(sentence)
        self._message.setVisible(bool(sentence))
        self._place_message()

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self._colours = colours
        for canvas in (self.canvas, self._second):
            canvas.set_colours(colours)
        self._base.set_colour(colours.base, colours.plot)
        self._colour_tuned()
        self._measured.setPen(pg.mkPen(colours.measured, width=1))
        self._part.setPen(pg.mkPen(colours.good, width=1))
        self._target.setPen(pg.mkPen(colours.text, width=2, style=Qt.PenStyle.DashLine))
        self.legend.set_colours(colours)

    # -- inside ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setForegroundRole(MUTED)
        self._message.setWordWrap(True)
        self._message.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._message.hide()
        self._readout.setObjectName("fan_readout")
        # its text must never resize the plot under the pointer
        self._readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._readout.setForegroundRole(MUTED)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.legend)
        plots = QHBoxLayout()
        plots.addWidget(self.canvas, 1)
        plots.addWidget(self._second, 1)
        layout.addLayout(plots, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self._readout, 1)
        bottom.addWidget(self.computing)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        for canvas in (self.canvas, self._second):
            canvas.pointed.connect(self._point_at)
            canvas.cursor_stepped.connect(self._step_cursor)
            canvas.fit_asked.connect(self._fit)  # all of it, whatever was shown before
            canvas.zoomed.connect(self._note_zoom)
        legend = self.legend
        legend.beside_asked.connect(self._place_tuned)
        legend.drawing_asked.connect(self._set_drawing)
        legend.toggled.connect(self._apply_keys)
        legend.shown_asked.connect(self.show_asked)
        self.canvas.drawn.connect(self._take_stroke)

    def _set_opacity(self, opacity: float) -> None:
        for canvas in (self.canvas, self._second):
            canvas.getViewBox().childGroup.setOpacity(opacity)

    def _begin_week(self, fan: Fan) -> None:
        """Show another week, whole; a tuned fan of the one before has no place in it."""
        self._zoomed = False
        for canvas in (self.canvas, self._second):
            canvas.set_start(fan.times[0])
        tuned = self._tuned.fan
        if tuned is not None and tuned.times[0] != fan.times[0]:
            self._tuned.set_fan(None, self.legend.shown)

    def _colour_tuned(self) -> None:
        colour = self._colours.tuned
        if not self._tuned_valid:
            colour = mix(colour, self._colours.muted, GREY_SHARE).name()
        self._tuned.set_colour(colour, self._colours.plot)

    def _apply_keys(self) -> None:
        self._base.set_visible(self.legend.wants("base"))
        self._tuned.set_visible(self.legend.wants("tuned"))
        fan = self._base.fan
        has_measured = fan is not None and fan.measured is not None
        self._measured.setVisible(has_measured and self.legend.wants("measured"))
        self._part.setVisible(self._has_part and self.legend.wants("part"))
        self._refresh()

    def _refresh(self) -> None:
        self._refresh_keys()
        self.canvas.show_axes(self._base.fan is not None)
        if not self._zoomed:
            self._fit(STANDS_STILL)
        self._show_cursor()

    def _refresh_keys(self) -> None:
        fan = self._base.fan
        tuned = self._tuned.fan is not None
        self.legend.show_what_there_is(
            base=fan is not None,
            tuned=tuned,
            measured=fan is not None and fan.measured is not None,
            part=self._has_part,
        )
        self._second.setVisible(tuned and self.legend.beside)

    def _place_tuned(self, beside: bool) -> None:
        self._tuned.move_to((self._second if beside else self.canvas).getPlotItem())
        linked = self.canvas if beside else None  # a hidden plot must not cost a frame anything
        self._second.setXLink(linked)
        self._second.setYLink(linked)
        self._refresh()

    def _note_zoom(self) -> None:
        self._zoomed = True

    def _fit(self, least_share: float = 1.0) -> None:
        """Show the whole week, zero included, and room above the highest line.

        An axis that the curves fill by `least_share` at least is left as it is: a new range has
        everything painted again.
        """
        self._zoomed = False
        fan = self._base.fan
        bounds = [b for b in (self._base.bounds(), self._tuned.bounds()) if b is not None]
        if fan is None or not bounds:
            return
        high = max(b[1] for b in bounds)
        if fan.measured is not None and self.legend.wants("measured"):
            high = max(high, float(np.max(fan.measured)))
        if self._drawn is not None:
            high = max(high, *self._drawn[1])
        low = min(0.0, *(b[0] for b in bounds))
        top = round_up(high) * LABEL_ROOM
        if not least_share * self._top <= top <= self._top:
            self._top = top
        times = seconds(fan.times)
        end = times[-1] + (times[1] - times[0])
        for canvas in (self.canvas, self._second) if self.legend.beside else (self.canvas,):
            canvas.show_range(times[0], end, low, self._top)

    def _point_at(self, second: float | None) -> None:
        fan = self._base.fan
        if fan is None or second is None:
            self._step = None
        else:
            times = seconds(fan.times)
            step = int(np.searchsorted(times, second, side="right")) - 1
            self._step = min(max(step, 0), len(times) - 1)
        self._show_cursor()

    def _step_cursor(self, steps: int) -> None:
        fan = self._base.fan
        if fan is not None:
            start = len(fan.times) // 2 if self._step is None else self._step + steps
            self._step = min(max(start, 0), len(fan.times) - 1)
            self._show_cursor()

    def _show_cursor(self) -> None:
        fan = self._base.fan
        at = None if fan is None or self._step is None else seconds(fan.times)[self._step]
        for canvas in (self.canvas, self._second):
            canvas.set_cursor(at)
        if fan is None or self._step is None:
            self._readout.setText(IDLE_TEXT if fan is not None else "")
            return
        self._readout.setText(self._values_at(fan, self._step))

    def _values_at(self, fan: Fan, step: int) -> str:
        decimals = 1 if fan.mean.max() >= FEW_KW else 2
        parts = [f"{weekday_text(fan.times[step])}", _interval("base", fan, step, decimals)]
        tuned = self._tuned.fan
        if tuned is not None:
            parts.append(_interval("tuned", tuned, step, decimals))
        if fan.measured is not None:
            parts.append(f"measured {fan.measured[step]:.{decimals}f}")
        return "   ".join(parts) + " kW"

    def _set_drawing(self, on: bool) -> None:
        self.canvas.set_drawing(on)
        self._show_cursor()
        if on:
            self._readout.setText(DRAW_TEXT)

    def _take_stroke(self, stroke: NDArray[np.float64]) -> None:
        """Turn what was drawn into powers at half-hours, and stop drawing."""
        self.legend.end_drawing()
        fan = self._base.fan
        if fan is None:
            return
        times = seconds(fan.times)
        order = np.argsort(stroke[:, 0], kind="stable")
        at, powers = stroke[order].T
        step = times[1] - times[0]
        inside = np.flatnonzero((times > at[0] - step) & (times <= at[-1]))
        if len(inside):
            level = np.interp(times[inside] + step / 2, at, powers)
            self.target_drawn.emit(int(inside[0]), tuple(round(float(kw), 3) for kw in level))

    def _show_target(self) -> None:
        fan = self._base.fan
        shown = fan is not None and self._drawn is not None
        self._target.setVisible(shown)
        if fan is not None and self._drawn is not None:
            start, values = self._drawn
            times = seconds(fan.times)[start : start + len(values)]
            self._target.setData(times, np.array(values[: len(times)]))

    def _place_message(self) -> None:
        self._message.setGeometry(self.canvas.rect().adjusted(60, 20, -20, -40))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_message()


def round_up(value: float) -> float:
    """Return the next round number, so that the axis stands still while curves move.

    >>> [round_up(v) for v in (0.0, 0.43, 48.0, 57.0, 103.0)]
    [1.0, 0.45, 50.0, 60.0, 120.0]
    """
    if value <= 0.0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(value))
    step = next(s * decade for s in ROUND_STEPS if value / (s * decade) <= MAX_ROUND_STEPS)
    return round(math.ceil(value / step) * step, 12)


def _interval(name: str, fan: Fan, step: int, decimals: int) -> str:
    mean, low, high = (f"{v[step]:.{decimals}f}" for v in (fan.mean, fan.p10, fan.p90))
    return f"{name} {mean} ({low}–{high})"
