"""The first tuned fan of a new street, by proposals that were fitted to the street before it.

Two streets that differ by a household have nearly the same tuned laws over u. A few draws of the
Gaussians of the one before beside a few base draws, weighted exactly, answer the λ that is held in
a twentieth of a second; the street's own pool and Gaussians follow. Runs on the compute thread
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from lvm_studio.studio.street.tunings import Source, Tuning
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.flows.proposals import mixture_draws
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import climb_in_slices
from lvm_studio.tuning.pools.weights import ESS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

    from lvm_studio.models.street import BaseSpace
    from lvm_studio.tuning.criteria.protocol import Criterion
    from lvm_studio.tuning.flows.flow import LambdaFlow

BASE_DRAWS = 128
PROPOSED_DRAWS = 320
CLIMB_DRAWS = 128
"""At each of some four λ: 0.2 s with their gradients, worth some 150 at the last."""
KL_BEYOND = 0.3
SURE_ESS = 1.25 * ESS_LIMIT
"""The λ that is found for a goal lies a little further than the one looked at."""
HOPELESS_ESS = 0.5 * ESS_LIMIT
"""Twice as many would not be worth enough either."""


@dataclass(frozen=True, eq=False)
class Before:
    """What the last street that came to rest knows: base draws, its Gaussians, draws of both.

    alike: equal for streets that may learn from each other (model, criterion, side, seed).
    """

    alike: Hashable
    gaussians: LambdaFlow
    pool: Pool
    draws: Draws

    def normalised(self, pool: Pool) -> Pool:
        """A small pool of another street, normalised as nearly as its thousands of draws would.

        The first draws of both streets are the same u: f of the one is nearly a straight line of f
        of the other, whose mean and deviation are known from all its draws (control variates).
        """
        known, n = self.pool.draws.f, len(pool.draws.f)
        slope, start = np.polyfit(known[:n], pool.draws.f, 1)
        rest = np.var(pool.draws.f - start - slope * known[:n])
        mean = start + slope * known.mean()
        deviation = float(np.sqrt(slope**2 * known.var() + rest))
        raw, old = pool.potential, self.pool.potential
        scale = raw.scale * deviation
        potential = Potential(
            raw.space,
            raw.criterion,
            raw.noise,
            shift=raw.shift + raw.scale * float(mean),
            scale=scale,
            bias=old.bias * abs(scale / old.scale),  # by the same noise
        )
        f = (pool.draws.f - mean) / deviation
        draws = Draws(pool.draws.u, f, pool.draws.log_ratio)
        return Pool(potential, draws, pool.eps, pool.curves_kw)


def first_look(
    space: BaseSpace, criterion: Criterion, before: Before, lam: float, seed: int, *, less: bool
) -> Generator[None, None, Tuning]:
    """A small tuning of a new street around λ > 0, until the street's own pool is there.

    Most streets do with a few proposals of the one before, some need twice as many. Where a
    household of another kind has come, and moved the tuned laws elsewhere, a short climb finds
    them, in slices.
    """
    pool = Pool.from_space(space, criterion, BASE_DRAWS, seed)
    pool = before.normalised(pool.mirrored() if less else pool)
    generator = torch.Generator().manual_seed(seed)
    held = min(lam, float(before.gaussians.lam_max))
    for n in (PROPOSED_DRAWS, 2 * PROPOSED_DRAWS):
        draws = mixture_draws(before.gaussians, pool.potential, pool.draws, [held], n, generator)
        ess = draws.estimate(held)[0].ess
        if ess >= SURE_ESS:
            return _looked(pool, Source("settled", draws, BASE_DRAWS))
        yield None
        if ess < HOPELESS_ESS:
            break
    kl_max = before.draws.moments(held).kl + KL_BEYOND
    stages = climb_in_slices(
        pool.potential, pool.draws, kl_max=kl_max, draws=CLIMB_DRAWS, generator=generator
    )
    for stage in stages:
        yield None
        if stage is not None:
            draws = stage.draws
    return _looked(pool, Source("climb", draws, BASE_DRAWS))


def _looked(pool: Pool, source: Source) -> Tuning:
    base = Source("pool", pool.draws, BASE_DRAWS)
    return Tuning(pool, {base.method: base, source.method: source})
