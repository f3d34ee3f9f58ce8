"""Sums over stored f at any λ, from draws binned along f: microseconds instead of a whole pass.

Every question about p̂_λ that concerns f alone is a sum of r e^{λf} f^j with r = p/q. Draws whose
f lie in one narrow bin share almost all of the exponential, and what they do not share is a short
power series in λ whose coefficients are their moments: so the sums are those of all draws to some
1e-8, at the price of one exponential a bin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lvm_studio.tuning.pools.estimates import Moments
from lvm_studio.tuning.pools.weights import Array

WIDTH = 0.02
"""Of a bin, in standard deviations of f."""
LARGEST_LAM = 20.0
"""Up to this |λ| the series is exact to 1e-9: λ times half a bin is 0.2 at most."""
_DEGREE = 7
"""Of the power series of e^{λx} within a bin."""
_POWERS = 4
"""f^0 … f^3."""


@dataclass(frozen=True, eq=False)
class CriterionSums:
    """Draws of f with weights r, binned.

    Attributes:
        centre: [B] of each bin that holds a draw.
        log_mass: [B] log Σ r of its draws, less the log of the number of all draws.
        moments: [B, 11] mean of (f - centre)^k over them, weighted by r, k = 0 … 10.

    >>> f = np.random.default_rng(0).standard_normal(50_000)
    >>> sums = CriterionSums.of(f, np.zeros(50_000))
    >>> direct = float(np.log(np.exp(2.0 * f).mean()))
    >>> abs(sums.log_z(2.0) / direct - 1.0) < 1e-9
    True
    """

    centre: Array
    log_mass: Array
    moments: Array

    @classmethod
    def of(cls, f: Array, log_ratio: Array) -> CriterionSums:
        """The sums of f [n] with log r = log p - log q [n]."""
        order = np.argsort(f)
        f, log_ratio = f[order], log_ratio[order]
        place = np.floor(f / WIDTH)
        first = np.flatnonzero(np.diff(place, prepend=-np.inf))
        many = np.diff(first, append=len(f))
        centre = (place[first] + 0.5) * WIDTH
        top = np.maximum.reduceat(log_ratio, first)
        term = np.exp(log_ratio - np.repeat(top, many))
        mass = np.add.reduceat(term, first)
        apart = f - np.repeat(centre, many)
        moments = np.ones((len(centre), _DEGREE + _POWERS))
        for power in range(1, _DEGREE + _POWERS):
            term = term * apart
            moments[:, power] = np.add.reduceat(term, first) / mass
        return cls(centre, top + np.log(mass) - math.log(len(f)), moments)

    def at(self, lam: float) -> Moments:
        """E f, KL(p̂_λ ‖ p), variance and third central moment at λ."""
        share, local, log_z = self._weighed(lam)
        mean = float(share @ (self.centre * local[:, 0] + local[:, 1]))
        off = self.centre - mean
        variance = share @ (off * (off * local[:, 0] + 2.0 * local[:, 1]) + local[:, 2])
        third = off * (off * (off * local[:, 0] + 3.0 * local[:, 1]) + 3.0 * local[:, 2])
        skew = share @ (third + local[:, 3])
        kl = lam * mean - log_z if lam else 0.0  # the base law, whatever the draws are of
        return Moments(mean, kl, float(variance), float(skew))

    def log_z(self, lam: float) -> float:
        """log of the mean of r e^{λf}, nats."""
        return self._weighed(lam)[2]

    def _weighed(self, lam: float) -> tuple[Array, Array, float]:
        """What Z is made of, bin by bin, as if all draws of a bin were at its centre; and log Z.

        Shares [B] of the bins; factors [B, 4] that put draws where they are: with x = f - centre,
        the mean of e^{λx} x^j over a bin's draws, j = 0 … 3.
        """
        exponent = lam * self.centre + self.log_mass
        top = float(exponent.max())
        mass = np.exp(exponent - top)
        local = self.moments @ _series(lam)
        total = float(mass @ local[:, 0])
        return mass / total, local, top + math.log(total)


_ORDER = np.arange(_DEGREE + 1)
_FACTORIAL = np.array([math.factorial(order) for order in range(_DEGREE + 1)], dtype=np.float64)


def _series(lam: float) -> Array:
    """Coefficients [11, 4]: moments 0 … 10 of x times column j are the mean of e^{λx} x^j.

    By the power series of e^{λx}, up to `_DEGREE`.
    """
    series = np.zeros((_DEGREE + _POWERS, _POWERS))
    for j in range(_POWERS):
        series[j : j + _DEGREE + 1, j] = lam**_ORDER / _FACTORIAL
    return series
