"""One line of the training curves: its series, its looks, what of it is in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.series import (
    NATS_PER_UNIT,
    Floats,
    RunningEma,
    Scale,
    Unit,
    min_max_decimate,
)
from lvm_studio.studio.widgets.training_terms import SPLITS, Split, SplitHistory, Term

HELDOUT_SYMBOLS_UP_TO = 120
"""Beyond this many held-out points their markers would touch and cost more than the lines."""

OTHER_RUN_PALER, GHOST_PALER = 0.55, 0.7


@dataclass(frozen=True)
class CurveOptions:
    """How training curves are shown.

    Args:
        smoothing: weight of the past in the moving average of the training split, [0, 1).
        x_axis: steps, or minutes of training time.
        hidden: names of terms not drawn.
        splits: the splits drawn.
    """

    smoothing: float = 0.6
    x_axis: Literal["step", "minutes"] = "step"
    log_x: bool = False
    log_y: bool = False
    unit: Unit = "nats"
    ignore_outliers: bool = True
    hidden: frozenset[str] = frozenset()
    splits: tuple[Split, ...] = SPLITS


@dataclass(frozen=True)
class Reading:
    """The value of one line at the sample nearest to the cursor."""

    run: str
    term: Term
    split: Split
    x: float
    value: float
    raw: float
    focus: bool


class CurveLine:
    """A term of one split of one run: the smoothed line, and the raw one as a ghost behind it.

    Args:
        run: name of the run.
        factor: weight of the past in the moving average, 0 for none (and no ghost).
    """

    def __init__(self, run: str, term: Term, split: Split, factor: float) -> None:
        self.run, self.term, self.split = run, term, split
        self.focus = False
        self.x: Floats = np.empty(0)
        self.raw: Floats = np.empty(0)
        self.shown: Floats = np.empty(0)
        """The series the line follows: smoothed, in the unit chosen."""
        self._smoother = RunningEma(factor)
        self._dress: tuple[Colours, bool, bool] | None = None
        self.item = pg.PlotDataItem(useCache=False)  # cached markers leave as bitmaps in an SVG
        self.item.scatter.opts["antialias"] = True
        self.ghost = pg.PlotCurveItem() if factor > 0 else None

    @property
    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """What is to be added to a plot."""
        return (self.item,) if self.ghost is None else (self.ghost, self.item)

    def continues(self, history: SplitHistory, factor: float) -> bool:
        """Whether this history goes on where the line stands, smoothed alike."""
        return self._smoother.factor == factor and len(history.step) >= len(self.x)

    def follow(self, history: SplitHistory, options: CurveOptions) -> None:
        """Take the series of a history that has grown."""
        nats = NATS_PER_UNIT[options.unit] if self.term.is_information else 1.0
        values = history.term(self.term.name)
        self.x = history.step if options.x_axis == "step" else history.seconds / 60.0
        self.raw = values / nats
        self.shown = self._smoother.extended(values) / nats

    def dress(self, colours: Colours, *, focus: bool) -> None:
        """Give the line its pens, unless it has them: each setter redraws it."""
        self.focus = focus
        markers = self.split == "heldout" and len(self.x) <= HELDOUT_SYMBOLS_UP_TO
        if self._dress == (colours, focus, markers):
            return
        self._dress = (colours, focus, markers)
        colour = QColor(self.term.colour(colours))
        if not focus:
            colour = mix(colour.name(), colours.plot, OTHER_RUN_PALER)
        dash = Qt.PenStyle.DashLine if self.split == "heldout" else Qt.PenStyle.SolidLine
        self.item.setZValue((4 if focus else 1) + (self.split == "heldout"))
        self.item.setPen(pg.mkPen(colour, width=1, style=dash))
        self.item.setSymbol("o" if markers else None)
        self.item.setSymbolSize(5)
        self.item.setSymbolPen(None)
        self.item.setSymbolBrush(colour)
        if self.ghost is not None:
            self.ghost.setZValue(3 if focus else 0)
            self.ghost.setPen(pg.mkPen(mix(colour.name(), colours.plot, GHOST_PALER), width=1))

    def draw(self, scales: tuple[Scale, Scale], edges: tuple[float, float], bins: int) -> None:
        """Draw what lies between `edges` (heights of x), thinned out to `bins` columns."""
        x = scales[0].forward(self.x)
        self.item.setData(*min_max_decimate(x, scales[1].forward(self.shown), bins, edges))
        if self.ghost is not None:
            self.ghost.setData(*min_max_decimate(x, scales[1].forward(self.raw), bins, edges))

    def reading(self, at: float) -> Reading | None:
        """Its value at the sample nearest to x = at; None while it has none."""
        if len(self.x) == 0 or not np.isfinite(self.raw).any():
            return None
        i = nearest(self.x, at)
        x, value, raw = float(self.x[i]), float(self.shown[i]), float(self.raw[i])
        return Reading(self.run, self.term, self.split, x, value, raw, self.focus)


def nearest(x: Floats, at: float) -> int:
    """Index of the value of x (ascending) nearest to `at`.

    >>> nearest(np.array([0.0, 1.0, 4.0]), 2.4)
    1
    """
    right = int(np.clip(np.searchsorted(x, at), 1, max(len(x) - 1, 1)))
    if right >= len(x):
        return 0
    return right - 1 if at - x[right - 1] <= x[right] - at else right
