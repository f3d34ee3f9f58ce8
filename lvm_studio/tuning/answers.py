"""An answer at any λ: figures and curves of the tuned law, from the pool or from other draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.tuning.composition_parts import whole_coordinates
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.estimates import TunedEstimate, one_in_n
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.weights import Array, systematic_resample

Method = Literal[
    "pool", "kept", "flow", "one by one", "smc", "rejection", "reweighting", "langevin"
]

SHOWN = 256
"""Curves in an answer unless told otherwise."""


@dataclass(frozen=True, eq=False)
class TunedAnswer:
    """The tuned law p̂_λ: natural units, normalised ones beside them, and how right it is.

    Attributes:
        method: 'pool' (base draws reweighted), 'flow' (flow draws, weights applied), 'one by
            one' (the same of a flow for one λ), 'kept' (one of a few proposals each), 'smc'
            (all rungs of SMC), or one of `references.WAYS`.
        lam: λ, per standard deviation of the criterion.
        kl: KL(p̂_λ ‖ p), nats; one_in_n: N of "1 week in N", KL = log N (10.3.2).
        expectation, base_expectation: E f tuned and base, in `unit`; standard_error: of the
            former, from the weights, in `unit`.
        normalised_expectation: E f in standard deviations above the base mean.
        ess, khat, log_z, samples: effective draws behind the figures, Pareto k̂ of their
            weights, log E_p e^{λf}, and how many were drawn.
        valid: ESS ≥ 100 and k̂ < 0.7; doubt: why not, '' where it is.
        criterion, unit: name in CRITERIA, and its unit.
        curves_kw: [n, T] resampled by weight: each row counts the same; u: [n, dim], the latents
            of the whole street that the rows are drawn at, tuned or not.
        curves_ess: effective number of draws that the rows come from.
        mean_kw, p10_kw, p90_kw: [T].
    """

    method: Method
    lam: float
    kl: float
    one_in_n: float
    expectation: float
    base_expectation: float
    standard_error: float
    normalised_expectation: float
    ess: float
    khat: float
    log_z: float
    samples: int
    valid: bool
    doubt: str
    criterion: str
    unit: str
    curves_kw: NDArray[np.float32]
    u: Tensor
    curves_ess: float
    mean_kw: Array
    p10_kw: Array
    p90_kw: Array


@dataclass(frozen=True, eq=False)
class Shown:
    """Curves [n, T] to show, the latents [n, dim] they are drawn at, and what they are worth.

    u: of the whole street, also where only a part of it is tuned.
    """

    curves_kw: NDArray[np.float32]
    u: Tensor
    ess: float


def answer_from_pool(pool: Pool, lam: float, n: int = SHOWN, seed: int = 0) -> TunedAnswer:
    """Figures from stored base draws, reweighted, and n of their curves: nothing is decoded."""
    estimate, share = pool.draws.estimate(lam)
    rows = systematic_resample(share, n, seed)
    u = whole_coordinates(pool.potential.space, pool.draws.u[rows], pool.eps[rows])
    shown = Shown(pool.curves_kw[rows], u, estimate.ess)
    mean = (share.astype(np.float32) @ pool.curves_kw).astype(np.float64)
    return _answer("pool", estimate, pool.potential, shown, mean)


@torch.no_grad()
def answer_from_draws(
    draws: Draws, pool: Pool, lam: float, n: int = SHOWN, seed: int = 0
) -> TunedAnswer:
    """Figures from stored draws of any law, and n of them resampled and decoded.

    n is at most the number of the pool's curves, since each gets the noise of one of them. The
    answer's method reads 'flow'; whoever has other draws replaces it.
    """
    estimate, share = draws.estimate(lam)
    u = draws.u[torch.from_numpy(systematic_resample(share, n, seed))]
    space, eps = pool.potential.space, pool.eps[:n]
    curves = space.decode(u).transport(eps).float().numpy()
    mean = curves.mean(axis=0, dtype=np.float64)
    shown = Shown(curves, whole_coordinates(space, u, eps), estimate.ess)
    return _answer("flow", estimate, pool.potential, shown, mean)


def _answer(
    method: Method,
    estimate: TunedEstimate,
    potential: Potential,
    shown: Shown,
    mean: Array,
) -> TunedAnswer:
    moments = estimate.moments
    low, high = np.quantile(shown.curves_kw, (0.1, 0.9), axis=0)
    return TunedAnswer(
        method=method,
        lam=estimate.lam,
        kl=moments.kl,
        one_in_n=one_in_n(moments.kl),
        expectation=potential.natural(moments.expectation),
        base_expectation=potential.natural(0.0),
        standard_error=abs(potential.scale) * estimate.standard_error,
        normalised_expectation=moments.expectation,
        ess=estimate.ess,
        khat=estimate.khat,
        log_z=estimate.log_z,
        samples=estimate.samples,
        valid=estimate.valid,
        doubt=estimate.doubt,
        criterion=potential.criterion.name,
        unit=potential.criterion.unit,
        curves_kw=shown.curves_kw,
        u=shown.u,
        curves_ess=shown.ess,
        mean_kw=mean,
        p10_kw=low,
        p90_kw=high,
    )
