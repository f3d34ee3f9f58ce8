"""A Gaussian mixture for one λ, close enough that its curves are cheap: under two decodes each."""

from __future__ import annotations

import numpy as np
import torch

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.smc_fit import closer
from lvm_studio.tuning.pools.stages import Climb
from lvm_studio.tuning.pools.weights import effective_sample_size, normalised

COMPONENTS = 32
FRESH_DRAWS = 16_384
_LEAST_SHARE = 1e-3
"""Added to every component's share."""
_WIDEN = 1.05
"""Wider in every direction alike: in twelve dimensions 1.1 would cost a tenth of the weights."""


@torch.no_grad()
def close_mixture(
    potential: Potential,
    reached: Climb,
    lam: float,
    generator: torch.Generator,
    fresh_draws: int = FRESH_DRAWS,
) -> Mixture:
    """p̂_λ by at most 32 Gaussians: Stein's from a climb, moved by EM, twice.

    The second time fresh draws of the first mixture tell it where it is too thin. On the peak of
    ten households at KL 6.91 a curve costs 2.4 decodes with eight Gaussians of a small climb, 1.9
    with 16 of a climb of 4,096 draws a stage and EM, 1.5 with 32 and both rounds.
    """
    share = reached.draws.estimate(lam)[1]
    centres = reached.centres_at(lam, generator, COMPONENTS)
    law = closer(reached.mixture_at(lam, centres, _LEAST_SHARE), reached.draws.u, share)
    fresh = law.widened(_WIDEN).rsample(fresh_draws, generator)
    ratio = law.widened(_WIDEN).log_ratio(fresh).double().numpy()
    again = normalised(lam * potential.values(fresh).numpy() - ratio)
    worth = np.array([effective_sample_size(each) for each in (share, again)])
    both = np.concatenate([share * worth[0], again * worth[1]]) / worth.sum()
    return closer(law, torch.cat([reached.draws.u, fresh]), both).widened(_WIDEN)
