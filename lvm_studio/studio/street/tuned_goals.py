"""Solves for the λ that reaches a goal (KL, "1 in N", E f, a quantile), by weighted draws.

Runs on the compute thread alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.studio.street.answers import LAM_MAX, Goal, StreetRequest

if TYPE_CHECKING:
    from lvm_studio.tuning.criteria.potential import Potential
    from lvm_studio.tuning.pools.pool import Draws, Pool

SMALL_LAM = 0.01
"""A λ that says no more than on which side of 0 one is."""


def facing(request: StreetRequest, pool: Pool, goal: Goal, level: float) -> StreetRequest:
    """Return the request, turned to the side on which E f or the quantile reaches this level."""
    if goal not in ("expectation", "quantile"):
        return request
    base, share = 0.0, request.state.share
    if goal == "quantile":
        below = share if pool.potential.scale > 0.0 else 1.0 - share
        base = float(np.quantile(pool.draws.f, below))
    less = level < pool.potential.natural(base)
    if less is (request.state.lam < 0.0):
        return request
    lam = abs(request.state.lam) or SMALL_LAM
    return replace(request, state=request.state.with_changes(lam=-lam if less else lam))


def solve_on(
    draws: Draws, potential: Potential, goal: Goal, target: float, share: float = 0.5
) -> float | None:
    """Return the λ in [0, LAM_MAX] that comes nearest to the goal, as these draws see it.

    None where none of them lies beyond the level of a quantile.
    """
    from lvm_studio.tuning import solve

    if goal == "kl":
        found = solve.solve_kl(draws.moments, target, limit=LAM_MAX)
    elif goal == "one_in_n":
        found = solve.solve_one_in_n(draws.moments, target, limit=LAM_MAX)
    elif goal == "expectation":
        level = max(0.0, potential.normalise(target))
        found = solve.solve_expectation(draws.moments, level, limit=LAM_MAX)
    else:
        level = potential.normalise(target)
        if not draws.f.min() <= level < draws.f.max():
            return None
        below = share if potential.scale > 0.0 else 1.0 - share
        found = solve.solve_quantile(draws.f, draws.log_ratio, level, below, limit=LAM_MAX)
    return max(0.0, found.lam)
