"""How far two samples are from each other. NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def wasserstein(first: Array, second: Array) -> float:
    """Wasserstein-1 distance of two samples [n], [m], in their unit.

    The area between the two empirical distribution functions.

    >>> wasserstein(np.array([0.0, 1.0]), np.array([0.5, 1.5]))
    0.5
    """
    points = np.sort(np.concatenate([first, second]))
    gap = _cdf(first, points[:-1]) - _cdf(second, points[:-1])
    return float((np.abs(gap) * np.diff(points)).sum())


def circular_wasserstein(first: Array, second: Array, period: float) -> float:
    """Wasserstein-1 distance of two samples on a circle of this circumference.

    The area between the distribution functions after the best common shift, which is their
    median difference (Rabin, Delon & Gousseau 2011).

    >>> circular_wasserstein(np.array([23.5]), np.array([0.5]), 24.0)
    1.0
    """
    first, second = np.mod(first, period), np.mod(second, period)
    points = np.unique(np.concatenate([[0.0], first, second, [period]]))
    gap, width = _cdf(first, points[:-1]) - _cdf(second, points[:-1]), np.diff(points)
    return float((np.abs(gap - _weighted_median(gap, width)) * width).sum())


def relative(value: float, reference: float) -> float:
    """|value ÷ reference − 1|; nan without a reference.

    >>> round(relative(1.1, 1.0), 6)
    0.1
    """
    return abs(value / reference - 1.0) if reference else float("nan")


def _cdf(sample: Array, points: Array) -> Array:
    return np.searchsorted(np.sort(sample), points, side="right") / len(sample)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
