"""The flow as a proposal: draws with exact importance weights λf + log p - log q."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import CHUNK, Potential
from lvm_studio.tuning.pools.counted import mixture_log_ratio
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.weights import Array


class Proposal(Protocol):
    """Draws and densities at any λ: a flow, a mixture, or one defended by the other."""

    @property
    def lam_max(self) -> Tensor:
        """End of the range it is meant for."""
        ...

    def __call__(self, v: Tensor, lam: float | Tensor) -> Tensor:
        """u of base noise v, both [..., n, dim]."""
        ...

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]."""
        ...


@torch.no_grad()
def flow_draws(flow: Proposal, potential: Potential, v: Tensor, lam: float) -> Draws:
    """The flow's draws at λ of base noise v [n, dim]: row i moves smoothly with λ."""
    u = flow(v, lam)
    return Draws(u, _values(potential, u), -flow.log_ratio(u, lam).double().numpy())


@torch.no_grad()
def mixture_draws(
    flow: Proposal,
    potential: Potential,
    base: Draws,
    lams: Sequence[float],
    n: int,
    generator: torch.Generator,
) -> Draws:
    """Base draws and n flow draws at each λ > 0, all counted against their mixture.

    With the base law in the mixture no weight at λ = 0 exceeds one over its share (a defensive
    mixture), and the draws together answer every λ in between.
    """
    grid = torch.tensor(lams, dtype=base.u.dtype)
    v = torch.randn(len(grid), n, potential.dim, generator=generator)
    fresh = flow(v, grid).flatten(0, 1)
    u = torch.cat([base.u, fresh])
    f = np.concatenate([base.f, _values(potential, fresh)])
    log_ratios = torch.stack([torch.zeros(len(u)), *(flow.log_ratio(u, lam) for lam in grid)])
    counts = [len(base.u), *(n for _ in grid)]
    return Draws(u, f, -mixture_log_ratio(log_ratios.double(), counts))


@dataclass(frozen=True, eq=False)
class FlowCheck:
    """How close q_λ is to p̂_λ at a few λ, from each one's own draws.

    Attributes:
        lam: [L]; share: [L] ESS / N of the importance weights; khat: [L] their Pareto k̂.
        gap: [L] KL(q_λ ‖ p̂_λ) = KL(q‖p) - λ E_q f + log Z, nats.
        kl, expectation: [L] KL(p̂_λ ‖ p) in nats and normalised E f, weights applied.
    """

    lam: Array
    share: Array
    khat: Array
    gap: Array
    kl: Array
    expectation: Array


def check_flow(flow: Proposal, potential: Potential, lams: Sequence[float], v: Tensor) -> FlowCheck:
    """Weights of the flow's draws of v [n, dim] at each λ."""
    rows = [_check_at(flow_draws(flow, potential, v, lam), lam) for lam in lams]
    share, khat, gap, kl, expectation = np.array(rows).T
    return FlowCheck(np.array(lams), share, khat, gap, kl, expectation)


def _check_at(draws: Draws, lam: float) -> tuple[float, ...]:
    estimate, _ = draws.estimate(lam)
    gap = estimate.log_z - float((lam * draws.f + draws.log_ratio).mean())
    moments = estimate.moments
    share = estimate.ess / estimate.samples
    return share, estimate.khat, gap, moments.kl, moments.expectation


def _values(potential: Potential, u: Tensor) -> Array:
    values: Array = (
        torch.cat([potential.value(part) for part in torch.split(u, CHUNK)]).double().numpy()
    )
    return values
