"""One quantity of very many runs as a single plot item, thinned out by minimum and maximum.

Every series is cut into blocks once, when it comes or grows; what a view needs is then read off
the blocks of all runs together, whatever the length of the runs. Only a view so narrow that the
blocks would show goes back to the samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.studio.widgets.training.series import (
    Floats,
    Scale,
    debiased_ema,
    min_max_decimate,
    reach,
)

BLOCK = 64
SHORT = 4096
"""Series up to this long are their own blocks."""
FORGOTTEN = 1e-4
"""A moving average begun this much earlier is the whole one to this accuracy."""


@dataclass(frozen=True, eq=False)
class RunSeries:
    """One run's series: x ascending [n], raw values [n], and what one unit shown is of theirs."""

    run: str
    x: Floats
    values: Floats
    unit: float = 1.0


@dataclass(frozen=True, eq=False)
class Blocks:
    """A smoothed series in blocks: x of the first sample, lowest, highest and mean value [b]."""

    x: Floats
    low: Floats
    high: Floats
    mean: Floats


def blocks_of(x: Floats, y: Floats, size: int) -> Blocks:
    """Cut a series [n] into blocks of `size` samples; what is not finite is left out.

    >>> blocks_of(np.arange(4.0), np.array([1.0, 5.0, 2.0, np.nan]), 2).high.tolist()
    [5.0, 2.0]
    """
    if size == 1:
        return Blocks(x, y, y, y)
    count = -(-len(y) // size)
    padded = np.full(count * size, np.nan)
    padded[: len(y)] = y
    table = padded.reshape(count, size)
    finite = np.isfinite(table)
    totals, present = np.where(finite, table, 0.0).sum(axis=1), finite.sum(axis=1)
    mean = np.full(count, np.nan)
    np.divide(totals, present, out=mean, where=present > 0)
    return Blocks(x[::size], np.fmin.reduce(table, axis=1), np.fmax.reduce(table, axis=1), mean)


class RunStack:
    """The series of one quantity over many runs.

    Args:
        factor: weight of the past in the moving average, 0 for none.
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._series: dict[str, RunSeries] = {}
        self._rows: dict[str, int] = {}
        self._blocks: dict[str, tuple[tuple[int, float], Blocks]] = {}
        self._reaches: dict[tuple[str, bool], Floats] = {}
        self._tables = np.empty((3, 0, 0))
        """x, lowest and highest of all runs [3, runs, blocks], NaN where a run has none (yet)."""

    def take(self, series: Sequence[RunSeries]) -> None:
        """Show these; what is new of them is cut into blocks by `advance`."""
        self._series = {entry.run: entry for entry in series}
        for gone in set(self._blocks) - set(self._series):
            del self._blocks[gone]
        width = max((-(-len(s.x) // _block_size(s)) for s in series), default=0)
        rows = {run: row for row, run in enumerate(self._series)}
        if rows != self._rows or width > self._tables.shape[2]:
            self._rows = rows
            self._tables = np.full((3, len(rows), width), np.nan)
            for run, (_, blocks) in self._blocks.items():
                self._write(run, blocks)

    def advance(self) -> bool:
        """Cut one series into blocks; False if there was none left to cut."""
        for run, series in self._series.items():
            token = (len(series.x), float(series.x[-1]) if len(series.x) else 0.0)
            if run in self._blocks and self._blocks[run][0] == token:
                continue
            smooth = debiased_ema(series.values, self.factor) / series.unit
            blocks = blocks_of(series.x, smooth, _block_size(series))
            self._blocks[run] = (token, blocks)
            for ignoring in (False, True):
                self._reaches[run, ignoring] = _reach(blocks, ignore_outliers=ignoring)
            self._write(run, blocks)
            return True
        return False

    def _write(self, run: str, blocks: Blocks) -> None:
        row = self._tables[:, self._rows[run]]
        row[:] = np.nan
        row[:, : len(blocks.x)] = blocks.x, blocks.low, blocks.high

    def __len__(self) -> int:
        return len(self._series)

    @property
    def blocks(self) -> dict[str, Blocks]:
        """The blocks that have been cut, by run."""
        return {run: blocks for run, (_, blocks) in self._blocks.items()}

    def reaches(self, *, ignore_outliers: bool) -> list[Floats]:
        """What a plot must show of each run, as `series.reach`; found when it was cut."""
        return [self._reaches[run, ignore_outliers] for run in self._blocks]

    def ends(self) -> tuple[float, float] | None:
        """The first and the last x of all runs."""
        filled = [series.x for series in self._series.values() if len(series.x)]
        if not filled:
            return None
        return min(float(x[0]) for x in filled), max(float(x[-1]) for x in filled)

    def path(
        self, scales: tuple[Scale, Scale], edges: tuple[float, float], bins: int
    ) -> tuple[Floats, Floats, NDArray[np.int32]]:
        """Points of all runs between `edges` (heights of x) and which are joined to the next.

        About `bins` columns a run, the lowest and the highest value in each.
        """
        if not self._blocks:
            return np.empty(0), np.empty(0), np.empty(0, dtype=np.int32)
        x, low, high = self._tables
        heights = scales[0].forward(x)
        inside = (heights >= edges[0]) & (heights <= edges[1])
        columns = np.flatnonzero(inside.any(axis=0))
        first = max(int(columns[0]) - 1, 0) if len(columns) else 0
        last = int(columns[-1]) + 2 if len(columns) else 0
        cut = any(len(series.x) > SHORT for series in self._series.values())
        if cut and last - first < bins // 2:
            return self._samples(scales, edges, bins)
        x, low, high = x[:, first:last], low[:, first:last], high[:, first:last]
        x, low, high = _grouped(x, low, high, -(-max(last - first, 1) // bins))
        points_x = np.repeat(x, 2, axis=1)
        points_y = np.empty_like(points_x)
        points_y[:, 0::2], points_y[:, 1::2] = low, high
        return _joined(scales[0].forward(points_x), scales[1].forward(points_y))

    def _samples(
        self, scales: tuple[Scale, Scale], edges: tuple[float, float], bins: int
    ) -> tuple[Floats, Floats, NDArray[np.int32]]:
        """The samples themselves, smoothed as the whole series would be."""
        low, high = scales[0].backward(np.array(edges))
        xs, ys, joins = [], [], []
        for series in self._series.values():
            first = max(int(np.searchsorted(series.x, low)) - 1, 0)
            last = min(int(np.searchsorted(series.x, high, "right")) + 1, len(series.x))
            smooth = smoothed_part(series.values, self.factor, first, last) / series.unit
            x, y = scales[0].forward(series.x[first:last]), scales[1].forward(smooth)
            x, y = min_max_decimate(x, y, bins, edges)
            join = np.ones(len(x), dtype=np.int32)
            join[-1:] = 0
            xs.append(x)
            ys.append(y)
            joins.append(join)
        return np.concatenate(xs), np.concatenate(ys), np.concatenate(joins)

    def nearest(self, x: float, y: float, scale: Scale) -> tuple[str, float] | None:
        """The run that passes nearest to height `y` at `x`, and how far from it."""
        if not self._blocks:
            return None
        places, low, high = self._tables
        past = np.clip((places <= x).sum(axis=1) - 1, 0, None)
        rows = np.arange(len(past))
        middle = scale.forward(0.5 * (low[rows, past] + high[rows, past]))
        distance = np.where(np.isfinite(middle), np.abs(middle - y), np.inf)
        best = int(np.argmin(distance))
        return list(self._rows)[best], float(distance[best])

    def at(self, run: str, x: float) -> tuple[float, float, float]:
        """The sample of a run nearest to x: its place, its raw and its smoothed value."""
        series = self._series[run]
        i = int(np.clip(np.searchsorted(series.x, x), 0, len(series.x) - 1))
        if i > 0 and x - series.x[i - 1] < series.x[i] - x:
            i -= 1
        smooth = smoothed_part(series.values, self.factor, i, i + 1)[0]
        return (
            float(series.x[i]),
            float(series.values[i] / series.unit),
            float(smooth / series.unit),
        )


def _block_size(series: RunSeries) -> int:
    return 1 if len(series.x) <= SHORT else BLOCK


def _reach(blocks: Blocks, *, ignore_outliers: bool) -> Floats:
    """`series.reach` of lowest and highest values; the latest is the mean of the last block."""
    low = reach(blocks.low, ignore_outliers=ignore_outliers)
    if len(low) == 0:
        return low
    high = reach(blocks.high, ignore_outliers=ignore_outliers)
    return np.array([low[0], high[1], reach(blocks.mean, ignore_outliers=False)[-1]])


def smoothed_part(values: Floats, factor: float, first: int, last: int) -> Floats:
    """`debiased_ema(values, factor)[first:last]`, from as little of the past as counts.

    >>> v = np.sin(np.arange(5000.0))
    >>> part = smoothed_part(v, 0.9, 4000, 4010)
    >>> bool(np.allclose(part, debiased_ema(v, 0.9)[4000:4010], atol=1e-3))
    True
    """
    memory = 0 if factor == 0.0 else math.ceil(math.log(FORGOTTEN) / math.log(factor))
    begin = max(first - memory, 0)
    return debiased_ema(values[begin:last], factor)[first - begin :] if last > first else values[:0]


def _grouped(x: Floats, low: Floats, high: Floats, by: int) -> tuple[Floats, Floats, Floats]:
    """Every `by` columns as one: the first x, the lowest low, the highest high."""
    if by <= 1 or x.shape[1] == 0:
        return x, low, high
    starts = np.arange(0, x.shape[1], by)
    return (
        x[:, starts],
        np.fmin.reduceat(low, starts, axis=1),
        np.fmax.reduceat(high, starts, axis=1),
    )


def _joined(x: Floats, y: Floats) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Rows of points as one sequence without gaps; the last of a row is not joined."""
    finite = np.isfinite(x) & np.isfinite(y)
    rows = np.repeat(np.arange(x.shape[0]), x.shape[1])[finite.ravel()]
    join = np.zeros(len(rows), dtype=np.int32)
    join[:-1] = rows[:-1] == rows[1:]
    return x.ravel()[finite.ravel()], y.ravel()[finite.ravel()], join
