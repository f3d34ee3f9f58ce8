"""Several criteria at once: a vector λ with one number for each f (footnote 2 of 10.1).

Along a direction d, λ = t d is the tilt of one criterion, `d · f`; what is known of the single λ
holds along it. Shapes: f [n, m], lam [m].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.criteria.potential import CHUNK, Potential
from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.pools.estimates import TunedEstimate
from lvm_studio.tuning.pools.mixtures import (
    Mixture,
    gradient_centres,
    nearest,
    stein_mixture,
)
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import Climb
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.solve import solve_kl

DIRECTIONS = 20
"""Of the climbs behind a pool for two criteria, all around."""
SURFACE_RAYS = 36
_LEAST_VARIANCE = 1e-6
"""Criteria more alike than this are one."""
_FAR = 40.0
"""λ of a quiet direction goes far: f has an end there that it is pressed against."""


@dataclass(frozen=True)
class VectorMoments:
    """Of the normalised f under p̂_λ: E f [m], Cov f [m, m], KL(p̂_λ ‖ p) nats (Eq. 10.6-10.7)."""

    expectation: Array
    covariance: Array
    kl: float


@dataclass(frozen=True, eq=False)
class VectorDraws:
    """Draws of a known law with all their criteria: enough to answer any vector λ.

    Attributes:
        u: [n, dim]; f: [n, m] normalised criteria; log_ratio: [n] log p - log q.
    """

    u: Tensor
    f: Array
    log_ratio: Array

    def along(self, direction: Array) -> Draws:
        """The same draws as those of the one criterion direction [m] · f."""
        return Draws(self.u, self.f @ direction, self.log_ratio)

    def estimate(self, lam: Array) -> tuple[TunedEstimate, Array]:
        """The tuned law at λ = lam [m], seen along lam, and the draws' normalised weights.

        `estimate.lam` is |lam| and `estimate.moments` are those of lam · f / |lam|.
        """
        size = float(np.linalg.norm(lam))
        direction = lam / size if size > 0.0 else np.eye(len(lam))[0]
        return self.along(direction).estimate(size)

    def moments(self, lam: Array) -> VectorMoments:
        """E f, Cov f and KL at lam [m]; dE f/dλ = Cov f and dKL/dλ = Cov f · λ."""
        estimate, share = self.estimate(lam)
        mean = share @ self.f
        centred = self.f - mean
        return VectorMoments(mean, (share * centred.T) @ centred, estimate.moments.kl)

    def even_directions(self, count: int, seed: int = 0) -> Array:
        """Directions d [count, m] whose tilts d · f differ evenly, each of variance one under p.

        Of two criteria that rise together nearly all that can be had lies within a few degrees of
        their difference: directions even in λ itself would pass it by.
        """
        even: Array = directions(self.f.shape[1], count, seed) @ np.linalg.inv(self.root)
        return even

    @property
    def root(self) -> Array:
        """[m, m], symmetric: root · d of unit length is a tilt d · f of variance one under p."""
        covariance = self.moments(np.zeros(self.f.shape[1])).covariance
        values, vectors = np.linalg.eigh(covariance)
        scales = np.sqrt(np.maximum(values, _LEAST_VARIANCE * values[-1]))
        root: Array = (vectors * scales) @ vectors.T
        return root

    def reach(self, direction: Array, kl: float) -> float:
        """The t at which t · direction [m] has a KL of so many nats, or the last that is valid."""
        draws = self.along(direction)
        found = solve_kl(draws.moments, kl, limit=_FAR)
        for t in np.linspace(found.lam, 0.0, 40):
            if draws.estimate(float(t))[0].valid:
                return float(t)
        return 0.0


class VectorPotential:
    """Several normalised criteria of one space: f̃ [n, m] of u, decoded once.

    Args:
        potentials: one a criterion, all of the same space.
    """

    def __init__(self, potentials: Sequence[Potential]) -> None:
        self.potentials = tuple(potentials)

    @classmethod
    def from_space(
        cls, space: BaseSpace, criteria: Sequence[Criterion], n: int = 4096, seed: int = 0
    ) -> tuple[VectorPotential, VectorDraws]:
        """Normalise each criterion on the same n base draws; the draws come with it."""
        pools = [Pool.from_space(space, criterion, n, seed) for criterion in criteria]
        f = np.stack([pool.draws.f for pool in pools], axis=1)
        draws = VectorDraws(pools[0].draws.u, f, np.zeros(n))
        return cls([pool.potential for pool in pools]), draws

    @property
    def dim(self) -> int:
        return self.potentials[0].dim

    @property
    def names(self) -> tuple[str, ...]:
        """Of the criteria."""
        return tuple(each.criterion.name for each in self.potentials)

    def value(self, u: Tensor) -> Tensor:
        """f̃ [n, m] of u [n, dim]; gradients flow back to u."""
        decoded = self.potentials[0].space.decode(u)
        return torch.stack([each.value_of(decoded) for each in self.potentials], dim=-1)

    def thinned(self, pairs: int, generator: torch.Generator) -> VectorPotential:
        """The same over a few antithetic pairs of each criterion's noise."""
        return VectorPotential([each.thinned(pairs, generator) for each in self.potentials])

    @torch.no_grad()
    def values(self, u: Tensor) -> Array:
        """The same in chunks, without gradients."""
        parts = [self.value(part) for part in torch.split(u, CHUNK)]
        values: Array = torch.cat(parts).double().numpy()
        return values

    def values_and_gradients(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """f̃ [n, m] and ∇f̃ [n, m, dim], both detached, in chunks."""
        values, gradients = [], []
        for part in torch.split(u, CHUNK):
            leaf = part.detach().requires_grad_()
            value = self.value(leaf)
            each = [
                torch.autograd.grad(column.sum(), leaf, retain_graph=True)[0]
                for column in value.unbind(-1)
            ]
            values.append(value.detach())
            gradients.append(torch.stack(each, dim=1))
        return torch.cat(values), torch.cat(gradients)


@dataclass(frozen=True, eq=False)
class VectorPool:
    """What is known of all vector λ up to a KL: draws of many climbs, counted together.

    Attributes:
        potential: what they were drawn for; draws: of all stages; kl_max: how far they reach.
        gradient: [n, m, dim] at each draw.
    """

    potential: VectorPotential
    draws: VectorDraws
    gradient: Tensor
    kl_max: float

    def along(self, direction: Array, lam: float) -> Climb:
        """What a climb of the one criterion direction [m] · f would have seen, up to λ."""
        draws = self.draws.along(direction)
        d = torch.from_numpy(direction).to(self.gradient.dtype)
        slope = torch.einsum("nmd,m->nd", self.gradient, d)
        return Climb(draws, slope, lam, draws.moments(lam).kl, stages=0)


def directions(criteria: int, count: int = DIRECTIONS, seed: int = 0) -> Array:
    """Unit vectors [count, criteria]: even on the circle for two, at random for more.

    >>> directions(2, 4).round(3).tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-0.0, -1.0]]
    """
    if criteria == 2:
        angle = 2.0 * math.pi * np.arange(count) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    each = np.random.default_rng(seed).standard_normal((count, criteria))
    unit: Array = each / np.linalg.norm(each, axis=1, keepdims=True)
    return unit


@dataclass(frozen=True, eq=False)
class ParetoSurface:
    """E f over directions [D, m] and levels of KL [L]: the surface that no law can pass.

    Attributes:
        direction: [D, m]; kl: [D, L] nats, as reached; lam: [D, L, m]; expectation: [D, L, m] in
            each criterion's unit; valid: [D, L].
    """

    direction: Array
    kl: Array
    lam: Array
    expectation: Array
    valid: NDArray[np.bool_]


def pareto_surface(
    pool: VectorPool, levels: Sequence[float], along: Array | None = None
) -> ParetoSurface:
    """The surface (E f, KL) for all λ whose KL is one of `levels`: limited by KL, not by λ."""
    rays = pool.draws.even_directions(SURFACE_RAYS) if along is None else along
    natural = pool.potential.potentials
    lam = np.zeros((len(rays), len(levels), rays.shape[1]))
    kl, valid = np.zeros(lam.shape[:2]), np.zeros(lam.shape[:2], dtype=bool)
    expectation = np.zeros_like(lam)
    for ray, direction in enumerate(rays):
        draws = pool.draws.along(direction)
        for level, target in enumerate(levels):
            found = solve_kl(draws.moments, target, limit=_FAR)
            lam[ray, level] = found.lam * direction
            estimate, share = pool.draws.estimate(lam[ray, level])
            kl[ray, level], valid[ray, level] = estimate.moments.kl, estimate.valid
            means = share @ pool.draws.f
            expectation[ray, level] = [
                each.natural(float(mean)) for each, mean in zip(natural, means, strict=True)
            ]
    return ParetoSurface(rays, kl, lam, expectation, valid)


def slope_gaussians(draws: Draws, slope: Tensor, lam: float, generator: torch.Generator) -> Mixture:
    """p̂_λ as a few Gaussians, one for each way in which f rises there: slope [n, dim] of f."""
    share = torch.from_numpy(draws.estimate(lam)[1]).to(slope.dtype)
    centres = gradient_centres(lam * slope, share, generator) / lam
    label = nearest(slope, centres)
    return stein_mixture(lam, draws.u, slope, share, label, len(centres))
