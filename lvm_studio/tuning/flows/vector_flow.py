"""One flow for the whole pad of λ: exactly the identity at λ = 0, limited by KL and not by λ."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.models.seeded import seeded
from lvm_studio.tuning.certificate import Certificate, certify
from lvm_studio.tuning.flows.fit import FlowStep
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.flow_conditional import ConditionalFit, Difficulty, Given, TargetBatch
from lvm_studio.tuning.flows.kept import keep_one, kept_gap, proposals_within
from lvm_studio.tuning.pools.weights import Array, normalised
from lvm_studio.tuning.specs import FlowSpec
from lvm_studio.tuning.vector import VectorDraws, VectorPool, VectorPotential

RAYS = 144
"""Directions at which it is known how far λ may go."""
PAD_FLOW = FlowSpec(hidden=96, groups=32, batch=512, lr=3e-3, seconds=300.0)
"""Sizes that serve a pad of two criteria."""
_HARMONICS = 3
_TARGETS = 2400
_STORED = 64
_TOWARDS_THE_END = 0.7
_NOISE_PAIRS = 4


@dataclass(frozen=True, eq=False)
class Range:
    """How far λ may go: reach [D] along directions [D, m], of which each d · f has variance one.

    root [m, m]: of the covariance of f under the base law. Directions are told apart by the tilts
    they make: of criteria that are alike a few degrees of λ lead from one extreme to the other.
    """

    direction: Array
    reach: Array
    root: Array

    @classmethod
    def of(cls, pool: VectorPool) -> Range:
        """Where the pool's KL is its kl_max, or where its draws cease to be valid."""
        rays = pool.draws.even_directions(RAYS)
        reach = np.array([pool.draws.reach(ray, pool.kl_max) for ray in rays])
        return cls(rays, np.maximum(reach, 1e-3), pool.draws.root)

    def turned(self, direction: Array) -> tuple[Array, float]:
        """The unit vector [m] of a direction's tilt among uncorrelated ones, and its deviation."""
        tilt = self.root @ direction
        deviation = float(np.linalg.norm(tilt))
        return tilt / deviation, deviation

    def at(self, direction: Array) -> float:
        """The reach along any direction [m]: that of the rays around it."""
        tilt, deviation = self.turned(direction)
        closeness = np.exp(_SHARPNESS * (self.direction @ self.root @ tilt - 1.0))
        return float(np.exp(closeness @ np.log(self.reach) / closeness.sum())) / deviation


_SHARPNESS = 800.0


def direction_features(direction: Tensor) -> Tensor:
    """What a flow is told of unit tilts [..., m]: three harmonics of the angle for two criteria.

    >>> direction_features(torch.tensor([0.0, 1.0])).shape
    torch.Size([6])
    """
    if direction.shape[-1] != 2:
        return direction
    angle = torch.atan2(direction[..., 1], direction[..., 0])
    turns = [harmonic * angle for harmonic in range(1, _HARMONICS + 1)]
    return torch.stack([part for turn in turns for part in (turn.cos(), turn.sin())], dim=-1)


