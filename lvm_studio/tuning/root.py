"""Root of a rising curve whose two derivatives are known, from any start, without cycling.

Every λ looked at becomes an end of a bracket around the root. The values and derivatives at both
ends fix a polynomial of degree five, whose root inside the bracket is looked at next; as long as
there is no upper end, Halley's step from the lower one is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Curve = Callable[[float], tuple[float, float, float]]
"""λ → value, first and second derivative of a rising function."""

MAX_UPDATES = 40
_FLAT = 0.3
"""A curve this much flatter at one end than on the whole is bent too much for one polynomial."""
_SLOW_BRACKET, _SLOW_ERROR = 0.5, 0.25
"""What two updates should have left of the bracket or of the error: else the middle is next."""
_BISECTIONS = 44


@dataclass(frozen=True)
class Place:
    """A point of the curve: λ, and there its value, first and second derivative."""

    lam: float
    value: float
    slope: float
    bend: float

    @property
    def halley(self) -> float:
        """Where Halley's step from here leads; infinite where the curve bends away from its root.

        >>> Place(1.0, -1.0, 2.0, 0.0).halley
        1.5
        """
        curvature = 2.0 * self.slope**2 - self.value * self.bend
        if not curvature > 0.0:
            return math.copysign(math.inf, -self.value)
        return self.lam - 2.0 * self.value * self.slope / curvature

    def next_below(self, limit: float) -> float:
        """Where to look next while the root is known to lie above: Halley's step, or the limit.

        On a flat stretch Halley's step is as short as the slope is small, and leads nowhere: where
        neither slope nor bend would carry the curve to its root before the limit, that is next.

        >>> Place(8.0, -0.9, 1e-40, 1e-24).next_below(20.0)
        20.0
        """
        room = limit - self.lam
        carried = self.value + room * (self.slope + 0.5 * room * max(self.bend, 0.0))
        return limit if carried < 0.0 else min(self.halley, limit)


def rising_root(
    curve: Curve, start: float, limit: float, tolerance: float
) -> tuple[float, int, bool]:
    """λ in [0, limit] where |curve| ≤ tolerance, the number of updates, and whether it was reached.

    The curve is below 0 at λ = 0, where it is looked at first: that is no update, since what is
    known there (f's own variance and skewness) is known of every pool.

    >>> lam, updates, reached = rising_root(
    ...     lambda lam: (math.expm1(lam) - 1.0, math.exp(lam), math.exp(lam)), 5.0, 9.0, 1e-6
    ... )
    >>> round(lam, 6), updates <= 4, reached
    (0.693147, True, True)
    """
    low, high = Place(0.0, *curve(0.0)), None
    lam = min(start, limit)
    errors: list[float] = []
    widths: list[float] = []
    for updates in range(MAX_UPDATES):
        here = Place(lam, *curve(lam))
        if abs(here.value) <= tolerance:
            return lam, updates, True
        if here.value < 0.0 and lam >= limit:
            return limit, updates, False
        low, high = (here, high) if here.value < 0.0 else (low, here)
        if high is None:
            lam = here.next_below(limit)
            continue
        errors.append(abs(here.value))
        widths.append(high.lam - low.lam)
        lam = _between(low, high, slow=_is_slow(errors, widths))
    return here.lam, MAX_UPDATES, False


def _is_slow(errors: list[float], widths: list[float]) -> bool:
    """Whether neither the error nor the bracket has shrunk much in the last two updates."""
    if len(errors) < 3:
        return False
    return widths[-1] > _SLOW_BRACKET * widths[-3] and errors[-1] > _SLOW_ERROR * errors[-3]


def _between(low: Place, high: Place, *, slow: bool) -> float:
    """The next place inside a bracket."""
    if slow:
        return 0.5 * (low.lam + high.lam)
    secant = (high.value - low.value) / (high.lam - low.lam)
    if min(low.slope, high.slope) < _FLAT * secant:
        steeper = low if low.slope > high.slope else high
        if low.lam < steeper.halley < high.lam:
            return steeper.halley
    return _polynomial_root(low, high)


def _polynomial_root(low: Place, high: Place) -> float:
    """Root of the quintic through both ends: values and two derivatives (Hermite)."""
    width = high.lam - low.lam
    c1, c2 = low.slope * width, 0.5 * low.bend * width**2
    value = high.value - low.value - c1 - c2
    slope = high.slope * width - c1 - 2.0 * c2
    bend = high.bend * width**2 - 2.0 * c2
    c3 = 10.0 * value - 4.0 * slope + 0.5 * bend
    c4 = -15.0 * value + 7.0 * slope - bend
    c5 = 6.0 * value - 3.0 * slope + 0.5 * bend
    left, right = 0.0, 1.0
    for _ in range(_BISECTIONS):
        t = 0.5 * (left + right)
        below = low.value + t * (c1 + t * (c2 + t * (c3 + t * (c4 + t * c5)))) < 0.0
        left, right = (t, right) if below else (left, t)
    return low.lam + width * 0.5 * (left + right)
