"""A stored sample that answers any λ at once, by weights (Eq. 10.22, 10.51)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.models.street import BaseSpace, base_noise
from lvm_studio.tuning.criteria import Criterion
from lvm_studio.tuning.estimates import Moments, TunedEstimate, estimate, moments_at
from lvm_studio.tuning.potential import CHUNK, Potential, observation_noise
from lvm_studio.tuning.weights import Array

POOL_SIZE = 4096
_NOISE_SEED_STEP = 7919
"""Keeps the noise averaged over by f̃ apart from the noise of the curves on screen."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws from a known law q with their criterion: enough to answer any λ.

    Attributes:
        u: [n, dim] latents.
        f: [n] normalised criterion f̃(u).
        log_ratio: [n] log p(u) - log q(u); zeros when q is the base law.
    """

    u: Tensor
    f: Array
    log_ratio: Array

    def estimate(self, lam: float) -> tuple[TunedEstimate, Array]:
        """The tuned law at λ, and the draws' normalised weights [n]."""
        return estimate(lam, self.f, self.log_ratio)

    def moments(self, lam: float) -> Moments:
        """E f, KL, variance and third moment at λ, for the solver."""
        return moments_at(lam, self.f, self.log_ratio)


@dataclass(frozen=True, eq=False)
class Pool:
    """Base draws with their curves: the answer before a flow exists, valid only for small KL.

    An estimate from it is valid as long as ESS ≥ 100 and k̂ < 0.7 (`TunedEstimate.valid`): for
    an f near Gaussian up to KL ≈ ½ log(n/100), e.g. 1.9 nats for 4096 draws.

    Attributes:
        potential: normalised on this very pool.
        draws: u, f, log_ratio (zeros).
        eps: [n, T] the observation noise of each curve.
        curves_kw: [n, T] float32, one curve a draw.
    """

    potential: Potential
    draws: Draws
    eps: Tensor
    curves_kw: NDArray[np.float32]

    @classmethod
    def from_space(
        cls, space: BaseSpace, criterion: Criterion, n: int = POOL_SIZE, seed: int = 0
    ) -> Pool:
        """Decode n base draws and measure f̃ on them; deterministic in (space, n, seed)."""
        u, eps = base_noise(n, space.dim, seed)
        noise = observation_noise(eps.shape[-1], seed + _NOISE_SEED_STEP)
        raw = Potential(space, criterion, noise)
        natural, curves = _decode(raw, u, eps)
        potential = raw.normalised_on(natural)
        f = ((natural - potential.shift) / potential.scale).numpy()
        draws = Draws(u, f, np.zeros(n))
        return cls(potential, draws, eps, curves)

    def reweight(self, lam: float) -> TunedEstimate:
        """The tuned law at λ by weights e^{λf}."""
        return self.draws.estimate(lam)[0]

    @cached_property
    def natural_f(self) -> Array:
        """f of each draw in the criterion's unit, [n]: the base histogram."""
        natural: Array = self.potential.shift + self.potential.scale * self.draws.f
        return natural


@torch.no_grad()
def _decode(
    potential: Potential, u: Tensor, eps: Tensor
) -> tuple[Tensor, NDArray[np.float32]]:
    natural, curves = [], []
    for part, noise in zip(u.split(CHUNK), eps.split(CHUNK), strict=True):
        decoded = potential.space.decode(part)
        natural.append(potential.natural_value_of(decoded).double())
        curves.append(decoded.transport(noise).float())
    return torch.cat(natural), torch.cat(curves).numpy()
