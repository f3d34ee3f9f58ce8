"""Climbing λ by Gaussian proposals: the cheap first knowledge of p̂_λ that the flow starts from.

Every stage fits a Gaussian mixture to the tuned law at a λ that the draws so far still reach, and
draws from it; the draws of all stages, counted together, answer any λ up to the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.composition_parts import slice_of
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.counted import Counted
from lvm_studio.tuning.pools.mixtures import (
    LEAST_SHARE,
    MOST_COMPONENTS,
    Mixture,
    gradient_centres,
    nearest,
    stein_mixture,
)
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.weights import effective_sample_size, normalised

STAGE_DRAWS = 512

_WIDEN = 1.1
"""Proposals slightly wider than their target keep the weights' tails light."""
_MAX_STAGES = 16
_REACH_ESS = 0.4
"""A stage goes as far as the draws before it are worth this share of one stage's draws."""
_LONGEST_STEP = 2.0
"""λ grows by this much at most from one stage to the next."""
_STANDSTILL = 0.05
"""A stage within so much of the λ of the last one stands still."""
_MOST_STOOD = 3
"""So often it may: each time the draws where it stands become better."""
_CLOSE = 0.95
"""A KL this near to the one wanted is reached: standing still there once is the end."""
_SLICES = 4
"""A gradient costs about as much as so many values."""


@dataclass(frozen=True, eq=False)
class Climb:
    """Draws of all stages so far.

    Attributes:
        draws: counted against the mixture of all stages.
        gradient: [n, dim] ∇f̃ at each draw.
        lam: the highest λ that these draws reach; kl: KL(p̂_λ ‖ p) there, nats.
        stages: how many Gaussian mixtures were fitted.
    """

    draws: Draws
    gradient: Tensor
    lam: float
    kl: float
    stages: int

    def mixture_at(self, lam: float, centres: Tensor, least_share: float = LEAST_SHARE) -> Mixture:
        """p̂_λ as one Gaussian a centre of ∇f, as `centres_at` gives them."""
        share = torch.from_numpy(self.draws.estimate(lam)[1]).to(self.gradient.dtype)
        label = nearest(self.gradient, centres)
        return stein_mixture(
            lam, self.draws.u, self.gradient, share, label, len(centres), least_share
        )

    def centres_at(
        self, lam: float, generator: torch.Generator, most: int = MOST_COMPONENTS
    ) -> Tensor:
        """Centres [K, dim] of ∇f under p̂_λ, K ≤ most: the ways in which f is high there."""
        share = torch.from_numpy(self.draws.estimate(lam)[1]).to(self.gradient.dtype)
        return gradient_centres(lam * self.gradient, share, generator, most) / lam


def climb(
    potential: Potential,
    base: Draws,
    *,
    kl_max: float,
    draws: int = STAGE_DRAWS,
    generator: torch.Generator,
) -> Iterator[Climb]:
    """Stages from the base draws up to the λ where KL(p̂_λ ‖ p) ≈ kl_max nats.

    Args:
        base: draws of the base law (log_ratio zero), of which up to `2 * draws` are used.
        draws: per stage.

    A stage may find that the one before it went too far, and climb back. Ends early where more
    draws bring no progress, as where p̂_λ does not exist beyond; `trusted_lam` tells how far the
    draws can be believed.
    """
    slices = climb_in_slices(potential, base, kl_max=kl_max, draws=draws, generator=generator)
    return (stage for stage in slices if stage is not None)


def climb_in_slices(
    potential: Potential,
    base: Draws,
    *,
    kl_max: float,
    draws: int = STAGE_DRAWS,
    generator: torch.Generator,
) -> Iterator[Climb | None]:
    """`climb` with a pause (None) every quarter of a stage: about 50 ms for a street on a core."""
    mixture = _Mixture(potential)
    yield from mixture.growing(Mixture.standard(potential.dim), base.u[: 2 * draws])
    lam, stood = 0.0, 0
    for stage in range(_MAX_STAGES):
        reached = reach(mixture.draws, lam + _LONGEST_STEP, kl_max, _REACH_ESS * draws)
        state = mixture.state_at(reached, stage)
        yield state
        stood += abs(reached - lam) < _STANDSTILL * lam
        if stood > (0 if state.kl > _CLOSE * kl_max else _MOST_STOOD):
            return
        lam = reached
        centres = state.centres_at(lam, generator)
        law = state.mixture_at(lam, centres).widened(_WIDEN)
        yield from mixture.growing(law, law.rsample(draws, generator))


def trusted_lam(draws: Draws, lam: float) -> float:
    """The highest of 64 λ in [0, lam] at which these draws' estimate is valid."""
    for tried in np.linspace(lam, 0.0, 64):
        if draws.estimate(float(tried))[0].valid:
            return float(tried)
    return 0.0


class _Mixture:
    """Draws of all stages, counted together, with f̃ and its gradient at each."""

    def __init__(self, potential: Potential) -> None:
        self.potential = potential
        self.counted = Counted(potential.dim)
        self.gradient = torch.empty(0, potential.dim)
        self.f = torch.empty(0)

    def growing(self, law: Mixture, fresh: Tensor) -> Iterator[None]:
        """Take in draws of a law, a slice at a time."""
        known = []
        for part in torch.split(fresh, slice_of(self.potential.space) // _SLICES):
            known.append(self.potential.value_and_gradient(part))
            yield None
        self.f = torch.cat([self.f, *(f for f, _ in known)])
        self.gradient = torch.cat([self.gradient, *(gradient for _, gradient in known)])
        self.counted.add(law, fresh)

    @property
    def draws(self) -> Draws:
        counted = self.counted
        return Draws(counted.u, self.f.double().numpy(), counted.log_ratio())

    def state_at(self, lam: float, stages: int) -> Climb:
        draws = self.draws
        return Climb(draws, self.gradient, lam, draws.moments(lam).kl, stages)


def reach(draws: Draws, high: float, kl_max: float, least_ess: float) -> float:
    """The highest λ up to `high` that these draws see well, by bisection."""
    low = 0.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        ess = effective_sample_size(normalised(middle * draws.f + draws.log_ratio))
        seen = ess >= least_ess and draws.moments(middle).kl <= kl_max
        low, high = (middle, high) if seen else (low, middle)
    return low
