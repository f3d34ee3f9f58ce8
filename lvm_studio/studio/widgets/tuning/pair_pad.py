"""The pad of two criteria: what both can be raised to at each KL, and the point that λ is at.

The pad is the Pareto surface itself, seen from above: its axes are E f of both criteria (their
sum and difference where both are nearly the same), its lines are all that a KL of so many nats can
buy. Its edge is "1 week in 1,000" in every direction,
so that it is KL, and not λ, that limits the point.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.street.answers import PairFigures, PairSurface
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.tuning.criteria_help import help_of
from lvm_studio.studio.widgets.tuning.pair_axes import PairAxes
from lvm_studio.studio.widgets.tuning.pair_inverse import PairInverse
from lvm_studio.studio.widgets.worded_plot import WordedPlot

HINT = (
    "The surface of both criteria appears once all directions of λ have been climbed, "
    "in the background; until then type a λ for each, to the left."
)
PAD_HELP = (
    "E f of both criteria under the laws p(x) e^{λ₁f₁ + λ₂f₂} / Z. Each line is all that one KL\n"
    "can buy, from 0.25 nats around the base law (blue) to 6.91, 1 week in 1,000; dashed where\n"
    "too few draws carry it. Along it λ turns; dE f/dλ = Cov f (Eq. 10.6).\n"
    "Two criteria that rise and fall together (correlation from 0.8 on) are shown by half their\n"
    "sum and half their difference, in standard deviations (sd) of each from the base law.\n"
    "Drag the point, or move it by the arrow keys; Home goes back to the base law. Beyond the\n"
    "last line it stays on that line."
)
KEY_STEP = 0.02
"""Of the width or height of the surface."""
FADING = 0.55
PADDING = 0.06


class PairPad(WordedPlot):
    """Shows the surface; emits the vector λ that was asked for."""

    vector_asked = Signal(float, float)
    drag_started = Signal()
    drag_ended = Signal()

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__("Pad of two criteria", HINT, parent)
        self.setObjectName("pair_pad")
        self.setToolTip(PAD_HELP)
        self._surface: PairSurface | None = None
        self._inverse: PairInverse | None = None
        self._axes: PairAxes | None = None
        self._lines: list[pg.PlotCurveItem] = []
        self._doubtful: list[pg.PlotCurveItem] = []
        self._base, self._point = pg.ScatterPlotItem(size=9), pg.ScatterPlotItem(size=11)
        self._figures: PairFigures | None = None
        self._at: NDArray[np.float64] | None = None
        """Where λ is on the pad, [2]."""
        for item in (self._base, self._point):
            item.setZValue(1.0)
            self.plot.addItem(item, ignoreBounds=True)
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot.viewport().installEventFilter(self)
        self.plot.installEventFilter(self)
        self._dragging = False
        self.set_colours(colours)
        self.show_surface(None)

    def show_surface(self, surface: PairSurface | None) -> None:
        """Draw what both can be raised to; None: it is not known yet."""
        self._surface = surface
        for item in (*self._lines, *self._doubtful):
            self.plot.removeItem(item)
        self._lines, self._doubtful = [], []
        if surface is None:
            self._let_go()  # of a surface that is no more: what follows is no drag
            self._inverse, self._axes = None, None
            self._mark()
            self.show_hint()
            return
        self._inverse, self._axes = PairInverse(surface), PairAxes.of(surface)
        levels = self._axes.pad(surface.expectation)
        for level in range(surface.kl.shape[1]):
            self._add_level(levels[:, level], surface.valid[:, level])
        self._base.setData(*self._axes.origin[:, None])
        for axis, label in zip(("bottom", "left"), self._axes.labels, strict=True):
            self.plot.setLabel(axis, label)
        outer = levels[:, -1]
        self.plot.setXRange(outer[:, 0].min(), outer[:, 0].max(), padding=PADDING)
        self.plot.setYRange(outer[:, 1].min(), outer[:, 1].max(), padding=PADDING)
        self._paint()
        self._mark()
        self.show_words(self._said())

    def show_figures(self, figures: PairFigures | None) -> None:
        """Mark where λ is now, as soon as there is a surface; None: nowhere."""
        self._figures = figures
        self._mark()

    def _mark(self) -> None:
        if self._figures is None or self._axes is None:
            self._at = None
            self._point.clear()
            return
        self._at = self._axes.pad(np.array(self._figures.expectation))
        self._point.setData(*self._at[:, None])

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        super().set_colours(colours)
        self._colours = colours
        self._paint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the hand on the surface, and the arrow keys."""
        if self._inverse is None:
            return super().eventFilter(watched, event)
        if isinstance(event, QMouseEvent) and watched is self.plot.viewport():
            return self._follow(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._step(event)
        return super().eventFilter(watched, event)

    def _follow(self, event: QMouseEvent) -> bool:
        left = Qt.MouseButton.LeftButton
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == left:
            self._dragging = True
            self.plot.setFocus()
            self.drag_started.emit()
            self._ask_at(event.position())
            return True
        if event.type() == QEvent.Type.MouseMove and self._dragging:
            self._ask_at(event.position())
            return True
        if event.type() == QEvent.Type.MouseButtonRelease and self._dragging:
            self._let_go()
            return True
        return False

    def _let_go(self) -> None:
        if self._dragging:
            self._dragging = False
            self.drag_ended.emit()

    def _step(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Home:
            self.vector_asked.emit(0.0, 0.0)
            return True
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Down: (0, -1),
            Qt.Key.Key_Up: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._at is None or self._surface is None or self._axes is None:
            return False
        outer = self._axes.pad(self._surface.expectation[:, -1])
        size = KEY_STEP * (outer.max(axis=0) - outer.min(axis=0))
        self._ask(self._at + np.array(step) * size)
        return True

    def _ask_at(self, position: QPointF) -> None:
        scene = self.plot.mapToScene(position.toPoint())
        point = self.plot.getViewBox().mapSceneToView(scene)
        self._ask(np.array([point.x(), point.y()]))

    def _ask(self, point: NDArray[np.float64]) -> None:
        # nothing is asked before the surface is there
        assert self._inverse is not None
        assert self._axes is not None
        self.vector_asked.emit(*self._inverse.vector(*self._axes.expectation(point)))

    def _add_level(self, points: NDArray[np.float64], carried: NDArray[np.bool_]) -> None:
        """One closed line through points [D, 2], with what too few draws carry as another."""
        around = np.arange(len(points) + 1) % len(points)
        x, y = points[around].T
        valid = carried[around]
        sure: NDArray[np.float64] = np.where(valid, y, np.nan)
        unsure = ~valid | ~np.roll(valid[:-1], 1)[around] | ~np.roll(valid[:-1], -1)[around]
        doubt: NDArray[np.float64] = np.where(unsure, y, np.nan)  # up to its sure neighbours
        doubtful = pg.PlotCurveItem(x, doubt, connect="finite", antialias=True)
        line = pg.PlotCurveItem(x, sure, connect="finite", antialias=True)
        for item, kept in ((doubtful, self._doubtful), (line, self._lines)):
            self.plot.addItem(item, ignoreBounds=True)
            kept.append(item)

    def _paint(self) -> None:
        colours = self._colours
        last = max(len(self._lines) - 1, 1)
        for place, (line, doubtful) in enumerate(zip(self._lines, self._doubtful, strict=True)):
            colour = mix(colours.tuned, colours.plot, FADING * (1.0 - place / last))
            line.setPen(pg.mkPen(colour, width=2 if place == last else 1))
            doubtful.setPen(pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine))
        self._base.setBrush(colours.base)
        self._base.setPen(pg.mkPen(colours.plot, width=1))
        self._point.setBrush(colours.tuned)
        self._point.setPen(pg.mkPen(colours.text, width=1))

    def _said(self) -> str:
        assert self._surface is not None  # only said of one
        levels = ", ".join(f"{kl:.2g}" for kl in np.median(self._surface.kl, axis=0)[:-1])
        first, second = (help_of(name).symbol for name in self._surface.criteria)
        up = f" Upwards: more {first}, less {second}." if self._turned else ""
        return (
            f"Lines at KL {levels} and {np.median(self._surface.kl[:, -1]):.2f} nats; "
            f"correlation of both {self._surface.correlation:.2f}.".replace("-", "−")
            + up
        )

    @property
    def _turned(self) -> bool:
        """Whether the axes are sum and difference."""
        return self._axes is not None and self._axes.turned
