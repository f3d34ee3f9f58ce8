"""Proper scores and calibration of sampled curves against one measured curve.

All are unbiased in the number of samples: a predictor is neither rewarded nor punished for
drawing 100 curves rather than 1000.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def energy_score(samples: NDArray[np.floating], x: NDArray[np.floating]) -> float:
    """Energy score of samples [S, T] against x [T]: lower is better, in the unit of x.

    `mean ‖X − x‖ − ½ mean ‖X − X'‖` with the Euclidean norm over the T half-hours and the second
    mean over pairs of *different* samples (Gneiting & Raftery 2007, unbiased form). With curves
    in kW divided by the number of households it is in kW per household, not divided by √T.

    >>> energy_score(np.array([[0.0], [2.0]]), np.array([1.0]))
    0.0
    """
    samples, x = _checked(samples, x)
    to_truth = np.linalg.norm(samples - x, axis=1).mean()
    return float(to_truth - 0.5 * _mean_pair_distance(samples))


def _mean_pair_distance(samples: Array) -> float:
    centred = samples - samples.mean(axis=0)  # keeps the expansion below exact to rounding
    square = np.einsum("st,st->s", centred, centred)
    squared = square[:, None] + square[None, :] - 2.0 * centred @ centred.T
    count = len(samples)
    return float(np.sqrt(np.clip(squared[np.triu_indices(count, 1)], 0.0, None)).mean())


def crps(samples: NDArray[np.floating], x: NDArray[np.floating]) -> float:
    """Continuous ranked probability score averaged over half-hours, in the unit of x.

    samples [S, T], x [T]. The energy score of each half-hour by itself: blind to how half-hours
    hang together.

    >>> crps(np.array([[0.0], [2.0]]), np.array([1.0]))
    0.0
    """
    samples, x = _checked(samples, x)
    count = len(samples)
    ranks = 2.0 * np.arange(1, count + 1) - count - 1
    # Σ_{i<j} |X_i − X_j| = Σ_i (2i − S − 1) X_(i): pairs in O(S log S)
    pair_mean = (ranks[:, None] * np.sort(samples, axis=0)).sum(0) / (count * (count - 1) / 2)
    return float((np.abs(samples - x).mean(0) - 0.5 * pair_mean).mean())


def week_error(samples: NDArray[np.floating], x: NDArray[np.floating]) -> float:
    """Sum over the half-hours of |x − mean of the samples|, in the unit of x (thesis, 9.3.3)."""
    samples, x = _checked(samples, x)
    return float(np.abs(samples.mean(axis=0) - x).sum())


def coverage(samples: NDArray[np.floating], x: NDArray[np.floating] | float, level: float) -> float:
    """Share of the values x [...] inside the central `level` band of samples [S, ...].

    The band's ends are the order statistics at `(S + 1) p` (interpolated): samples that come from
    the same law as x are covered with probability `level` exactly, whatever S is.

    >>> draws = np.arange(99.0)[:, None]
    >>> coverage(draws, np.array([50.0]), 0.8), coverage(draws, np.array([95.0]), 0.8)
    (1.0, 0.0)
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(samples, (tail, 1.0 - tail), axis=0, method="weibull")
    return float(np.mean((low <= x) & (x <= high)))


def _checked(samples: NDArray[np.floating], x: NDArray[np.floating]) -> tuple[Array, Array]:
    curves: Array = np.asarray(samples, dtype=np.float64)
    truth: Array = np.asarray(x, dtype=np.float64)
    if curves.ndim != 2 or curves.shape[1:] != truth.shape or len(curves) < 2:
        raise ValueError(
            f"Need two or more samples [S, T] and a curve [T]; got {curves.shape}, {truth.shape}."
        )
    return curves, truth
