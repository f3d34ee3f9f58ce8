"""An answer at any λ: figures and curves of the tuned law, from the pool or from the flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.tuning.composition_parts import whole_coordinates
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot
from lvm_studio.tuning.flows.proposals import Proposal, mixture_draws
from lvm_studio.tuning.pools.estimates import TunedEstimate, one_in_n
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.weights import (
    Array,
    effective_sample_size,
    normalised,
    systematic_resample,
)

Method = Literal["pool", "flow", "smc", "rejection", "reweighting", "langevin"]

SHOWN = 256
"""Curves in an answer unless told otherwise."""
MIXTURE_SHARES = (0.25, 0.5, 0.75, 1.0)
"""λ / λ_max of the flow draws that stand behind the figures."""
_SAME_SCALE = 1e-2
_POOR_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class TunedAnswer:
    """The tuned law p̂_λ: natural units, normalised ones beside them, and how right it is.

    Attributes:
        method: 'pool' (base draws reweighted), 'flow' (flow draws, weights applied), 'smc'
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
class Front:
    """The Pareto front of (E f, KL), one point a λ (Fig. 10.3); all arrays [L].

    lam: per standard deviation; expectation: in the criterion's unit; kl: nats; valid: whether
    the point can be trusted.
    """

    lam: Array
    expectation: Array
    kl: Array
    valid: NDArray[np.bool_]


def front(draws: Draws, potential: Potential, lams: Sequence[float]) -> Front:
    """The front as these draws see it: draw it only where it is valid."""
    estimates = [draws.estimate(lam)[0] for lam in lams]
    return Front(
        lam=np.array(lams, dtype=np.float64),
        expectation=np.array([potential.natural(e.moments.expectation) for e in estimates]),
        kl=np.array([e.moments.kl for e in estimates]),
        valid=np.array([e.valid for e in estimates]),
    )


@dataclass(frozen=True, eq=False)
class Shown:
    """Curves [n, T] to show, the latents [n, dim] they are drawn at, and what they are worth.

    u: of the whole street, also where only a part of it is tuned.
    """

    curves_kw: NDArray[np.float32]
    u: Tensor
    ess: float


@dataclass(frozen=True, eq=False)
class PoolSource:
    """Answers by reweighting stored base curves; nothing is decoded."""

    pool: Pool
    method: Method = "pool"

    @property
    def draws(self) -> Draws:
        return self.pool.draws

    def answer(self, lam: float, n: int = SHOWN, seed: int = 0) -> TunedAnswer:
        """The tuned law at λ, with n curves resampled from the pool."""
        estimate, share = self.pool.draws.estimate(lam)
        potential = self.pool.potential
        rows = systematic_resample(share, n, seed)
        u = whole_coordinates(potential.space, self.pool.draws.u[rows], self.pool.eps[rows])
        shown = Shown(self.pool.curves_kw[rows], u, estimate.ess)
        mean = (share.astype(np.float32) @ self.pool.curves_kw).astype(np.float64)
        return _answer(self.method, estimate, potential, shown, mean)


@torch.no_grad()
def answer_from_draws(
    draws: Draws, pool: Pool, lam: float, n: int = SHOWN, seed: int = 0
) -> TunedAnswer:
    """Figures from stored draws of a flow, and n of them resampled and decoded."""
    estimate, share = draws.estimate(lam)
    u = draws.u[torch.from_numpy(systematic_resample(share, n, seed))]
    space, eps = pool.potential.space, pool.eps[:n]
    curves = space.decode(u).transport(eps).float().numpy()
    mean = curves.mean(axis=0, dtype=np.float64)
    shown = Shown(curves, whole_coordinates(space, u, eps), estimate.ess)
    return _answer("flow", estimate, pool.potential, shown, mean)


