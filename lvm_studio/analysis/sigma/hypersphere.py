"""What a noise of fixed sigma lets a perfect VAE see of a sphere (6.3.1, Theorem 6.1).

All lengths are in units of sigma: `a = R / sigma` for the sphere, `b = r / sigma` for what is
learned. The best model puts its means uniformly on a sphere of radius r, with r the argmax of

    l(r) = exp(-b^2 / 2) * integral_0^pi exp(a b cos t) sin(t)^(D-2) dt          (Eq. 6.5)

Everything is in logarithms, and `-b^2/2 + a b cos t` is written as
`a^2/2 - (a-b)^2/2 - 2 a b sin(t/2)^2`, so that nothing overflows and nothing cancels up to
a = 10^4 and D = 10,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

NODES = 200
"""Gauss-Legendre nodes around the integrand's top."""

WIDTHS = 14.0
"""The integral reaches this many widths of the top to either side."""

BISECTIONS = 60

_X, _W = np.polynomial.legendre.leggauss(NODES)


def log_ell(b: ArrayLike, a: ArrayLike, dim: int) -> Array:
    """log l(r) of Eq. 6.5, shaped like b and a together; D = `dim` from 2 on.

    >>> kappa = 6.0  # for D = 3 the integral is 2 sinh(kappa) / kappa
    >>> exact = -2.0 + math.log(2 * math.sinh(kappa) / kappa)
    >>> round(float(log_ell(2.0, 3.0, 3)) - exact, 12)
    0.0
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    nodes = _Nodes.at(a * b, dim)
    peak: Array = 0.5 * (a * a - (a - b) ** 2) + nodes.log_integral()
    return peak


def log_gain(b: ArrayLike, a: ArrayLike, dim: int) -> Array:
    """log l(r) - log l(0): what a radius is worth over a constant decoder, in nats a point."""
    from scipy.special import betaln  # slow to import, and a page of the studio is made of this

    gain: Array = log_ell(b, a, dim) - betaln((dim - 1) / 2, 0.5)
    return gain


def mean_cosine(kappa: ArrayLike, dim: int) -> Array:
    """E cos t under the integrand of Eq. 6.5: how far a von Mises-Fisher law is from uniform.

    It is the ratio I_{D/2}(kappa) / I_{D/2-1}(kappa) of Bessel functions.
    """
    return _Nodes.at(np.asarray(kappa, float), dim).mean_cosine()


def optimal_radius(a: ArrayLike, dim: int) -> Array:
    """argmax of l, in units of sigma: 0 up to a = sqrt(D), then the root of b = a E cos t.

    >>> optimal_radius([1.0, 1.414, 100.0], 2).round(3).tolist()
    [0.0, 0.0, 99.995]
    """
    a = np.asarray(a, float)
    low, high = np.zeros_like(a), a.copy()
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        grows = a * mean_cosine(a * middle, dim) > middle
        low, high = np.where(grows, middle, low), np.where(grows, high, middle)
    return np.where(a > threshold(dim), 0.5 * (low + high), 0.0)


def threshold(dim: int) -> float:
    """R / sigma above which something is learned: sqrt(D), the dot of Fig. 6.5."""
    return math.sqrt(dim)


def sufficient_bound(dim: int) -> float:
    """R / sigma below which Theorem 6.1 proves that nothing is learned: sqrt(D - 1)."""
    return math.sqrt(dim - 1)


@dataclass(frozen=True, eq=False)
class RadiusMap:
    """Fig. 6.5 for one D.

    gain [rows b, columns a] is `log_gain`; optimum [columns] is the best b for each a.
    """

    dim: int
    a: Array
    b: Array
    gain: Array
    optimum: Array


def radius_map(dim: int, a: Array, b: Array) -> RadiusMap:
    """The map over R / sigma in `a` and r / sigma in `b`.

    >>> radius_map(2, np.array([1.0, 4.0]), np.array([0.0, 1.0, 3.0])).gain.shape
    (3, 2)
    """
    return RadiusMap(dim, a, b, log_gain(b[:, None], a[None, :], dim), optimal_radius(a, dim))


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Nodes [..., NODES] around the top of `exp(kappa (cos t - 1)) sin(t)^(D-2)` on (0, pi)."""

    t: Array
    log_weight: Array

    @classmethod
    def at(cls, kappa: Array, dim: int) -> _Nodes:
        if dim < 2:
            raise ValueError(f"D = {dim}: a sphere needs two dimensions at least.")
        power = dim - 2
        # kappa sin^2 = power cos at the top; both forms of the root are free of cancellation
        root = np.hypot(power, 2 * kappa)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = np.where(kappa > 0, 2 * kappa / (power + root), 0.0 if power else 1.0)
            sine2 = np.where(kappa > 0, power * cosine / kappa, 1.0 if power else 0.0)
            width = 1 / np.sqrt(kappa * cosine + power / np.where(power > 0, sine2, 1.0))
        top = np.arctan2(np.sqrt(sine2), cosine)
        low = np.clip(top - WIDTHS * width, 0.0, None)
        high = np.clip(top + WIDTHS * width, None, np.pi)
        half = 0.5 * (high - low)[..., None]
        t = (0.5 * (low + high))[..., None] + half * _X
        exponent = -2 * kappa[..., None] * np.sin(t / 2) ** 2
        if power:
            exponent = exponent + power * np.log(np.sin(t))
        return cls(t, exponent + np.log(half * _W))

    def log_integral(self) -> Array:
        top = self.log_weight.max(-1, keepdims=True)
        total: Array = top[..., 0] + np.log(np.exp(self.log_weight - top).sum(-1))
        return total

    def mean_cosine(self) -> Array:
        weight = np.exp(self.log_weight - self.log_weight.max(-1, keepdims=True))
        share = (weight * 2 * np.sin(self.t / 2) ** 2).sum(-1) / weight.sum(-1)
        return np.asarray(1.0 - share)
