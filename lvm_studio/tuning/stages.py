"""Climbing λ by Gaussian proposals: the cheap first knowledge of p̂_λ that the flow starts from.

Adaptive multiple importance sampling (Cornuet, Marin, Mira & Robert 2012): every stage fits a
Gaussian to the tuned law at a λ that the draws so far still reach, draws from it, and counts all
draws of all stages against their mixture (the balance heuristic of Veach & Guibas), so that they
together answer any λ up to the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.pool import Draws
from lvm_studio.tuning.potential import Potential
from lvm_studio.tuning.weights import Array, effective_sample_size, normalised

STAGE_DRAWS = 512

_EIGENVALUES = (0.05, 3.0)
"""Bounds of a stage's covariance: a bad estimate must stay a usable proposal."""
_WIDEN = 1.1
"""Proposals slightly wider than their target keep the weights' tails light."""
_MAX_STAGES = 12
_REACH_ESS = 0.4
"""A stage goes as far as the draws before it are worth this share of one stage's draws."""
_LONGEST_STEP = 2.0
_STANDSTILL = 1.05
"""A stage that goes no further than this over the last one is the last."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian over the latents: mean [dim], lower Cholesky factor [dim, dim]."""

    mean: Tensor
    cholesky: Tensor

    def rsample(self, n: int, generator: torch.Generator) -> Tensor:
        v = torch.randn(n, len(self.mean), generator=generator)
        return self.mean + v @ self.cholesky.T

    def log_ratio(self, u: Tensor) -> Tensor:
        """log q(u) - log N(u; 0, I) of u [n, dim], [n]."""
        v = torch.linalg.solve_triangular(self.cholesky, (u - self.mean).T, upper=False)
        log_det = self.cholesky.diagonal().log().sum()
        return 0.5 * (u.square().sum(-1) - v.square().sum(0)) - log_det

    def widened(self) -> Gaussian:
        return Gaussian(self.mean, _WIDEN * self.cholesky)


@dataclass(frozen=True, eq=False)
class Climb:
    """Draws of all stages so far.

    Attributes:
        draws: counted against the mixture of all stages.
        gradient: [n, dim] ∇f̃ at each draw.
        lam: the highest λ that these draws reach; kl: KL(p̂_λ ‖ p) there, nats.
        stages: how many Gaussians were fitted.
    """

    draws: Draws
    gradient: Tensor
    lam: float
    kl: float
    stages: int

    def gaussian_at(self, lam: float) -> Gaussian:
        """The Gaussian with mean and covariance of p̂_λ, by Stein's identities.

        For p̂_λ ∝ N(0, I) e^{λf}: `E u = λ E ∇f` and `Cov u = I + λ Cov(u, ∇f)`. In directions
        that f does not feel these estimates carry no noise at all, where plain weighted moments
        would need many times the draws.
        """
        share = torch.from_numpy(self.draws.estimate(lam)[1]).float()
        mean = lam * (share @ self.gradient)
        centred = self.draws.u - share @ self.draws.u
        cross = (share[:, None] * centred).T @ (self.gradient - share @ self.gradient)
        covariance = torch.eye(len(mean)) + 0.5 * lam * (cross + cross.T)
        values, vectors = torch.linalg.eigh(covariance)
        bounded = (vectors * values.clamp(*_EIGENVALUES)) @ vectors.T
        return Gaussian(mean, torch.linalg.cholesky(bounded))


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

    Ends early where p̂_λ shows no sign of being normalisable; `lam` of the last Climb is then
    the highest λ whose weights can be trusted (ESS ≥ 100, k̂ < 0.7).
    """
    mixture = _Mixture(potential, base.u[: 2 * draws])
    lam = 0.0
    for stage in range(_MAX_STAGES):
        reached = _reach(mixture.draws, lam, kl_max, least_ess=_REACH_ESS * draws)
        state = mixture.climb_to(reached, stage)
        yield state
        if reached < _STANDSTILL * lam:
            return
        lam = reached
        mixture.add(state.gaussian_at(lam).widened(), draws, generator)


def trusted_lam(draws: Draws, lam: float) -> float:
    """The highest of 64 λ in [0, lam] at which these draws' estimate is valid."""
    for tried in np.linspace(lam, 0.0, 64):
        if draws.estimate(float(tried))[0].valid:
            return float(tried)
    return 0.0


class _Mixture:
    """Draws of all stages, with their log-ratio to each stage's law."""

    def __init__(self, potential: Potential, base: Tensor) -> None:
        self.potential = potential
        self.u = base
        self.f, self.gradient = potential.value_and_gradient(base)
        dim = base.shape[1]
        self.laws = [Gaussian(torch.zeros(dim), torch.eye(dim))]
        self.counts = [len(base)]

    def add(self, law: Gaussian, n: int, generator: torch.Generator) -> None:
        fresh = law.rsample(n, generator)
        f, gradient = self.potential.value_and_gradient(fresh)
        self.u = torch.cat([self.u, fresh])
        self.f = torch.cat([self.f, f])
        self.gradient = torch.cat([self.gradient, gradient])
        self.laws.append(law)
        self.counts.append(n)

    @property
    def draws(self) -> Draws:
        log_ratios = torch.stack([law.log_ratio(self.u) for law in self.laws]).double()
        return Draws(self.u, self.f.double().numpy(), -mixture_log_ratio(log_ratios, self.counts))

    def climb_to(self, lam: float, stages: int) -> Climb:
        draws = self.draws
        return Climb(draws, self.gradient, lam, draws.moments(lam).kl, stages)


def mixture_log_ratio(log_ratios: Tensor, counts: Sequence[int]) -> Array:
    """log q_mix - log p of draws [n] from log q_k - log p [laws, n], q_k drawn counts[k] times."""
    share = torch.tensor(counts, dtype=torch.float64) / sum(counts)
    mixed: Array = torch.logsumexp(log_ratios + share.log()[:, None], dim=0).numpy()
    return mixed


def _reach(draws: Draws, lam: float, kl_max: float, least_ess: float) -> float:
    """The highest λ near above `lam` that these draws still see, by bisection."""

    def seen(tried: float) -> bool:
        ess = effective_sample_size(normalised(tried * draws.f + draws.log_ratio))
        return ess >= least_ess and draws.moments(tried).kl <= kl_max

    low, high = lam, lam + _LONGEST_STEP
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if seen(middle) else (low, middle)
    return low
