"""Which λ reaches a target: bracketed second-order updates (Algorithms 10.1 and 10.2).

The moments come from stored draws or a flow, so that an update costs one pass of sums. Plain
second-order updates oscillate for ever from a bad start; here each one shrinks a bracket, and an
update that would leave it, or follows one that gained little, is replaced by a safe one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.estimates import Moments, kl_of_one_in, moments_at
from lvm_studio.tuning.weights import Array, log_mean_exp, normalised

MomentsAt = Callable[[float], Moments]
Curve = Callable[[float], tuple[float, float, float]]
"""λ → value, first and second derivative of a rising function."""

LAM_LIMIT = 20.0
MAX_UPDATES = 40
_GAIN = 0.7
"""An update that leaves more of the error than this is followed by a safe one."""
KL_TOLERANCE = 2e-3
EXPECTATION_TOLERANCE = 1e-3


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
    """λ in [0, limit] with KL(p̂_λ ‖ p) = kl nats (Algorithm 10.1), to 0.001 nats.

    The updates run on √(2 KL), which is λ itself where f is Gaussian, and start from √(2 kl)
    unless told otherwise: at λ = 0 the KL has no slope.

    >>> gaussian = lambda lam: Moments(lam, lam**2 / 2, 1.0, 0.0)
    >>> round(solve_kl(gaussian, 4.5, start=0.1).lam, 6)
    3.0
    """
    if not kl >= 0.0:
        raise TuningError(f"A KL divergence is at least 0 nats; {kl:g} cannot be reached.")
    goal = math.sqrt(2.0 * kl)

    def curve(lam: float) -> tuple[float, float, float]:
        at = moments(lam)
        root = math.sqrt(2.0 * max(at.kl, 1e-12))
        slope = lam * at.variance / root
        bend = (at.variance + lam * at.third - slope**2) / root
        return root - goal, slope, bend

    tolerance = KL_TOLERANCE / max(goal, 0.1)
    return _solve(moments, curve, goal, start or goal, limit, tolerance)


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

    def curve(lam: float) -> tuple[float, float, float]:
        at = moments(sign * lam)
        return sign * at.expectation - goal, at.variance, sign * at.third

    first = abs(start) if start else goal
    return _solve(moments, curve, goal, first, limit, EXPECTATION_TOLERANCE, sign)


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
    goal = math.log((1.0 - share) / share)

    def odds(lam: float) -> tuple[float, float, float]:
        log_weights = lam * f + log_ratio
        high, low = log_weights[above], log_weights[~above]
        of_high, of_low = _mean_and_variance(high, f[above]), _mean_and_variance(low, f[~above])
        value = _log_sum(high) - _log_sum(low) - goal
        return value, of_high[0] - of_low[0], of_high[1] - of_low[1]

    sign = 1.0 if odds(0.0)[0] <= 0.0 else -1.0

    def curve(lam: float) -> tuple[float, float, float]:
        value, slope, bend = odds(sign * lam)
        return sign * value, slope, sign * bend

    def moments(lam: float) -> Moments:
        return moments_at(lam, f, log_ratio)

    value, slope, _ = curve(0.0)
    guess = abs(value) / slope
    return _solve(moments, curve, guess, abs(start) if start else guess, limit, 1e-3, sign)


def _mean_and_variance(log_weights: Array, f: Array) -> tuple[float, float]:
    share = normalised(log_weights)
    mean = float(share @ f)
    return mean, float(share @ (f - mean) ** 2)


def _log_sum(log_weights: Array) -> float:
    return log_mean_exp(log_weights) + math.log(len(log_weights))


def _solve(
    moments: MomentsAt,
    curve: Curve,
    goal: float,
    start: float,
    limit: float,
    tolerance: float,
    sign: float = 1.0,
) -> Solution:
    if goal <= tolerance:
        at = moments(0.0)
        return Solution(0.0, at, 0, True, (Update(0.0, at),))
    visited: list[float] = []

    def seen(lam: float) -> tuple[float, float, float]:
        visited.append(sign * lam)
        return curve(lam)

    lam, updates, reached = _root(seen, goal, min(start, limit), limit, tolerance)
    trace = tuple(Update(each, moments(each)) for each in visited)
    return Solution(sign * lam, moments(sign * lam), updates, reached, trace)


def _root(
    curve: Curve, guess: float, lam: float, limit: float, tolerance: float
) -> tuple[float, int, bool]:
    """Root of a curve that rises from below 0 at λ = 0: λ, number of updates, whether reached."""
    low, high, before = 0.0, math.inf, math.inf
    for updates in range(MAX_UPDATES):
        value, slope, bend = curve(lam)
        if abs(value) <= tolerance:
            return lam, updates, True
        if value < 0.0 and lam >= limit:
            return limit, updates, False
        low, high = (lam, high) if value < 0.0 else (low, lam)
        step = _halley(value, slope, bend)
        gaining = abs(value) <= _GAIN * before
        if gaining and low < lam + step < min(high, limit):
            lam += step
        else:
            lam = _safe_step(low, high, guess, limit)
        before = abs(value)
    return lam, MAX_UPDATES, False


def _halley(value: float, slope: float, bend: float) -> float:
    """Halley's step from the value and its first two derivatives; infinite where it has none."""
    curvature = 2.0 * slope**2 - value * bend
    return -2.0 * value * slope / curvature if curvature > 0.0 else math.inf


def _safe_step(low: float, high: float, guess: float, limit: float) -> float:
    """The Gaussian guess where the bracket still holds it, then doubling, then the middle."""
    if low < guess < min(high, limit):
        return guess
    if math.isinf(high):
        return min(2.0 * low, limit)
    return 0.5 * (low + high)
