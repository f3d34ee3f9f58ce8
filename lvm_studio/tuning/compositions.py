"""What tuning costs in each latent of a street: KLs shown apart (Eq. 10.17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.mixtures import Mixture, gradient_centres, nearest, stein_mixture
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.weights import systematic_resample

_APART_ROWS = 1024
"""Draws of each half."""
_ROWS_A_SLICE = 128
"""Gradients between two pauses."""


@dataclass(frozen=True)
class KlApart:
    """KL(p̂_λ ‖ p) of a joint tuning, shared out by the chain rule (Eq. 10.17), nats.

    w: KL(p̂(Σw) ‖ p(Σw)); z: E KL(p̂(z | Σw) ‖ p(z | Σw)); either may be off by `doubt`, one up
    and the other down: their sum is the whole.
    """

    w: float
    z: float
    doubt: float

    @property
    def total(self) -> float:
        """Of both."""
        return self.w + self.z


@dataclass(frozen=True)
class NoiseApart:
    """KL(p̂_λ ‖ p) where the observation noise is tuned too, shared out by the chain rule, nats.

    latents: KL(p̂(u) ‖ p(u)) of all latents; noise: what the noise costs given them; either may be
    off by `doubt`, one up and the other down.
    """

    latents: float
    noise: float
    doubt: float


def noise_apart(
    draws: Draws, lam: float, potential: Potential, latents: int, seed: int = 0
) -> NoiseApart:
    """What the first so many coordinates of a `NoisySpace` cost, and its noise (see `kl_apart`)."""
    apart = kl_apart(draws, lam, potential, torch.arange(latents), seed)
    return NoiseApart(apart.w, apart.z, apart.doubt)


def kl_apart(
    draws: Draws, lam: float, potential: Potential, first: Tensor, seed: int = 0
) -> KlApart:
    """What the coordinates `first` cost, and what the others cost given them.

    Gaussian mixtures fitted to half of the draws bound both from below on the other half (up to
    the noise of a mean over it); how far the bounds leave the whole uncovered is the doubt.
    """
    *_, apart = kl_apart_in_slices(draws, lam, potential, first, seed)
    assert apart is not None  # the last one is the answer
    return apart


def kl_apart_in_slices(
    draws: Draws,
    lam: float,
    potential: Potential,
    first: Tensor,
    seed: int = 0,
    rows: int = _APART_ROWS,
) -> Iterator[KlApart | None]:
    """The same with a pause (None) after each slice; rows: draws of each half."""
    estimate, share = draws.estimate(lam)
    # Halved before they are resampled: a heavy draw in both halves would vouch for itself.
    first_half = np.random.default_rng(seed).permutation(len(share)) % 2 == 0
    fitted, judged = (
        draws.u[torch.from_numpy(systematic_resample(each / each.sum(), rows, seed))]
        for each in (np.where(half, share, 0.0) for half in (first_half, ~first_half))
    )
    slopes = []
    for part in torch.split(fitted, _ROWS_A_SLICE):
        slopes.append(potential.value_and_gradient(part)[1])
        yield None
    slope = torch.cat(slopes)
    even = torch.full((len(fitted),), 1.0 / len(fitted))
    generator = torch.Generator().manual_seed(seed)
    centres = gradient_centres(lam * slope, even, generator)
    label = nearest(lam * slope, centres)
    mixture = stein_mixture(lam, fitted, slope, even, label, len(centres))
    known = float(mixture.log_ratio(judged).mean())
    of_first = float(marginal(mixture, first).log_ratio(judged[:, first]).mean())
    kl = max(estimate.moments.kl, 0.0)
    missing = kl - known
    w = min(max(of_first + 0.5 * missing, 0.0), kl)  # neither part is below zero
    yield KlApart(w=w, z=kl - w, doubt=0.5 * abs(missing))


def marginal(mixture: Mixture, index: Tensor) -> Mixture:
    """The mixture of some of its coordinates, index [d]."""
    root = mixture.cholesky[:, index]
    return Mixture(mixture.log_share, mixture.mean[:, index], torch.linalg.cholesky(root @ root.mT))
