"""What stands behind the chosen runs: hundreds of runs as bundles of lines, seeds as bands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.training.curve_line import OTHER_RUN_PALER, CurveOptions, Reading
from lvm_studio.studio.widgets.training.run_stack import RunSeries, RunStack
from lvm_studio.studio.widgets.training.seed_bands import band_of
from lvm_studio.studio.widgets.training.series import NATS_PER_UNIT, Floats, Scale
from lvm_studio.studio.widgets.training.training_terms import TERMS, RunHistory, Split, Term

SLICE_SECONDS = 0.012
"""Work on new series takes this long at once; then the window has its turn."""
REDRAW_SECONDS, REDRAW_SHARE = 0.25, 0.2
"""What has been worked off is drawn so often, and takes at most this share of the time."""
POINTS = 160_000
"""So many vertices are drawn in all: beyond, a column of the screen is shared by more samples."""
MOST_BINS, LEAST_BINS = 600, 40
BAND_VEIL = 0.22

View = Callable[[str], pg.ViewBox]
ColourOf = Callable[[str, Term], str]


@dataclass(frozen=True)
class CrowdKey:
    """One bundle: a quantity of a split, of the runs of one group (bands) or colour."""

    term: str
    split: Split
    group: str


class _Layer:
    """A bundle of lines, or the band that stands for it."""

    def __init__(self, key: CrowdKey, term: Term, factor: float, *, band: bool) -> None:
        self.key, self.term = key, term
        self.stack = RunStack(factor)
        self.line = pg.PlotCurveItem(antialias=False)
        self.line.setSegmentedLineMode("on")
        self.band = BandItem() if band else None
        self.line.setZValue(2.5 if band else 0.5)
        if self.band is not None:
            self.band.setZValue(0.2)

    @property
    def items(self) -> list[pg.GraphicsObject]:
        return [self.line] if self.band is None else [self.band, self.line]

    def dress(self, colour: str, ground: str) -> None:
        if self.band is None:
            self.line.setPen(pg.mkPen(mix(colour, ground, OTHER_RUN_PALER), width=1))
        else:
            self.line.setPen(pg.mkPen(colour, width=1))
            self.band.set_colour(veil(colour, BAND_VEIL))

    def draw(self, scales: tuple[Scale, Scale], edges: tuple[float, float], bins: int) -> None:
        if self.band is None:
            x, y, joined = self.stack.path(scales, edges, bins)
            self.line.setData(x, y, connect=joined)
            return
        x, mean, low, high = band_of(self.stack.blocks.values())
        x = scales[0].forward(x)
        heights = [scales[1].forward(column) for column in (mean, low, high)]
        good = np.isfinite(x) & np.all(np.isfinite(heights), axis=0)
        mean, low, high = (column[good] for column in heights)
        self.line.setData(x[good], mean)
        self.band.set_band(x[good], low, high)


class CurveCrowd(QObject):
    """Draws runs that are not in front; new series are worked off in slices.

    Args:
        view: the view box of a pane by its name.
        colour_of: the colour of a quantity in a bundle or a band.
        bundle: the bundle that a run belongs to (runs of one colour share an item).
    """

    grown = Signal()
    """More of it can be drawn than was drawn last."""

    def __init__(
        self,
        view: View,
        colour_of: ColourOf,
        bundle: Callable[[str, CurveOptions], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._view, self._colour_of, self._bundle = view, colour_of, bundle
        self._layers: dict[CrowdKey, _Layer] = {}
        self._work = QTimer(self, singleShot=True, interval=0)
        self._work.timeout.connect(self._go_on)
        self._told, self._cost, self._drawing = 0.0, 0.0, False
        """When it was drawn last while series were worked off, what that took, whether it is."""

    def show(self, runs: Sequence[RunHistory], options: CurveOptions, ground: str) -> None:
        """Show these runs (in bands: all that have company) beside those in front."""
        wanted: dict[CrowdKey, list[RunSeries]] = {}
        terms = {term.name: term for term in TERMS if term.name not in options.hidden}
        for run in runs:
            group = run.group if options.bands else self._bundle(run.name, options)
            for split in options.splits:
                places = run.places(split, options.x_axis)
                for term in terms.values():
                    if _has_values(run, split, term):
                        series = _series(run, split, term, places, options)
                        wanted.setdefault(CrowdKey(term.name, split, group), []).append(series)
        for key in set(self._layers) - set(wanted):
            self._drop(key)
        for key, members in wanted.items():
            layer = self._layer(key, terms[key.term], options)
            layer.dress(self._colour_of(key.group, layer.term), ground)
            layer.stack.take(members)
        self._slice()

    def _layer(self, key: CrowdKey, term: Term, options: CurveOptions) -> _Layer:
        factor = options.smoothing if key.split == "train" else 0.0
        layer = self._layers.get(key)
        stale = layer is not None and (
            layer.stack.factor != factor or (layer.band is not None) != options.bands
        )
        if stale:
            self._drop(key)
        if layer is None or stale:
            layer = self._layers[key] = _Layer(key, term, factor, band=options.bands)
            for item in layer.items:
                self._view(term.pane).addItem(item, ignoreBounds=True)
        return layer

    def _drop(self, key: CrowdKey) -> None:
        layer = self._layers.pop(key)
        for item in layer.items:
            self._view(layer.term.pane).removeItem(item)

    def clear(self) -> None:
        """Forget all series: they are counted in another unit, or over another axis."""
        for key in list(self._layers):
            self._drop(key)

    def draw_whole(self, *, whole: bool) -> None:
        """Draw each bundle as one path: slower, but an SVG has an element for every segment."""
        for layer in self._layers.values():
            layer.line.setSegmentedLineMode("off" if whole else "on")

    # working off

    def _slice(self) -> bool:
        """Cut series into blocks for a moment; whether any are left."""
        deadline = time.perf_counter() + SLICE_SECONDS
        for layer in self._layers.values():
            while layer.stack.advance():
                if time.perf_counter() > deadline:
                    self._work.start()
                    return True
        return False

    def _go_on(self) -> None:
        now = time.perf_counter()
        if self._drawing:  # it was drawn since the last slice, and painted
            self._drawing, self._cost = False, now - self._told
        left = self._slice()
        if not left or now - self._told > max(REDRAW_SECONDS, self._cost / REDRAW_SHARE):
            self._told, self._drawing = time.perf_counter(), True
            self.grown.emit()

    @property
    def busy(self) -> bool:
        """Whether series still wait to be cut."""
        return self._work.isActive()

    # drawing

    def draw(self, x: Scale, heights: dict[str, Scale], edges: tuple[float, float]) -> None:
        """Draw what lies between `edges` (heights of x)."""
        lines = sum(len(layer.stack) for layer in self._layers.values() if layer.band is None)
        bins = int(np.clip(POINTS // (2 * max(lines, 1)), LEAST_BINS, MOST_BINS))
        for layer in self._layers.values():
            layer.draw((x, heights[layer.term.pane]), edges, bins)

    def ends(self) -> list[tuple[float, float]]:
        """First and last x of each bundle."""
        found = (layer.stack.ends() for layer in self._layers.values())
        return [ends for ends in found if ends is not None]

    def reaches(self, pane: str, *, ignore_outliers: bool) -> list[Floats]:
        """What a range of this pane must show of each run."""
        stacks = (layer.stack for layer in self._layers.values() if layer.term.pane == pane)
        return [found for s in stacks for found in s.reaches(ignore_outliers=ignore_outliers)]

    def nearest(self, pane: str, x: float, y: float, scale: Scale) -> Reading | None:
        """The sample nearest to x of the run that passes nearest to a height there."""
        best: tuple[float, str, _Layer] | None = None
        for layer in self._layers.values():
            found = layer.stack.nearest(x, y, scale) if layer.term.pane == pane else None
            if found is not None and (best is None or found[1] < best[0]):
                best = (found[1], found[0], layer)
        if best is None or not np.isfinite(best[0]):
            return None
        _, run, layer = best
        at, raw, value = layer.stack.at(run, x)
        return Reading(run, layer.term, layer.key.split, at, value, raw, focus=False)


def _has_values(run: RunHistory, split: Split, term: Term) -> bool:
    """Whether any of some sixty values, first and last among them, is a number."""
    values = run.split(split).terms.get(term.name)
    if values is None or len(values) == 0:
        return False
    return bool(np.isfinite(values[:: max(len(values) // 64, 1)]).any() or np.isfinite(values[-1]))


def _series(
    run: RunHistory, split: Split, term: Term, places: Floats, options: CurveOptions
) -> RunSeries:
    nats = NATS_PER_UNIT[options.unit] if term.is_information else 1.0
    return RunSeries(run.name, places, run.split(split).term(term.name), nats)