class VectorTargets:
    """p̂_λ for λ anywhere within the range, with stored draws of each; picked once, drawn often."""

    def __init__(self, pool: VectorPool, limits: Range, generator: torch.Generator) -> None:
        self.pool = pool
        self._generator = generator
        m = len(pool.potential.potentials)
        tilt = torch.nn.functional.normalize(torch.randn(_TARGETS, m, generator=generator), dim=-1)
        direction: Tensor = torch.linalg.solve(torch.from_numpy(limits.root), tilt.double().T).T
        far = torch.tensor([limits.at(ray) for ray in direction.numpy()])
        self._s = torch.rand(_TARGETS, generator=generator) ** _TOWARDS_THE_END
        self._lam = (far[:, None] * direction).to(tilt.dtype) * self._s[:, None]
        self._e = direction_features(tilt)
        self._rows = torch.stack([self._stored(lam) for lam in self._lam.double().numpy()])
        rays = torch.from_numpy(limits.direction @ limits.root).to(tilt.dtype)
        self._sector = (tilt @ rays.T).argmax(dim=-1)
        self._difficulty = Difficulty(len(rays))

    def _stored(self, lam: Array) -> Tensor:
        """Indices of draws of p̂_λ in the pool."""
        known = self.pool.draws
        share = torch.from_numpy(normalised(known.f @ lam + known.log_ratio))
        return torch.multinomial(share, _STORED, replacement=True, generator=self._generator)

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Hard directions oftener, and λ near its reach."""
        weight = self._difficulty.weight(self._sector)
        index = torch.multinomial(weight, groups, replacement=True, generator=generator)
        column = torch.randint(_STORED, (groups, rows), generator=generator)
        u = self.pool.draws.u[self._rows[index].gather(1, column)]
        lam = self._lam[index].norm(dim=-1)
        return TargetBatch(lam, self._s[index], self._e[index], u, index)

    def tilt(self, batch: TargetBatch, u: Tensor) -> Tensor:
        """λ · f of u [groups, n, dim], over a few of the noises: its mean is λ · f."""
        potential = self.pool.potential.thinned(_NOISE_PAIRS, self._generator)
        f = potential.value(u.flatten(0, 1)).view(*u.shape[:-1], -1)
        return (f * self._lam[batch.index][:, None, :]).sum(-1)

    def learn(self, batch: TargetBatch, spread: Tensor) -> None:
        """Directions whose weights spread most are drawn oftener."""
        self._difficulty.learn(self._sector[batch.index], spread)


@dataclass(frozen=True, eq=False)
class VectorFlow:
    """The fitted flow with the range it holds for."""

    flow: LambdaFlow
    limits: Range

    def along(self, direction: Array) -> Given:
        """The flow of direction [m] · f: λ slides from 0 to its reach."""
        tilt = torch.from_numpy(self.limits.turned(direction)[0]).to(self.flow.basis.dtype)
        return Given(self.flow, direction_features(tilt), torch.tensor(self.limits.at(direction)))

    @torch.no_grad()
    def draws(self, potential: VectorPotential, lam: Array, v: Tensor) -> VectorDraws:
        """Draws at lam [m] of base noise v [n, dim], with what their weights need."""
        size = float(np.linalg.norm(lam))
        given = self.along(lam / size if size > 0.0 else np.eye(len(lam))[0])
        u = given(v, size)
        ratio = -given.log_ratio(u, size).double().numpy()
        return VectorDraws(u, potential.values(u), ratio)

    def proposals(
        self, potential: VectorPotential, lam: Array, v: Tensor, gap: float = 0.1
    ) -> tuple[int, float]:
        """Of how many proposals at lam [m] one must be kept to be within gap nats, and its gap.

        Args:
            v: [n, dim] base noise to judge it on. Most directions of two criteria need one, those
            between two extremes two to eight.
        """
        draws = self.draws(potential, lam, v)
        return proposals_within(draws.f @ lam + draws.log_ratio, gap)

    @torch.no_grad()
    def kept(
        self, potential: VectorPotential, lam: Array, v: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, float]:
        """One u of every row's proposals, [n, dim], and how far their law is from p̂_λ in nats.

        Args:
            v: [n, proposals, dim] base noise; two proposals bring a gap of 0.2 below 0.1.
        """
        draws = self.draws(potential, lam, v.flatten(0, 1))
        log_weights = draws.f @ lam + draws.log_ratio
        rows = torch.from_numpy(log_weights).view(v.shape[:2])
        index = keep_one(rows, generator)[:, None, None].expand(-1, 1, v.shape[-1])
        u = draws.u.view(v.shape).gather(1, index).squeeze(1)
        return u, kept_gap(log_weights, v.shape[1])


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
    targets = VectorTargets(pool, limits, generator)
    features = direction_features(torch.zeros(len(pool.potential.potentials))).shape[-1]
    with seeded(seed):
        flow = LambdaFlow(
            _basis(pool),
            1.0,
            spec.branches,
            spec.couplings,
            spec.hidden,
            spec.splines,
            features=features,
        )
    fit = ConditionalFit(spec, targets, flow, generator)
    yield from fit.run()
    return VectorFlow(flow.eval(), limits)


def _basis(pool: VectorPool) -> Tensor:
    """Orthogonal, first the axes along which the criteria vary most over the pool's draws."""
    slope = pool.gradient.flatten(0, 1)
    vectors: Tensor = torch.linalg.eigh(slope.T @ slope).eigenvectors
    return vectors.flip(1).contiguous()