@dataclass(frozen=True, eq=False)
class FlowSource:
    """Answers by the flow: figures from stored draws at several λ, curves drawn afresh at λ.

    The curves come from the pool's own base noise: row i moves smoothly with λ, and at λ = 0 it
    is row i of the pool. They are resampled by their importance weights; where these are worth
    less than a quarter of the rows, the curves come from the stored draws instead.

    Attributes:
        draws: base and flow draws counted against their mixture (`mixture_draws`).
    """

    flow: Proposal
    pool: Pool
    draws: Draws
    method: Method = "flow"

    @classmethod
    def from_snapshot(
        cls, snapshot: FlowSnapshot, pool: Pool, n: int = 256, seed: int = 0
    ) -> FlowSource:
        """Take over a flow fitted elsewhere on the same space; decodes 4 n draws.

        Raises:
            TuningError: the flow was fitted to another composition or criterion.
        """
        potential = pool.potential
        moved = abs(snapshot.shift - potential.shift) + abs(snapshot.scale - potential.scale)
        if moved > _SAME_SCALE * abs(potential.scale):
            raise TuningError(
                "This flow was fitted to another composition or criterion; fit a new one."
            )
        return cls.of(snapshot.proposal(), pool, n, seed)

    @classmethod
    def of(cls, flow: Proposal, pool: Pool, n: int = 256, seed: int = 0) -> FlowSource:
        """A source with n flow draws at each of four λ behind its figures."""
        lams = [share * float(flow.lam_max) for share in MIXTURE_SHARES]
        generator = torch.Generator().manual_seed(seed)
        draws = mixture_draws(flow, pool.potential, pool.draws, lams, n, generator)
        return cls(flow, pool, draws)

    @cached_property
    def lam_max(self) -> float:
        """End of the range that the flow was fitted on."""
        return float(self.flow.lam_max)

    def answer(self, lam: float, n: int = SHOWN, seed: int = 0) -> TunedAnswer:
        """The tuned law at λ ≥ 0, with n curves (at most the pool's number); decodes n draws."""
        u, curves, share = self._curves(lam, n)
        ess = effective_sample_size(share)
        if ess < _POOR_SHARE * n:
            return answer_from_draws(self.draws, self.pool, lam, n, seed)
        estimate, _ = self.draws.estimate(lam)
        rows = systematic_resample(share, n, seed)
        mean = share @ curves.astype(np.float64)
        eps = self.pool.eps[rows]
        whole = whole_coordinates(self.pool.potential.space, u[rows], eps)
        shown = Shown(curves[rows], whole, ess)
        return _answer(self.method, estimate, self.pool.potential, shown, mean)

    @torch.no_grad()
    def _curves(self, lam: float, n: int) -> tuple[Tensor, NDArray[np.float32], Array]:
        """Draws of the flow at λ, one curve each, and their normalised weights."""
        potential, v = self.pool.potential, self.pool.draws.u[:n]
        u = self.flow(v, lam)
        decoded = potential.space.decode(u)
        f = potential.value_of(decoded).double().numpy()
        log_ratio = -self.flow.log_ratio(u, lam).double().numpy()
        curves = decoded.transport(self.pool.eps[:n]).float().numpy()
        return u, curves, normalised(lam * f + log_ratio)


def answer(
    lam: float, pool: PoolSource, flow: FlowSource | None, n: int = SHOWN, seed: int = 0
) -> TunedAnswer:
    """The answer to show at λ: the pool's at once, the flow's from when it is ready and valid.

    Where neither is valid the one worth more draws answers, marked as not valid.
    """
    chosen = choose(lam, pool, flow)
    return chosen.answer(lam, n, seed)


def choose(lam: float, pool: PoolSource, flow: FlowSource | None) -> PoolSource | FlowSource:
    """Who answers at λ: the flow wherever it is valid, then the pool."""
    if flow is None or lam < 0.0:
        return pool
    by_flow, by_pool = flow.draws.estimate(lam)[0], pool.draws.estimate(lam)[0]
    better = by_flow.valid or (not by_pool.valid and by_flow.ess > by_pool.ess)
    return flow if better else pool


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
