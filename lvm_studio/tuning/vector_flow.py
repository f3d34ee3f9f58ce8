"""One flow for the whole pad of λ: exactly the identity at λ = 0, limited by KL and not by λ."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.certificate import Certificate, certify
from lvm_studio.tuning.fit import FlowStep
from lvm_studio.tuning.flow import LambdaFlow
from lvm_studio.tuning.flow_conditional import ConditionalFit, Given, TargetBatch
from lvm_studio.tuning.specs import FlowSpec
from lvm_studio.tuning.vector import VectorDraws, VectorPool, VectorPotential, directions
from lvm_studio.tuning.weights import Array, normalised

RAYS = 72
"""Directions at which it is known how far λ may go."""


@dataclass(frozen=True, eq=False)
class Range:
    """How far λ may go: reach [D] along each unit vector of direction [D, m]."""

    direction: Array
    reach: Array

    @classmethod
    def of(cls, pool: VectorPool) -> Range:
        """Where the pool's KL is its kl_max, or where its draws cease to be valid."""
        rays = directions(len(pool.potential.potentials), RAYS)
        reach = np.array([pool.draws.reach(ray, pool.kl_max) for ray in rays])
        return cls(rays, np.maximum(reach, 1e-3))

    def at(self, direction: Array) -> float:
        """The reach along any unit vector [m]: that of the rays around it."""
        closeness = np.exp(_SHARPNESS * (self.direction @ direction - 1.0))
        return float(closeness @ self.reach / closeness.sum())


_SHARPNESS = 200.0


class VectorTargets:
    """p̂_λ for λ anywhere within the range, with stored draws of each."""

    def __init__(self, pool: VectorPool, limits: Range) -> None:
        self.pool = pool
        self.limits = limits

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Directions at random; λ even along each."""
        m = len(self.pool.potential.potentials)
        e = torch.nn.functional.normalize(torch.randn(groups, m, generator=generator), dim=-1)
        far = torch.tensor([self.limits.at(ray) for ray in e.double().numpy()])
        lam = far.to(e.dtype) * torch.rand(groups, generator=generator)
        known = self.pool.draws
        picked = []
        for t, ray in zip(lam.tolist(), e.double().numpy(), strict=True):
            share = torch.from_numpy(normalised(t * (known.f @ ray) + known.log_ratio))
            picked.append(torch.multinomial(share, rows, replacement=True, generator=generator))
        return TargetBatch(lam, e, known.u[torch.stack(picked)], torch.arange(groups))

    def tilt(self, batch: TargetBatch, u: Tensor) -> Tensor:
        """λ · f of u [groups, n, dim]."""
        f = self.pool.potential.value(u.flatten(0, 1)).view(*u.shape[:-1], -1)
        return batch.lam[:, None] * (f * batch.e[:, None, :]).sum(-1)


@dataclass(frozen=True, eq=False)
class VectorFlow:
    """The fitted flow with the range it holds for."""

    flow: LambdaFlow
    limits: Range

    def along(self, direction: Array) -> Given:
        """The flow of direction [m] · f, a unit vector: λ slides from 0 to its reach."""
        e = torch.from_numpy(np.asarray(direction)).to(self.flow.basis.dtype)
        return Given(self.flow, e, torch.tensor(self.limits.at(np.asarray(direction))))

    @torch.no_grad()
    def draws(self, potential: VectorPotential, lam: Array, v: Tensor) -> VectorDraws:
        """Draws at lam [m] of base noise v [n, dim], with what their weights need."""
        size = float(np.linalg.norm(lam))
        given = self.along(lam / size if size > 0.0 else np.eye(len(lam))[0])
        u = given(v, size)
        ratio = -given.log_ratio(u, size).double().numpy()
        return VectorDraws(u, potential.values(u), ratio)


def vector_certificate(
    draws: VectorDraws, lam: Array, reference: tuple[float, float] | None = None
) -> Certificate:
    """The certificate of draws as they stand for p̂_λ, lam [m]: that of the tilt along lam."""
    size = max(float(np.linalg.norm(lam)), 1e-12)
    return certify(size, draws.f @ (lam / size), draws.log_ratio, reference=reference)


def fit_vector_flow(
    spec: FlowSpec, pool: VectorPool, *, seed: int
) -> Generator[FlowStep, None, VectorFlow]:
    """Fit one flow to p̂_λ for every λ with KL(p̂_λ ‖ p) ≤ pool.kl_max; returns it."""
    limits = Range.of(pool)
    generator = torch.Generator().manual_seed(seed)
    m = len(pool.potential.potentials)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = LambdaFlow(
            _basis(pool),
            float(limits.reach.max()),
            spec.branches,
            spec.couplings,
            spec.hidden,
            spec.splines,
            features=m,
        )
    fit = ConditionalFit(spec, VectorTargets(pool, limits), flow, generator)
    yield from fit.run()
    return VectorFlow(flow.eval(), limits)


def _basis(pool: VectorPool) -> Tensor:
    """Orthogonal, first the axes along which the criteria vary most over the pool's draws."""
    slope = pool.gradient.flatten(0, 1)
    vectors: Tensor = torch.linalg.eigh(slope.T @ slope).eigenvectors
    return vectors.flip(1).contiguous()
