"""How many bits a perfect code takes from a simulated week, by what it is told of the week.

Table 9.1 asks whether a model that is told the temperature takes fewer bits into its latent
variables. For a simulated street the laws to be coded are known (`street_told`). A code is a
linear-Gaussian VAE with one noise for all weeks, and loadings that follow what is told.

A bit more in the latent variables buys a little less noise, and near the optimum at next to no
cost: codes that are equally good differ by a quarter in bits. So two codes are compared at one
and the same noise, that is, where they reconstruct weeks equally well, besides each at its best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from street_told import told_weeks
from torch import Tensor

from lvm_studio.data.simulation.residents import draw_residents

Array = NDArray[np.float64]
LATENTS = 32
STEPS = 90
STARTING_MEMORY = 0.3
"""What the noise starts with of the half-hour before."""
STARTING_NOISE = 0.3
"""Share of the variance that the noise starts with."""
CODES = ("everything", "temperature", "date", "nothing")
"""By what they are told: `ToldWeeks`."""


@dataclass(frozen=True, eq=False)
class CodeNoise:
    """AR(1) noise with a scale of its own at each of the T points; `memory` is its tanh⁻¹."""

    log_scale: Tensor
    memory: Tensor

    def whitening(self) -> tuple[Tensor, Tensor]:
        """What turns the noise into white noise [T, T], and its log-determinant."""
        scaled, memory = torch.diag((-self.log_scale).exp()), self.memory.tanh()
        before = torch.nn.functional.pad(scaled, (0, 0, 1, 0))[:-1]
        fresh = (1.0 - memory**2).rsqrt().expand(len(self.log_scale) - 1)
        own = torch.cat([memory.new_ones(1), fresh])
        log_det = own.log().sum() - self.log_scale.sum()
        return own[:, None] * (scaled - memory * before), log_det


@dataclass(frozen=True)
class TrueBits:
    """Bits of the code told each of `CODES` (columns), at the best noise of each (rows)."""

    at_noise_of: dict[str, dict[str, float]]

    def own(self, told: str) -> float:
        """Bits of a code with the noise that is best for it."""
        return self.at_noise_of[told][told]

    def ratio(self, told: str, untold: str, noise: str | None = None) -> float:
        """Bits told more ÷ told less: at the best noise of each, or both at that of `noise`."""
        if noise is None:
            return self.own(told) / self.own(untold)
        return self.at_noise_of[noise][told] / self.at_noise_of[noise][untold]


def true_bits(k: int, starts: Sequence[np.datetime64], seed: int) -> TrueBits:
    """Bits of a street of `k` households in the weeks from `starts`, by the law of the street."""
    who = draw_residents(k, np.random.default_rng(seed)).labels
    weeks = told_weeks(who, starts, seed)
    covariances = {told: getattr(weeks, told) for told in CODES}
    noises = {told: optimal_noise(covariance) for told, covariance in covariances.items()}
    return TrueBits(
        {
            of: {told: bits_at(noise, covariance) for told, covariance in covariances.items()}
            for of, noise in noises.items()
        }
    )


def optimal_bits(covariances: Array, latents: int = LATENTS) -> float:
    """Bits in the latent variables of the best code of curves of these covariances [N, T, T].

    >>> apart = np.abs(np.subtract.outer(range(30), range(30)))
    >>> optimal_bits(np.exp(-apart)[None], latents=2) < 0.1
    True
    """
    return bits_at(optimal_noise(covariances, latents), covariances, latents)


def bits_at(noise: CodeNoise, covariances: Array, latents: int = LATENTS) -> float:
    """Bits of the best loadings for this noise: mean over the covariances [N, T, T]."""
    with torch.no_grad():
        return _code(noise, torch.from_numpy(covariances), latents)[1].item()


def optimal_noise(covariances: Array, latents: int = LATENTS, steps: int = STEPS) -> CodeNoise:
    """The noise whose best code has the greatest mean likelihood over the covariances [N, T, T].

    Found by descent on the exact negative log-likelihood.
    """
    exact = torch.from_numpy(covariances)
    log_scale = 0.5 * (STARTING_NOISE * exact.mean(0).diagonal()).log()
    memory = torch.tensor(STARTING_MEMORY, dtype=exact.dtype).atanh()
    noise = CodeNoise(log_scale.requires_grad_(), memory.requires_grad_())
    optimiser = torch.optim.Adam([noise.log_scale, noise.memory], lr=0.1)
    for _ in range(steps):
        loss, _ = _code(noise, exact, latents)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return noise


def _code(noise: CodeNoise, exact: Tensor, latents: int) -> tuple[Tensor, Tensor]:
    """Mean negative log-likelihood in nats (less a constant), and mean bits, of the best code.

    For a given noise the best loadings are known: curves are whitened by it, and each of the
    largest eigenvalues above 1 takes half its logarithm (Tipping & Bishop 1999).
    """
    whitening, log_det = noise.whitening()
    values = torch.linalg.eigvalsh(whitening @ exact @ whitening.T).flip(-1)
    top, rest = values[:, :latents].clamp(min=1.0), values[:, latents:]
    kept = (top.log() + values[:, :latents] / top).sum(-1)
    bits = 0.5 * top.log2().sum(-1)
    return (0.5 * (kept + rest.sum(-1)) - log_det).mean(), bits.mean()
