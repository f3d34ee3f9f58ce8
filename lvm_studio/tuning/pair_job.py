"""Two criteria as a job: climbs in all directions, draws for every vector λ, the surface."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.pair import Pair
from lvm_studio.tuning.pools.pool import POOL_SIZE, Preparing
from lvm_studio.tuning.vector import (
    DIRECTIONS,
    ParetoSurface,
    VectorDraws,
    VectorPool,
    pareto_surface,
)
from lvm_studio.tuning.vector_climbs import vector_climbs

LEVELS = (0.25, 1.0, 2.30, 4.61, 6.91)
"""Nats: from nearly nothing to "1 week in 10", "in 100" and "in 1,000"."""
SENT = 24_576
"""Draws sent home: enough to answer from, few enough to answer at once."""


@dataclass(frozen=True)
class PairStep:
    """So many directions of all have been climbed, in so many seconds."""

    done: int
    directions: int
    seconds: float


@dataclass(frozen=True, eq=False)
class PairKnown:
    """What is known of the tuned laws of two criteria, whatever the vector λ.

    Attributes:
        draws: of all climbs, counted against their mixture; gradient: [n, 2, dim] of both f there.
        surface: of (E f, KL) at LEVELS; kl_max: how far the climbs went, nats.
    """

    draws: VectorDraws
    gradient: Tensor
    surface: ParetoSurface
    kl_max: float


@dataclass(frozen=True, eq=False)
class PairJob:
    """Climbs up to KL(p̂_λ ‖ p) = kl_max nats all around; the result is the PairKnown.

    Both criteria are normalised on the same base draws (pool, seed) as their owner's.
    """

    space: BaseSpace
    criteria: tuple[str, str]
    kl_max: float
    seed: int = 0
    pool: int = POOL_SIZE

    def run(self) -> Iterator[Preparing | PairStep | PairKnown]:
        """Yield reports; between two of them lies one direction."""
        slices = Pair.growing(self.space, self.criteria, self.pool, self.seed)
        while (pair := next(slices)) is None:
            yield Preparing()
        potential, base = pair.vectors
        generator = torch.Generator().manual_seed(self.seed)
        climbs = vector_climbs(potential, base, kl_max=self.kl_max, generator=generator)
        began = time.perf_counter()
        for done, reached in enumerate(climbs, start=1):
            known: VectorPool = reached
            yield PairStep(done, DIRECTIONS, time.perf_counter() - began)
        yield _told(known, self.seed)


def _told(known: VectorPool, seed: int) -> PairKnown:
    """With at most SENT of the draws, picked blindly: the mixture they are of stays the same."""
    draws, picked = known.draws, np.random.default_rng(seed).permutation(len(known.draws.f))[:SENT]
    rows = torch.from_numpy(picked)
    some = VectorDraws(draws.u[rows], draws.f[picked], draws.log_ratio[picked])
    return PairKnown(some, known.gradient[rows], pareto_surface(known, LEVELS), known.kl_max)
