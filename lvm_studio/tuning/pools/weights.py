"""Importance weights: how many draws they are worth, how heavy their tail is, resampling.

A weighted sample here is its log-weights [n], float64, on any common scale unless said.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KHAT_LIMIT = 0.7
"""Above it, sums over the weights cannot be trusted at any affordable n (Vehtari et al.)."""
ESS_LIMIT = 100.0
"""Below it, an answer is not shown as one."""

_TAIL_MIN = 5
_ROUNDING = 1e-9
"""Weights that differ by no more than this share are equal."""
_PRIOR_DRAWS = 10.0
_PRIOR_KHAT = 0.5
"""The prior of k̂ counts as ten draws whose tail has the shape ½ (PSIS)."""


def normalised(log_weights: Array) -> Array:
    """Weights [n] that sum to one.

    >>> normalised(np.log([1.0, 3.0])).tolist()
    [0.25, 0.75]
    """
    weights = np.exp(log_weights - log_weights.max())
    share: Array = weights / weights.sum()
    return share


def log_mean_exp(log_weights: Array) -> float:
    """Log of the mean weight: log Z where the weights are `λf + log p - log q`."""
    top = float(log_weights.max())
    return top + math.log(float(np.exp(log_weights - top).mean()))


def effective_sample_size(share: Array) -> float:
    """`1 / Σ w²` of normalised weights: n for equal ones, 1 when one carries all (Kish).

    >>> effective_sample_size(np.full(8, 0.125))
    8.0
    """
    return float(1.0 / np.square(share).sum())


def generalised_pareto_fit(exceedances: Array) -> tuple[float, float]:
    """Shape k and scale sigma of a generalised Pareto law, from exceedances > 0 of any order.

    The empirical-Bayes average over profile likelihoods of Zhang & Stephens (2009). The sign of
    k is that of heavy tails: P(X > x) = (1 + k x / sigma)^(-1/k), mean infinite from k = 1.
    """
    x = np.sort(exceedances)
    n = len(x)
    grid = 30 + int(math.sqrt(n))
    quartile = x[int(n / 4 + 0.5) - 1]
    theta = 1.0 / x[-1] + (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3.0 * quartile)
    profile_k = np.log1p(-theta[:, None] * x).mean(axis=1)
    log_likelihood = n * (np.log(-theta / profile_k) - profile_k - 1.0)
    theta_mean = float(normalised(log_likelihood) @ theta)
    k = float(np.log1p(-theta_mean * x).mean())
    return k, -k / theta_mean


def pareto_khat(log_weights: Array) -> float:
    """Pareto k̂ of the largest weights: below 0.7 their sums can be trusted (PSIS).

    Fits the `min(n/5, 3√n)` largest weights over the next one, with the weak prior towards 0.5
    of Vehtari, Simpson, Gelman, Yao & Gabry. Infinite when 20 draws or fewer are given or only
    a handful of weights differ from zero; minus infinity when the largest are all equal (no
    tail at all).

    >>> pareto_khat(np.zeros(1000))
    -inf
    """
    n = len(log_weights)
    tail = math.ceil(min(0.2 * n, 3.0 * math.sqrt(n)))
    if tail < _TAIL_MIN:
        return math.inf
    largest = np.partition(log_weights, n - tail - 1)[n - tail - 1 :]
    weights = np.exp(largest - largest.max())
    exceedances = weights[1:] - weights[0]
    if exceedances.max() <= _ROUNDING * weights[0]:
        return -math.inf
    if weights[0] < np.finfo(np.float64).tiny or np.count_nonzero(exceedances) < _TAIL_MIN:
        return math.inf
    k, _ = generalised_pareto_fit(exceedances[exceedances > 0.0])
    return (k * tail + _PRIOR_KHAT * _PRIOR_DRAWS) / (tail + _PRIOR_DRAWS)


def systematic_resample(share: Array, n: int, seed: int) -> NDArray[np.int64]:
    """n indices drawn in proportion to normalised weights, with one uniform number in all.

    Each draw of weight w appears floor(n w) or ceil(n w) times; with one seed, a small change
    of the weights changes few of the indices. Where n is the number of draws, every survivor
    keeps its own place, so that a curve on screen is replaced only when it dies.
    """
    offset = np.random.default_rng(seed).random()
    cumulative = np.cumsum(share)
    positions = (offset + np.arange(n)) / n * cumulative[-1]
    picked = np.minimum(np.searchsorted(cumulative, positions, side="right"), len(share) - 1)
    return _in_own_places(picked) if n == len(share) else picked


def _in_own_places(picked: NDArray[np.int64]) -> NDArray[np.int64]:
    first = np.ones(len(picked), dtype=bool)
    first[1:] = picked[1:] != picked[:-1]
    placed = np.full(len(picked), -1, dtype=np.int64)
    placed[picked[first]] = picked[first]
    placed[placed < 0] = picked[~first]
    return placed
