"""The first tuned fan of a new street: proposals of the street before it, until its own are there.

Two streets that differ by a household have nearly the same tuned law over u. A few draws of that
Gaussian mixture beside a few base draws, weighted exactly, answer the λ that is held in a tenth of
a second; the street's own pool and climb follow. Runs on the compute thread alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from lvm_studio.studio.street.tunings import Source, Tuning
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import Climb, mixture_log_ratio

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lvm_studio.models.street import BaseSpace
    from lvm_studio.tuning.criteria.criterion import Criterion
    from lvm_studio.tuning.pools.mixtures import Mixture

BASE_DRAWS = 256
PROPOSED_DRAWS = 384
WIDEN = 1.15
"""The street is another one: its law may lie beside that of the one before."""


@dataclass(frozen=True, eq=False)
class Before:
    """What the last street that came to rest knows of the law at its λ.

    alike: equal for streets that may learn from each other (model, criterion, side).
    """

    alike: Hashable
    mixture: Mixture

    @classmethod
    def of(cls, alike: Hashable, climb: Climb, lam: float, seed: int) -> Before:
        """From a climb, at this λ or the highest that it has reached."""
        reached = min(lam, climb.lam)
        centres = climb.centres_at(reached, torch.Generator().manual_seed(seed))
        return cls(alike, climb.mixture_at(reached, centres).widened(WIDEN))


def first_look(
    space: BaseSpace, criterion: Criterion, before: Before, seed: int, *, less: bool
) -> Tuning:
    """A small tuning of a new street, to be answered from until the street's own pool is there."""
    pool = Pool.from_space(space, criterion, BASE_DRAWS, seed)
    if less:
        pool = pool.mirrored()
    draws = _both(pool, before.mixture, torch.Generator().manual_seed(seed))
    sources = (Source("pool", pool.draws), Source("climb", draws))
    return Tuning(pool, {source.method: source for source in sources}, iter(()))


def _both(pool: Pool, mixture: Mixture, generator: torch.Generator) -> Draws:
    """Base draws and proposals, counted against the mixture of both laws."""
    proposed = mixture.rsample(PROPOSED_DRAWS, generator)
    u = torch.cat([pool.draws.u, proposed])
    f = np.concatenate([pool.draws.f, pool.potential.values(proposed).double().numpy()])
    log_ratios = torch.stack([torch.zeros(len(u)), mixture.log_ratio(u)]).double()
    return Draws(u, f, -mixture_log_ratio(log_ratios, (BASE_DRAWS, PROPOSED_DRAWS)))
