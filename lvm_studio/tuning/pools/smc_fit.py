"""Gaussians fitted to weighted draws of a tuned law: what the next rung of SMC draws from."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.weights import Array, effective_sample_size, systematic_resample

_RIDGE = 1e-3
"""Added to covariances: directions that few draws span stay open."""
WIDEN = 1.2
"""Proposals wider than their target keep the weights' tails light."""
WIDEN_SETTLED = 1.1
"""Where draws were made for this very λ: in twelve dimensions 1.2 would halve the weights."""
_FELT = 0.2
"""A variance so far from the base law's 1 is one that f acts on; others need no widening."""
_EM_STEPS = 12
_ROWS = 4096
_DRAWS_EACH = 6
"""So many effective draws a dimension of u for every Gaussian that is fitted to them."""
_CLOSER_ROWS = 16_384
_CLOSER_STEPS = 3
_FLOOR = 0.01
"""Added to every component's share, of all draws."""


def fitted_mixture(
    u: Tensor, share: Array, components: int, generator: torch.Generator, widen: float = WIDEN
) -> Mixture:
    """At most `components` Gaussians of draws u [n, dim] with weights share [n], by EM.

    Covariances are drawn towards the base law's I as far as their own error asks: in directions
    that f does not feel p̂_λ is the base law, and in many dimensions what is fitted freely to few
    draws fits these alone.
    """
    ess, dim = effective_sample_size(share), u.shape[1]
    u = u[torch.from_numpy(systematic_resample(share, _ROWS, 0))]
    count = max(1, min(components, int(ess / (_DRAWS_EACH * dim))))
    worth = min(1.0, ess / _ROWS)
    pooled = _shrunk(torch.cov(u.T).reshape(1, dim, dim), torch.tensor([worth * _ROWS]))
    start = torch.randperm(_ROWS, generator=generator)[:count]
    law = Mixture(
        torch.full((count,), -math.log(count)),
        u[start],
        torch.linalg.cholesky(0.5 * pooled).expand(count, dim, dim),
    )
    for _ in range(_EM_STEPS if count > 1 else 1):
        law = _em_step(law, u, worth)
    return _widened(law, widen)


def closer(law: Mixture, u: Tensor, share: Array) -> Mixture:
    """A mixture already near the weighted draws u [n, dim], share [n], moved closer by EM.

    A few steps: what Stein's identities say of each Gaussian's place is kept, and draws that its
    neighbour explains better go over.
    """
    rows = min(_CLOSER_ROWS, len(u))
    worth = min(1.0, effective_sample_size(share) / rows)
    u = u[torch.from_numpy(systematic_resample(share, rows, 0))]
    for _ in range(_CLOSER_STEPS):
        law = _em_step(law, u, worth)
    return law


def _em_step(law: Mixture, u: Tensor, worth: float) -> Mixture:
    """One step of EM on draws u [n, dim], each worth so many independent ones."""
    part = law.belongs(u)
    mass = part.sum(dim=1) + 1e-6
    mean = part @ u / mass[:, None]
    own = torch.stack([_scatter(u - at, each) for at, each in zip(mean, part, strict=True)])
    own /= mass[:, None, None]
    log_share = ((mass + _FLOOR * len(u)) / (mass + _FLOOR * len(u)).sum()).log()
    return Mixture(log_share, mean, torch.linalg.cholesky(_shrunk(own, worth * mass)))


def _scatter(away: Tensor, weight: Tensor) -> Tensor:
    """Sum of weighted outer products [dim, dim] of deviations away [n, dim].

    Never negative, as a mean square less a squared mean can be by rounding, where draws lie far
    out because the law hardly exists.
    """
    return (away * weight[:, None]).T @ away


def _shrunk(own: Tensor, count: Tensor) -> Tensor:
    """Sample covariances own [K, dim, dim] of count [K] draws, shrunk to the least expected error.

    Their own error is that of a Gaussian's sample covariance (Ledoit & Wolf 2004); the ridge
    keeps them positive.
    """
    identity = torch.eye(own.shape[-1], dtype=own.dtype)
    trace = own.diagonal(dim1=-2, dim2=-1).sum(-1)
    noise = (trace**2 + own.square().sum((-2, -1))) / count
    share = (noise / (own - identity).square().sum((-2, -1)).clamp_min(1e-12)).clamp(max=1.0)
    return own + share[:, None, None] * (identity - own) + _RIDGE * identity


def _widened(law: Mixture, widen: float) -> Mixture:
    """The same, wider in the directions that f acts on.

    Widening all directions alike would cost most of the weights in sixty of them.
    """
    values, vectors = torch.linalg.eigh(law.cholesky @ law.cholesky.mT)
    felt = ((values - 1.0).abs() / _FELT).clamp(max=1.0)
    values = values * (1.0 + (widen**2 - 1.0) * felt)
    covariance = (vectors * values[..., None, :]) @ vectors.mT
    return Mixture(law.log_share, law.mean, torch.linalg.cholesky(covariance))
