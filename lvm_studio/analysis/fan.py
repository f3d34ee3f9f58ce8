"""The fan of possible weeks: mean, 10-90 % band, energy and peak of a sample of curves.

NumPy only, so that the window can draw a fan before torch has been imported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import HOURS_PER_STEP, STEP

BAND = (0.1, 0.9)
ROUNDING = 1e-9
"""By so much of one row a cumulative weight may miss a level that it reaches."""


@dataclass(frozen=True)
class Spread:
    """Mean and 10-90 % range of one scalar over the sampled curves, in the scalar's unit."""

    mean: float
    p10: float
    p90: float


@dataclass(frozen=True, eq=False)
class Fan:
    """What a composition may draw over a week, n sampled curves of T half-hours.

    Powers are in kW of the whole composition, energies in kWh; times are the starts of the
    half-hours, UTC.
    """

    times: NDArray[np.datetime64]  # [T]
    mean: NDArray[np.float64]  # [T]
    p10: NDArray[np.float64]  # [T]
    p90: NDArray[np.float64]  # [T]
    curves: NDArray[np.floating]  # [n, T]
    measured: NDArray[np.floating] | None  # [T]
    energy_kwh: Spread
    peak_kw: Spread
    peak_time: np.datetime64  # half-hour at which the mean curve is highest


def make_fan(
    curves_kw: NDArray[np.floating],
    start: np.datetime64,
    measured_kw: NDArray[np.floating] | None = None,
    weights: NDArray[np.floating] | None = None,
) -> Fan:
    """Summarise curves [n, T] kW starting at `start` (UTC) as a fan.

    `weights` [n] (any positive scale) make it the fan of the weighted sample, e.g. of base
    curves reweighted by e^{λf}. Raises ValueError if shapes disagree or no weight is positive.

    >>> fan = make_fan(np.array([[1.0, 3.0], [2.0, 4.0]]), np.datetime64("2013-01-07T00:00"))
    >>> fan.mean.tolist(), fan.energy_kwh.mean, str(fan.peak_time)
    ([1.5, 3.5], 2.5, '2013-01-07T00:30')
    """
    curves = np.asarray(curves_kw)
    if curves.ndim != 2 or 0 in curves.shape:
        raise ValueError(f"A fan needs curves of shape [n, T]; got {curves.shape}.")
    if measured_kw is not None and np.shape(measured_kw) != curves.shape[1:]:
        raise ValueError(
            f"The measured curve has shape {np.shape(measured_kw)}, the samples {curves.shape[1:]}."
        )
    share = _normalised(weights, len(curves))
    mean = _mean(curves, share)
    p10, p90 = quantiles(curves, BAND, share)
    times = start.astype("datetime64[m]") + STEP * np.arange(curves.shape[1])
    return Fan(
        times=times,
        mean=mean,
        p10=p10,
        p90=p90,
        curves=curves,
        measured=measured_kw,
        energy_kwh=_spread(curves.sum(axis=1, dtype=np.float64) * HOURS_PER_STEP, share),
        peak_kw=_spread(curves.max(axis=1), share),
        peak_time=times[int(mean.argmax())],
    )


def quantiles(
    values: NDArray[np.floating],
    levels: tuple[float, ...],
    weights: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Quantiles [len(levels), ...] along the first axis of values [n, ...].

    The smallest value whose cumulative weight reaches the level: weighting by integers is the
    same as repeating rows, and equal weights are the same as none, so nothing jumps at λ = 0.

    >>> quantiles(np.array([1.0, 2.0, 3.0]), (0.5,), np.array([1.0, 1.0, 6.0])).tolist()
    [3.0]
    """
    columns = np.ascontiguousarray(np.moveaxis(np.asarray(values), 0, -1))
    if weights is None:  # a fifth of the time of numpy's own, and λ waits for it
        ordered, count = np.sort(columns, axis=-1), columns.shape[-1]
        places = [max(0, math.ceil(level * count - ROUNDING) - 1) for level in levels]
        return np.stack([ordered[..., place] for place in places]).astype(np.float64)
    order = np.argsort(columns, axis=-1)
    below = np.cumsum(np.asarray(weights, np.float64)[order], axis=-1)
    total = below[..., -1:]
    last = columns.shape[-1] - 1
    found = []
    for level in levels:
        place = (below < (level - ROUNDING / (last + 1)) * total).sum(-1, keepdims=True)
        row = np.take_along_axis(order, np.minimum(place, last), axis=-1)
        found.append(np.take_along_axis(columns, row, axis=-1)[..., 0])
    return np.stack(found).astype(np.float64)


def _normalised(weights: NDArray[np.floating] | None, count: int) -> NDArray[np.float64] | None:
    if weights is None:
        return None
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (count,):
        raise ValueError(f"Need one weight a curve ({count}); got shape {weights.shape}.")
    total = weights.sum()
    if not (np.isfinite(total) and total > 0 and weights.min() >= 0):
        raise ValueError("Weights must be finite, not negative, and not all zero.")
    return np.asarray(weights / total)


def _mean(values: NDArray[np.floating], share: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if share is None:
        return np.asarray(values.mean(axis=0, dtype=np.float64))
    return np.asarray(share @ values)


def _spread(values: NDArray[np.floating], share: NDArray[np.float64] | None) -> Spread:
    p10, p90 = quantiles(values, BAND, share)
    return Spread(float(_mean(values, share)), float(p10), float(p90))
