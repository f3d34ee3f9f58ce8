"""Axes in which the surface of two criteria uses its room, however alike the criteria are.

Where both rise and fall together the surface over (E f₁, E f₂) is a sliver. Half the sum and half
the difference of both, each counted in its own standard deviations, are uncorrelated under the base
law: over these the same surface is about round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.studio.street.answers import PairSurface
from lvm_studio.studio.widgets.tuning.criteria_help import help_of

ALIKE = 0.8
"""From this correlation, of either sign, on."""
HALVES = np.array([[0.5, 0.5], [0.5, -0.5]])


@dataclass(frozen=True, eq=False)
class PairAxes:
    """Pad = origin + turn (E f − base): turn [2, 2], origin [2]; labels: of both axes."""

    base: NDArray[np.float64]
    turn: NDArray[np.float64]
    origin: NDArray[np.float64]
    labels: tuple[str, str]

    @classmethod
    def of(cls, surface: PairSurface) -> PairAxes:
        """E f of both; their sum and difference where the two are alike."""
        first, second = (help_of(name).symbol for name in surface.criteria)
        if abs(surface.correlation) < ALIKE:
            told = zip((first, second), surface.units, strict=True)
            one, two = (f"E {name}" + (f" ({unit})" if unit else "") for name, unit in told)
            return cls(surface.base, np.eye(2), surface.base, (one, two))
        turn = HALVES / deviations(surface)
        labels = (f"½ ({first} + {second}), in sd", "½ difference")
        return cls(surface.base, turn, np.zeros(2), labels)

    @property
    def turned(self) -> bool:
        """Whether these are sum and difference."""
        return bool(self.turn[0, 1] != 0.0)

    def pad(self, expectation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the pad [..., 2] of E f [..., 2]."""
        points: NDArray[np.float64] = (expectation - self.base) @ self.turn.T + self.origin
        return points

    def expectation(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """E f [..., 2] of points of the pad [..., 2]."""
        moved = (points - self.origin) @ np.linalg.inv(self.turn).T
        expectation: NDArray[np.float64] = moved + self.base
        return expectation


def deviations(surface: PairSurface) -> NDArray[np.float64]:
    """Standard deviations [2] of both under the base law, from how E f begins to rise.

    Near the base law `E f − base = σ R λ`, R the correlation matrix (Eq. 10.6).
    """
    together = np.array([[1.0, surface.correlation], [surface.correlation, 1.0]])
    pull = surface.lam[:, 0] @ together
    rise = surface.expectation[:, 0] - surface.base
    found: NDArray[np.float64] = (rise * pull).sum(axis=0) / np.square(pull).sum(axis=0)
    return found
