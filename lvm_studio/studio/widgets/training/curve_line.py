"""One line of the training curves: its series, its looks, what of it is in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from lvm_studio.studio.theme import VERMILLION
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.training.series import (
    NATS_PER_UNIT,
    Floats,
    RunningEma,
    Scale,
    Unit,
    min_max_decimate,
    reach,
)
from lvm_studio.studio.widgets.training.training_terms import (
    SPLITS,
    RunHistory,
    Split,
    SplitHistory,
    Term,
    XAxis,
)

HELDOUT_SYMBOLS_UP_TO = 120
"""Beyond this many held-out points their markers would touch and cost more than the lines."""

OTHER_RUN_PALER, GHOST_PALER = 0.55, 0.7


@dataclass(frozen=True)
class CurveOptions:
    """How training curves are shown.

    Args:
        smoothing: weight of the past in the moving average of the training split, [0, 1).
        x_axis: steps, epochs, or minutes of training time.
        hidden: names of terms not drawn.
        splits: the splits drawn.
        bands: runs that differ in their seed alone are drawn as one band.
        colour_by: whether a colour stands for a quantity or for a run.
        pinned: names of runs drawn in full colour beside the chosen one.
    """

    smoothing: float = 0.6
    x_axis: XAxis = "step"
    log_x: bool = False
    log_y: bool = False
    unit: Unit = "nats"
    ignore_outliers: bool = True
    hidden: frozenset[str] = frozenset()
    splits: tuple[Split, ...] = SPLITS
    bands: bool = False
    colour_by: Literal["quantity", "run"] = "quantity"
    pinned: frozenset[str] = frozenset()


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
        self._values: Floats | None = None
        self._counted = (1.0, "")
        self._drawn: tuple[object, ...] | None = None
        self._reaches: dict[bool, Floats] = {}
        self._dress: tuple[str, str, bool, bool] | None = None
        self.item = pg.PlotDataItem(useCache=False)  # cached markers leave as bitmaps in an SVG
        self.item.scatter.opts["antialias"] = True
        self.ghost = pg.PlotCurveItem() if factor > 0 else None
        self.gaps = pg.ScatterPlotItem(symbol="x", size=12, brush=None)
        self.gaps.setZValue(9)
        """A cross where a value is not a number, at the height of the one before."""

    @property
    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """What is to be added to a plot."""
        lines = (self.item, self.gaps)
        return lines if self.ghost is None else (self.ghost, *lines)

    def continues(self, history: SplitHistory, factor: float) -> bool:
        """Whether this history goes on where the line stands, smoothed alike."""
        return self._smoother.factor == factor and len(history.step) >= len(self.x)

    def follow(self, run: RunHistory, options: CurveOptions) -> None:
        """Take the series of a history that has grown, or is counted otherwise."""
        values = run.split(self.split).term(self.term.name)
        nats = NATS_PER_UNIT[options.unit] if self.term.is_information else 1.0
        counted = (nats, options.x_axis)
        if values is self._values and counted == self._counted:
            return
        self._values, self._counted, self._drawn = values, counted, None
        self._reaches.clear()
        self.x = run.places(self.split, options.x_axis)
        self.raw = values / nats
        self.shown = self._smoother.extended(values) / nats

    def dress(self, colour: str, ground: str, *, focus: bool, pale: bool) -> None:
        """Give the line its pens on this ground, unless it has them: each setter redraws it."""
        self.focus = focus
        markers = self.split == "heldout" and len(self.x) <= HELDOUT_SYMBOLS_UP_TO
        shade = mix(colour, ground, OTHER_RUN_PALER if pale else 0.0).name()
        wanted = (shade, ground, focus, markers)
        if self._dress == wanted:
            return
        self._dress = wanted
        drawn = QColor(shade)
        dash = Qt.PenStyle.DashLine if self.split == "heldout" else Qt.PenStyle.SolidLine
        self.item.setZValue((4 if focus else 1 if pale else 3) + (self.split == "heldout"))
        self.item.setPen(pg.mkPen(drawn, width=1, style=dash))
        self.item.setSymbol("o" if markers else None)
        self.item.setSymbolSize(5)
        self.item.setSymbolPen(None)
        self.item.setSymbolBrush(drawn)
        self.gaps.setPen(pg.mkPen(VERMILLION, width=3))
        if self.ghost is not None:
            self.ghost.setZValue(2 if focus else 0)
            self.ghost.setPen(pg.mkPen(mix(shade, ground, GHOST_PALER), width=1))

    def draw(self, scales: tuple[Scale, Scale], edges: tuple[float, float], bins: int) -> None:
        """Draw what lies between `edges` (heights of x), thinned out to `bins` columns."""
        wanted = (scales, edges, bins)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        x = scales[0].forward(self.x)
        self.item.setData(*min_max_decimate(x, scales[1].forward(self.shown), bins, edges))
        if self.ghost is not None:
            self.ghost.setData(*min_max_decimate(x, scales[1].forward(self.raw), bins, edges))
        lost = not_numbers(self.raw)
        before = np.maximum(lost - 1, 0)
        self.gaps.setData(x[lost], scales[1].forward(_carried(self.shown)[before]))

    def reach(self, *, ignore_outliers: bool) -> Floats:
        """What a plot must show of it, see `series.reach`."""
        if ignore_outliers not in self._reaches:
            self._reaches[ignore_outliers] = reach(self.shown, ignore_outliers=ignore_outliers)
        return self._reaches[ignore_outliers]

    def reading(self, at: float) -> Reading | None:
        """Its value at the sample nearest to x = at; None while it has none."""
        if len(self.x) == 0 or not np.isfinite(self.raw).any():
            return None
        i = nearest(self.x, at)
        x, value, raw = float(self.x[i]), float(self.shown[i]), float(self.raw[i])
        return Reading(self.run, self.term, self.split, x, value, raw, self.focus)


def not_numbers(values: Floats) -> NDArray[np.intp]:
    """Where a series that has numbers has none: at most 200 places, the first of each gap.

    >>> not_numbers(np.array([1.0, np.nan, np.nan, 2.0, np.inf])).tolist()
    [1, 4]
    """
    missing = ~np.isfinite(values)
    if not missing.any() or missing.all():
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(missing & ~np.roll(missing, 1))[:200]


def _carried(values: Floats) -> Floats:
    """Each value, or the last one before it that is a number."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[last]


def nearest(x: Floats, at: float) -> int:
    """Index of the value of x (ascending) nearest to `at`.

    >>> nearest(np.array([0.0, 1.0, 4.0]), 2.4)
    1
    """
    right = int(np.clip(np.searchsorted(x, at), 1, max(len(x) - 1, 1)))
    if right >= len(x):
        return 0
    return right - 1 if at - x[right - 1] <= x[right] - at else right
