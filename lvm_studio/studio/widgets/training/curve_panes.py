"""The curves of runs in two linked plots: drawn, thinned out, followed, read at a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.theme import (
    BLUE,
    BLUISH_GREEN,
    LIGHT,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILLION,
    Colours,
)
from lvm_studio.studio.widgets.training.curve_crowd import CurveCrowd
from lvm_studio.studio.widgets.training.curve_line import CurveLine, CurveOptions, Reading, nearest
from lvm_studio.studio.widgets.training.linked_panes import LinkedPanes
from lvm_studio.studio.widgets.training.series import (
    Scale,
    spanning,
)
from lvm_studio.studio.widgets.training.training_terms import (
    TERMS,
    RunHistory,
    Split,
    Term,
)

RUN_COLOURS = (BLUE, VERMILLION, BLUISH_GREEN, REDDISH_PURPLE, ORANGE, SKY_BLUE)
RUNS_IN_FRONT = 8
"""So many runs are drawn line by line, with ghost and marks; more of them as bundles behind."""
NEAR_PIXELS = 40.0


class CurvePanes(LinkedPanes):
    """The curves of runs in two panes over one x axis, with a cursor through both.

    Args:
        colours: of the theme.
    """

    cursor_moved = Signal()
    """The cursor stands elsewhere or left; ask `readings`."""

    run_clicked = Signal(str)
    """The line of this run was clicked."""

    def __init__(self, colours: Colours = LIGHT, parent: QWidget | None = None) -> None:
        super().__init__(colours, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Training curves")
        self._options = CurveOptions()
        self._lines: dict[tuple[str, str, Split], CurveLine] = {}
        self._runs: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        """Run, or group of a run -> the colour it keeps, in the order of first appearance."""
        self._group_of: dict[str, str] = {}
        self._following = True
        self._cursor: float | None = None
        self._pointer: QPointF | None = None
        """Where the mouse is, while it leads the cursor."""
        self._drawn_edges: tuple[float, float] | None = None
        self.crowd = CurveCrowd(self._view, self._bundle_colour, self._bundle, self)
        self.crowd.grown.connect(self._draw)
        self._late = QTimer(self, singleShot=True, interval=30)
        self._late.timeout.connect(self._draw_if_moved)
        self.bound.vb.sigXRangeChanged.connect(self._draw_soon)
        for pane in (self.bound, self.divergence):
            pane.vb.sigRangeChangedManually.connect(self._stop_following)
        self.scene().sigMouseMoved.connect(self._mouse_moved)
        self.scene().sigMouseClicked.connect(self._clicked)

    # what is shown

    def show_runs(self, runs: Sequence[RunHistory], options: CurveOptions) -> None:
        """Draw these runs, the first in full colour; keep the zoom if the user chose one."""
        old, self._options = self._options, options
        if options.x_axis != old.x_axis or options.log_x != old.log_x:
            self._following = True
        if (options.x_axis, options.unit) != (old.x_axis, old.unit):
            self.crowd.clear()
        self.share_height(options)
        self.label_axes(options)
        for run in runs:
            self._runs.setdefault(run.name, len(self._runs))
            self._groups.setdefault(run.group, len(self._groups))
            self._group_of[run.name] = run.group
        front, behind = _sorted_out(runs, options)
        wanted = {
            (run.name, term.name, split)
            for run in front
            for term in TERMS
            for split in options.splits
            if term.name not in options.hidden and len(run.split(split).step)
        }
        for key in set(self._lines) - wanted:
            self._drop(key)
        for rank, run in enumerate(front):
            for term in TERMS:
                for split in options.splits:
                    if (run.name, term.name, split) in wanted:
                        self._update_line(run, term, split, focus=rank == 0)
        self.crowd.show(behind, options, self._colours.plot)
        self._set_scales()
        self._draw()

    def _drop(self, key: tuple[str, str, Split]) -> None:
        line = self._lines.pop(key)
        for item in line.items:
            self._view(line.term.pane).removeItem(item)

    def _update_line(self, run: RunHistory, term: Term, split: Split, *, focus: bool) -> None:
        key, history = (run.name, term.name, split), run.split(split)
        factor = self._options.smoothing if split == "train" else 0.0
        line = self._lines.get(key)
        if line is not None and not line.continues(history, factor):
            self._drop(key)
            line = None
        if line is None:
            line = self._lines[key] = CurveLine(run.name, term, split, factor)
            for item in line.items:
                self._view(term.pane).addItem(item, ignoreBounds=True)
        line.follow(run, self._options)
        self._dress(line, focus=focus)

    # colours

    def run_colour(self, name: str) -> str:
        """The colour of a run where colours tell runs apart; in bands that of its group."""
        if self._options.bands:
            return _cycled(self._groups[self._group_of[name]])
        return _cycled(self._runs[name])

    def _dress(self, line: CurveLine, *, focus: bool) -> None:
        by_run = self._options.colour_by == "run"
        colour = self.run_colour(line.run) if by_run else line.term.colour(self._colours)
        pale = not (focus or by_run or line.run in self._options.pinned)
        line.dress(colour, self._colours.plot, focus=focus, pale=pale)

    def _bundle(self, run: str, options: CurveOptions) -> str:
        """Runs behind that share a colour are one item."""
        by_run = options.colour_by == "run"
        return str(self._runs[run] % len(RUN_COLOURS)) if by_run else ""

    def _bundle_colour(self, bundle: str, term: Term) -> str:
        if self._options.colour_by == "quantity":
            return term.colour(self._colours)
        return _cycled(self._groups[bundle] if self._options.bands else int(bundle))

    # scales and ranges

    def x_scale(self) -> Scale:
        """The scale of the shared x axis."""
        return Scale("log" if self._options.log_x else "linear")

    def y_scale(self, pane: str) -> Scale:
        """The scale of a pane; symmetric where a line goes to zero or below."""
        if not self._options.log_y:
            return Scale()
        lines = [line.raw for line in self._lines.values() if line.term.pane == pane]
        lines += self.crowd.reaches(pane, ignore_outliers=False)
        positive = all(np.nanmin(values, initial=np.inf) > 0 for values in lines)
        return Scale("log" if positive else "symlog")

    def _set_scales(self) -> None:
        for pane, axis in (
            ("bound", self.bound.getAxis("left")),
            ("divergence", self.divergence.getAxis("left")),
            ("sigma", self.bound.getAxis("right")),
        ):
            axis.set_scale(self.y_scale(pane))
        for plot in (self.bound, self.divergence):
            plot.getAxis("bottom").set_scale(self.x_scale())

    def _draw_soon(self, *_: Any) -> None:
        self._late.start()

    def _draw_if_moved(self) -> None:
        """Thin out anew for what is in view; not after a range that a drawing set itself."""
        if tuple(self.bound.vb.viewRange()[0]) != self._drawn_edges:
            self._draw()

    def _draw(self) -> None:
        if self._following:
            self._fit_x()
        heights = {pane: self.y_scale(pane) for pane in ("bound", "sigma", "divergence")}
        scale = self.x_scale()
        low, high = self.bound.vb.viewRange()[0]
        edges = self._drawn_edges = (low, high)
        bins = max(int(self.bound.vb.width()), 200)
        self.crowd.draw(scale, heights, edges)
        for line in self._lines.values():
            line.draw((scale, heights[line.term.pane]), edges, bins)
        if self._following:
            self._fit_y(heights)
        self._draw_cursor()
        self.scene().prepareForPaint()  # else the new ranges take a second frame to settle

    def _fit_x(self) -> None:
        lines = [line.x[[0, -1]] for line in self._lines.values() if len(line.x)]
        lines += [np.array(ends) for ends in self.crowd.ends()]
        ends = [self.x_scale().forward(line) for line in lines]
        finite = [x[np.isfinite(x)] for x in ends]
        low = min((float(x[0]) for x in finite if len(x)), default=0.0)
        high = max((float(x[-1]) for x in finite if len(x)), default=1.0)
        self.bound.vb.setXRange(low, high if high > low else low + 1.0, padding=0.01)

    def _fit_y(self, heights: dict[str, Scale]) -> None:
        ignoring = self._options.ignore_outliers
        for pane, scale in heights.items():
            lines = [line for line in self._lines.values() if line.term.pane == pane]
            reaches = [line.reach(ignore_outliers=ignoring) for line in lines]
            reaches += self.crowd.reaches(pane, ignore_outliers=ignoring)
            found = spanning(scale.forward(values) for values in reaches)
            if found is not None:
                self._view(pane).setYRange(*found, padding=0)

    def fit(self) -> None:
        """Show everything again and follow the run."""
        self._following = True
        self._draw()

    @property
    def following(self) -> bool:
        """Whether the view follows the run (until somebody zooms)."""
        return self._following

    def _stop_following(self, *_: Any) -> None:
        self._following = False

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.fit()
        elif event.button() is Qt.MouseButton.LeftButton:
            reading = self.nearest_reading()
            if reading is not None and self._distance(reading) <= NEAR_PIXELS:
                self.run_clicked.emit(reading.run)

    # cursor

    def _mouse_moved(self, position: QPointF) -> None:
        for pane in (self.bound, self.divergence):
            if pane.vb.sceneBoundingRect().contains(position):
                height = pane.vb.mapSceneToView(position).x()
                self._pointer = position
                self.set_cursor(float(self.x_scale().backward(np.array([height]))[0]))
                return
        self._pointer = None
        self.set_cursor(None)

    def leaveEvent(self, event: Any) -> None:
        self._pointer = None
        self.set_cursor(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move the cursor over the samples; Home fits the view; Escape hides it."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps and self._lines:
            self._step_cursor(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Home:
            self.fit()
        elif event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self.set_cursor(None)
        else:
            super().keyPressEvent(event)

    def _step_cursor(self, by: int) -> None:
        x = max((line.x for line in self._lines.values()), key=len)
        if len(x) == 0:
            return
        jump = max(1, len(x) // 200)
        at = len(x) - 1 if self._cursor is None else int(nearest(x, self._cursor)) + by * jump
        self.set_cursor(float(x[min(max(at, 0), len(x) - 1)]))

    def set_cursor(self, x: float | None) -> None:
        """Put the cursor at x (in values of the x axis), or hide it."""
        if x == self._cursor:
            return
        self._cursor = x
        self._draw_cursor()
        self.cursor_moved.emit()

    def readings(self) -> list[Reading]:
        """What each line is worth at the sample nearest to the cursor; empty without cursor."""
        if self._cursor is None:
            return []
        found = (line.reading(self._cursor) for line in self._lines.values())
        return [reading for reading in found if reading is not None]

    def nearest_reading(self) -> Reading | None:
        """What the line nearest to the pointer is worth there, of whichever run it is."""
        if self._cursor is None or self._pointer is None:
            return None
        found = [reading for pane in self._dots for reading in self._near(pane, self._cursor)]
        return min(found, key=self._distance, default=None)

    def _near(self, pane: str, cursor: float) -> list[Reading]:
        """Readings of all lines in front, and of the nearest one behind."""
        view, pointer = self._view(pane), self._pointer
        assert pointer is not None
        if not view.sceneBoundingRect().contains(pointer):
            return []
        found = [r for r in self.readings() if r.term.pane == pane]
        height = view.mapSceneToView(pointer).y()
        behind = self.crowd.nearest(pane, cursor, height, self.y_scale(pane))
        return found if behind is None else [*found, behind]

    def _distance(self, reading: Reading) -> float:
        """Pixels between a reading and the pointer."""
        assert self._pointer is not None
        x = self.x_scale().forward(np.array([reading.x]))[0]
        y = self.y_scale(reading.term.pane).forward(np.array([reading.value]))[0]
        if not (np.isfinite(x) and np.isfinite(y)):
            return np.inf
        place = self._view(reading.term.pane).mapViewToScene(QPointF(float(x), float(y)))
        return abs(place.y() - self._pointer.y())

    def _draw_cursor(self) -> None:
        readings = self.readings()
        spots: dict[str, list[dict[str, Any]]] = {pane: [] for pane in self._dots}
        for reading in readings:
            x = self.x_scale().forward(np.array([reading.x]))[0]
            y = self.y_scale(reading.term.pane).forward(np.array([reading.value]))[0]
            if reading.focus and np.isfinite(x) and np.isfinite(y):
                brush = QColor(reading.term.colour(self._colours))
                spots[reading.term.pane].append({"pos": (x, y), "brush": brush, "pen": None})
        for pane, dots in self._dots.items():
            dots.setData(spots[pane])
        for line in self._cursor_lines:
            line.setVisible(self._cursor is not None)
            if self._cursor is not None:
                line.setPos(float(self.x_scale().forward(np.array([self._cursor]))[0]))

    # looks

    def set_colours(self, colours: Colours) -> None:
        """Redraw in the colours of a theme."""
        self.paint_ground(colours)
        for line in self._lines.values():
            self._dress(line, focus=line.focus)
        self._draw_cursor()


def _cycled(place: int) -> str:
    return RUN_COLOURS[place % len(RUN_COLOURS)]


def _sorted_out(
    runs: Sequence[RunHistory], options: CurveOptions
) -> tuple[list[RunHistory], list[RunHistory]]:
    """The runs in front, and those behind: in bands or in bundles.

    The first and the pinned ones are in front. So are a few others, unless they are one band
    with the runs of their group.
    """
    first, others = list(runs[:1]), list(runs[1:])
    if options.bands:
        front = first + [run for run in others if run.name in options.pinned]
        groups = [run.group for run in runs]
        alone = [run for run in others if groups.count(run.group) == 1 and run not in front]
        return front + alone[:RUNS_IN_FRONT], [run for run in runs if groups.count(run.group) > 1]
    if len(runs) <= RUNS_IN_FRONT:
        return first + others, []
    front = first + [run for run in others if run.name in options.pinned]
    names = {run.name for run in front}
    return front, [run for run in others if run.name not in names]
