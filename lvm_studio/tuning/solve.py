"""Which λ reaches a target: bracketed second-order updates (Algorithms 10.1 and 10.2).

The moments come from stored draws or a flow. Plain second-order updates oscillate for ever from a
bad start; here each one is kept inside a bracket (`root`), and what is known at λ = 0 is its first
end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.estimates import Moments, kl_of_one_in
from lvm_studio.tuning.pools.sums import CriterionSums
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.root import rising_root

MomentsAt = Callable[[float], Moments]
Curve = Callable[[float, Moments], tuple[float, float, float]]
"""λ and the moments there → value, first and second derivative of a rising function."""

LAM_LIMIT = 20.0
"""No λ is looked for beyond: it is per standard deviation of f."""
_NEXT_TO_ZERO = 1e-9
"""At λ = 0 itself the KL is told as zero, whatever the draws say."""
KL_TOLERANCE = 2e-3
"""Nats."""
EXPECTATION_TOLERANCE = 1e-3
"""Standard deviations of f."""
QUANTILE_TOLERANCE = 1e-3
"""Of the log-odds of lying above the level."""


@dataclass(frozen=True)
class Update:
    """One λ that was looked at: the moments there and, where they are known, their errors."""

    lam: float
    moments: Moments
    errors: Moments | None = None


@dataclass(frozen=True)
class Solution:
    """The λ found.

    Attributes:
        lam: per standard deviation of f.
        moments: there.
        updates: how many times λ was changed from the start.
        reached: False when the target lies beyond the limit; lam is then the limit.
        trace: every λ that was looked at, from the start to the answer.
    """

    lam: float
    moments: Moments
    updates: int
    reached: bool
    trace: tuple[Update, ...] = ()

    def with_errors(self, errors: MomentsAt) -> Solution:
        """The same with the standard errors of the moments at every update."""
        told = tuple(replace(each, errors=errors(each.lam)) for each in self.trace)
        return replace(self, trace=told)


def solve_kl(
    moments: MomentsAt, kl: float, *, start: float | None = None, limit: float = LAM_LIMIT
) -> Solution:
    """λ in [0, limit] with KL(p̂_λ ‖ p) = kl nats (Algorithm 10.1), to 0.002 nats.

    The updates run on √(2 KL), which is λ itself where f is Gaussian, and start from √(2 kl)
    unless told otherwise. At λ = 0, where the KL has no slope, its root has: f's spread.

    >>> gaussian = lambda lam: Moments(lam, lam**2 / 2, 1.0, 0.0)
    >>> round(solve_kl(gaussian, 4.5, start=0.1).lam, 6)
    3.0
    """
    if not kl >= 0.0:
        raise TuningError(f"A KL divergence is at least 0 nats; {kl:g} cannot be reached.")
    # Weights need not sum to one next to λ = 0: what is read as KL there stands under the rest.
    base = moments(_NEXT_TO_ZERO).kl
    goal = math.sqrt(2.0 * max(kl - base, 0.0))

    def curve(lam: float, at: Moments) -> tuple[float, float, float]:
        if lam == 0.0:
            spread = math.sqrt(at.variance)
            return -goal, spread, 2.0 / 3.0 * at.third / spread
        root = math.sqrt(2.0 * max(at.kl - base, 1e-12))
        slope = lam * at.variance / root
        bend = (at.variance + lam * at.third - slope**2) / root
        return root - goal, slope, bend

    return _solve(moments, curve, start or goal, limit, KL_TOLERANCE / max(goal, 0.1))


def solve_one_in_n(
    moments: MomentsAt, n: float, *, start: float | None = None, limit: float = LAM_LIMIT
) -> Solution:
    """λ of "1 week in n": the one with KL(p̂_λ ‖ p) = log n (10.3.2)."""
    if not n >= 1.0:
        raise TuningError(f"'1 week in {n:g}' needs a number of weeks of at least 1.")
    return solve_kl(moments, kl_of_one_in(n), start=start, limit=limit)


def solve_expectation(
    moments: MomentsAt, expectation: float, *, start: float | None = None, limit: float = LAM_LIMIT
) -> Solution:
    """λ in [-limit, limit] with E f = expectation, both normalised (Algorithm 10.2).

    To 0.001 standard deviations of f. Targets below the base mean 0 have λ < 0.
    """
    sign = math.copysign(1.0, expectation)
    goal = abs(expectation)

    def curve(_: float, at: Moments) -> tuple[float, float, float]:
        return sign * at.expectation - goal, at.variance, sign * at.third

    first = abs(start) if start else goal
    return _solve(moments, curve, first, limit, EXPECTATION_TOLERANCE, sign)


def solve_quantile(
    f: Array,
    log_ratio: Array,
    level: float,
    share: float,
    *,
    start: float | None = None,
    limit: float = LAM_LIMIT,
) -> Solution:
    """λ in [-limit, limit] at which a share of p̂_λ lies below a level of f.

    The updates run on the log-odds of lying above, whose slope in λ is the distance between the
    means of f above and below, and whose bend is the difference of the variances there.

    Args:
        f, log_ratio: [n] of stored draws.
        level: of f, in standard deviations above the base mean; share: in (0, 1).

    >>> import numpy as np
    >>> z = np.random.default_rng(0).standard_normal(100_000)
    >>> round(solve_quantile(z, np.zeros(100_000), 1.0, 0.5).lam, 1)
    1.0
    """
    if not 0.0 < share < 1.0:
        raise TuningError(f"A quantile's share lies between 0 and 1; {share:g} does not.")
    above = f > level
    if not 0 < int(above.sum()) < len(f):
        raise TuningError("No draw lies beyond this level of f; choose one that occurs.")
    goal = math.log((1.0 - share) / share) - math.log(above.sum() / (~above).sum())
    high = CriterionSums.of(f[above], log_ratio[above])
    low = CriterionSums.of(f[~above], log_ratio[~above])
    sign = 1.0 if high.log_z(0.0) - low.log_z(0.0) <= goal else -1.0

    def curve(lam: float, _: Moments) -> tuple[float, float, float]:
        over, under = high.at(sign * lam), low.at(sign * lam)
        odds = high.log_z(sign * lam) - low.log_z(sign * lam) - goal
        slope = over.expectation - under.expectation
        return sign * odds, slope, sign * (over.variance - under.variance)

    moments = CriterionSums.of(f, log_ratio).at
    value, slope, _ = curve(0.0, moments(0.0))
    first = abs(start) if start else abs(value) / slope
    return _solve(moments, curve, first, limit, QUANTILE_TOLERANCE, sign)


def _solve(
    moments: MomentsAt,
    curve: Curve,
    start: float,
    limit: float,
    tolerance: float,
    sign: float = 1.0,
) -> Solution:
    visited: list[Update] = []

    def seen(lam: float) -> tuple[float, float, float]:
        visited.append(Update(sign * lam, moments(sign * lam)))
        return curve(lam, visited[-1].moments)

    lam, updates, reached = 0.0, 0, True
    if seen(0.0)[0] < -tolerance:
        visited.clear()
        lam, updates, reached = rising_root(seen, start, limit, tolerance)
        del visited[0]  # λ = 0 is where everything starts
    return Solution(sign * lam, visited[-1].moments, updates, reached, tuple(visited))
