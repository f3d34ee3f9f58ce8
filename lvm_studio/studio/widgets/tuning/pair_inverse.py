"""Inverts the surface of two criteria: from a point of the pad to its vector λ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lvm_studio.studio.street.answers import PairSurface
from lvm_studio.studio.widgets.tuning.pair_axes import PairAxes

HALVINGS = 12


class PairInverse:
    """Interpolates λ [2] linearly over (E f₁, E f₂); points outside go to the edge."""

    def __init__(self, surface: PairSurface) -> None:
        from scipy.interpolate import LinearNDInterpolator

        self._axes = PairAxes.of(surface)  # triangles of a sliver would be slivers
        outer = self._axes.pad(surface.expectation[:, -1])
        self._size = np.maximum(outer.max(axis=0) - outer.min(axis=0), 1e-12)
        points = self._from_base(surface.expectation.reshape(-1, 2))
        at_base = np.zeros((1, 2))
        self._interpolate = LinearNDInterpolator(
            np.concatenate([at_base, points]),
            np.concatenate([at_base, surface.lam.reshape(-1, 2)]),
        )

    def vector(self, first: float, second: float) -> tuple[float, float]:
        """λ of both criteria where E f is (first, second), or where the line from the base law
        to that point leaves the surface.
        """
        target = self._from_base(np.array([first, second]))
        found = self._at(target)
        if np.isnan(found).any():
            found = self._at(self._edge(target) * target)
        return float(found[0]), float(found[1])

    def _from_base(self, expectation: NDArray[np.float64]) -> NDArray[np.float64]:
        """E f [..., 2] as shares of the pad, from the base law."""
        shares: NDArray[np.float64] = (self._axes.pad(expectation) - self._axes.origin) / self._size
        return shares

    def _edge(self, target: NDArray[np.float64]) -> float:
        """The largest share of the way that is still on the surface."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            inside = not np.isnan(self._at(middle * target)).any()
            low, high = (middle, high) if inside else (low, middle)
        return low

    def _at(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self._interpolate(target[None])[0]
        return found


def polar(first: float, second: float, correlation: float) -> tuple[float, float]:
    """Direction in degrees of a vector λ, and λ along it per standard deviation of d · f.

    >>> [round(figure, 3) for figure in (*polar(1.0, 1.0, 0.0), *polar(0.0, -2.0, 0.7))]
    [45.0, 1.414, 270.0, 2.0]
    """
    angle = math.atan2(second, first)
    spread = math.sqrt(max(1.0 + correlation * math.sin(2.0 * angle), 0.0))
    return math.degrees(angle) % 360.0, math.hypot(first, second) * spread
