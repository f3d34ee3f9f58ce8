"""What is done to a series of numbers before it is drawn: smoothed, thinned out, scaled."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Unit = Literal["nats", "bits"]

NATS_PER_UNIT: dict[Unit, float] = {"nats": 1.0, "bits": math.log(2.0)}
SMOOTHING_BLOCK = 32


def debiased_ema(values: Floats, factor: float) -> Floats:
    """Exponential moving average of values [n], debiased so that it starts at the first value.

    `factor` in [0, 1) is the weight of the past. The average of the values is divided by the
    average of ones, as Adam debiases its moments, so no start value leaks in; gaps (NaN) are
    left out of both and stay gaps.

    >>> debiased_ema(np.array([3.0, 3.0, 3.0]), 0.9).round(12).tolist()
    [3.0, 3.0, 3.0]
    """
    return RunningEma(factor).extended(values)


class RunningEma:
    """`debiased_ema` of a series that grows: only what is new is computed.

    Args:
        factor: weight of the past, in [0, 1).

    >>> growing = RunningEma(0.5)
    >>> growing.extended(np.array([1.0, 2.0])).round(3).tolist()
    [1.0, 1.667]
    >>> growing.extended(np.array([1.0, 2.0, 3.0])).round(3).tolist()
    [1.0, 1.667, 2.429]
    """

    def __init__(self, factor: float) -> None:
        if not 0.0 <= factor < 1.0:
            raise ValueError(f"The smoothing factor is {factor}; it must be in [0, 1).")
        self.factor = factor
        self._smooth = np.empty(0)
        self._sum = 0.0
        self._weight = 0.0

    def extended(self, values: Floats) -> Floats:
        """Smoothed values [n]; they must begin with the values given last time."""
        new = np.asarray(values[len(self._smooth) :], dtype=np.float64)
        if len(new):
            present = np.isfinite(new)
            sums = _ema(np.where(present, new, 0.0), self.factor, self._sum)
            if present.all():
                weights = _weights(len(new), self.factor, self._weight)
            else:
                weights = _ema(present * 1.0, self.factor, self._weight)
            self._sum, self._weight = sums[-1], weights[-1]
            smooth = np.full(len(new), np.nan)
            np.divide(sums, weights, out=smooth, where=present)
            self._smooth = np.concatenate([self._smooth, smooth])
        return self._smooth


def _ema(values: Floats, factor: float, carried: float) -> Floats:
    """Plain moving average y_t = factor · y_{t−1} + (1 − factor) · x_t from y_{−1} = carried."""
    return _recursion((1.0 - factor) * values, factor, carried)


def _weights(count: int, factor: float, carried: float) -> Floats:
    """`_ema` of ones, in closed form: 1 − (1 − carried) · factorᵗ, which soon is 1."""
    weights = np.ones(count)
    young = min(count, math.ceil(math.log(1e-17) / math.log(factor))) if factor else 0
    weights[:young] -= (1.0 - carried) * factor ** np.arange(1, young + 1)
    return weights


def _recursion(x: Floats, factor: float, before: float) -> Floats:
    """y_t = factor · y_{t−1} + x_t from y_{−1} = before.

    A loop over points would cost 50 ms for 10⁵ of them. Within blocks it is a matrix product;
    what blocks hand on to each other is the same recursion, over fewer values.
    """
    if len(x) <= SMOOTHING_BLOCK:
        y = np.empty(len(x))
        for index, value in enumerate(x):
            before = factor * before + value
            y[index] = before
        return y
    lag = np.arange(SMOOTHING_BLOCK)
    kernel = np.tril(factor ** np.abs(lag[:, None] - lag[None, :]))
    padded = np.zeros(-(-len(x) // SMOOTHING_BLOCK) * SMOOTHING_BLOCK)
    padded[: len(x)] = x
    blocks = padded.reshape(-1, SMOOTHING_BLOCK) @ kernel.T
    ends = _recursion(blocks[:, -1], factor**SMOOTHING_BLOCK, before)
    blocks += np.concatenate([[before], ends[:-1]])[:, None] * factor ** (lag + 1)
    return blocks.ravel()[: len(x)]


def min_max_decimate(
    x: Floats, y: Floats, bins: int, edges: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Thin a curve (x ascending [n], y [n]) out to about two points in each of `bins` columns.

    Only the part between `edges` (and one point beyond each, so that lines leave the picture)
    is kept; in each column the lowest and the highest point survive in their order, so a
    single spike among 10⁵ points stays visible. Points that are not finite are dropped.

    >>> x = np.arange(1000.0); y = np.zeros(1000); y[500] = 9
    >>> thin_x, thin_y = min_max_decimate(x, y, 10, (0, 999))
    >>> len(thin_x) <= 22, float(thin_y.max())
    (True, 9.0)
    """
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        x, y = x[finite], y[finite]
    first = max(int(np.searchsorted(x, edges[0], "left")) - 1, 0)
    last = min(int(np.searchsorted(x, edges[1], "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= 2 * bins:
        return x, y
    keep = _extremes_per_column(x, y, bins)
    return x[keep], y[keep]


def _extremes_per_column(x: Floats, y: Floats, bins: int) -> NDArray[np.intp]:
    """Indices of the first lowest and the first highest point of each column, and both ends."""
    edges = np.searchsorted(x, np.linspace(x[0], x[-1], bins, endpoint=False))
    starts = edges[np.diff(edges, prepend=-1) > 0]
    counts = np.diff(starts, append=len(x))
    keep = np.zeros(len(x), dtype=np.bool_)
    keep[[0, -1]] = True
    for extreme in (np.minimum, np.maximum):
        hits = np.flatnonzero(y == np.repeat(extreme.reduceat(y, starts), counts))
        column = np.searchsorted(starts, hits, "right")
        keep[hits[np.diff(column, prepend=-1) > 0]] = True
    return np.flatnonzero(keep)


@dataclass(frozen=True)
class Scale:
    """How values become heights in a plot: as they are, by log₁₀, or by a symmetric log.

    An ELBO changes sign on its way up, so its logarithm is the symmetric one,
    sign(y) · log₁₀(1 + |y|); KLs and σ are positive and take the ordinary one.

    >>> Scale("symlog").backward(Scale("symlog").forward(np.array([-120.0, 0.0, 5.0]))).round(6)
    array([-120.,    0.,    5.])
    """

    kind: Literal["linear", "log", "symlog"] = "linear"

    def forward(self, values: Floats) -> Floats:
        """Heights of values; NaN where a value has none (zero or less under log)."""
        if self.kind == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(values > 0, np.log10(values), np.nan)
        if self.kind == "symlog":
            return np.sign(values) * np.log10(1.0 + np.abs(values))
        return np.asarray(values, dtype=np.float64)

    def backward(self, heights: Floats) -> Floats:
        """Values at heights; the inverse of `forward`."""
        if self.kind == "log":
            return np.power(10.0, heights)
        if self.kind == "symlog":
            return np.sign(heights) * (np.power(10.0, np.abs(heights)) - 1.0)
        return np.asarray(heights, dtype=np.float64)


def reach(values: Floats, *, ignore_outliers: bool) -> Floats:
    """What of a series a plot must show: lowest, highest and latest value; empty without any.

    With `ignore_outliers` it counts from its 2 % to its 98 % quantile after its first twentieth:
    the first steps of a training are thousands of nats below the rest and would flatten
    everything else. The latest value is always inside.

    >>> reach(np.array([np.nan, 1.0, 5.0, 2.0]), ignore_outliers=False).tolist()
    [1.0, 5.0, 2.0]
    """
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return np.empty(0)
    settled = finite[len(finite) // 20 :] if ignore_outliers else finite
    if ignore_outliers and len(settled) > 50:
        low, high = np.percentile(settled, (2.0, 98.0))
    else:
        low, high = settled.min(), settled.max()
    return np.array([low, high, finite[-1]])


def shown_range(series: list[Floats], *, ignore_outliers: bool) -> tuple[float, float] | None:
    """Range [low, high] that shows these series with a margin; None when nothing is finite."""
    return spanning(reach(values, ignore_outliers=ignore_outliers) for values in series)


def spanning(reaches: Iterable[Floats]) -> tuple[float, float] | None:
    """Range [low, high] around all `reach`es with a margin; None where nothing is finite."""
    values = np.concatenate([np.empty(0), *reaches])
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
