"""What λ should reach, normalised, mirrored for λ < 0, and solved on draws."""

from __future__ import annotations

import numpy as np

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.estimates import kl_of_one_in
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.solve import (
    LAM_LIMIT,
    Solution,
    solve_expectation,
    solve_kl,
    solve_one_in_n,
    solve_quantile,
)
from lvm_studio.tuning.specs import Aim


def kl_of(aim: Aim) -> float | None:
    """The KL that is aimed at; None where the aim is something else."""
    if aim.kind == "one_in_n":
        return kl_of_one_in(max(aim.value, 1.0))
    return aim.value if aim.kind == "kl" else None


def normalised_aim(aim: Aim, potential: Potential) -> Aim:
    """The aim with a level of f in standard deviations above the base mean."""
    if aim.kind not in ("expectation", "quantile"):
        return aim
    return aim.model_copy(update={"value": potential.normalise(aim.value)})


def side_of(aim: Aim, draws: Draws) -> float:
    """+1 for more of f, -1 for less of it."""
    base = float(np.quantile(draws.f, aim.share)) if aim.kind == "quantile" else 0.0
    return -1.0 if aim.value < base else 1.0


def mirrored_aim(aim: Aim) -> Aim:
    """The same aim for -f."""
    return aim.model_copy(update={"value": -aim.value, "share": 1.0 - aim.share})


def solve_aim(aim: Aim, draws: Draws, limit: float = LAM_LIMIT) -> Solution:
    """The λ in [0, limit] that comes nearest to the aim, as these draws see it."""
    if aim.kind == "kl":
        return solve_kl(draws.moments, aim.value, limit=limit)
    if aim.kind == "one_in_n":
        return solve_one_in_n(draws.moments, aim.value, limit=limit)
    if aim.kind == "expectation":
        return solve_expectation(draws.moments, aim.value, limit=limit)
    if aim.kind == "quantile":
        return solve_quantile(draws.f, draws.log_ratio, aim.value, aim.share, limit=limit)
    return Solution(aim.value, draws.moments(aim.value), 0, True)
