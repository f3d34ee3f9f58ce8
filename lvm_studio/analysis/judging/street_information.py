"""How many bits a perfect model would take from a simulated week, told the weather or not.

Table 9.1 asks whether a model that is told the temperature takes fewer bits into its latent
variables. For a simulated street the answer is known: the law's covariance given labels and
weather is exact, and without the weather it grows by that of the exact mean over other weathers.
(The covariance given the weather is that of the one week drawn; how it changes with the weather
is left out, and averages out over the weeks of `over_the_year`.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.simulation.residents import Label, draw_residents
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.data.simulation.weather import draw_temperature
from lvm_studio.data.units import DAYS

Array = NDArray[np.float64]
LATENTS = 32
STEPS = 90
WEEKS_OF_A_YEAR = 52
MEMORIES = (0.3, 0.75)
"""What the noise starts with of the half-hour before; the better end counts."""
STARTING_NOISE = 0.3
"""Share of the variance that the noise starts with."""


@dataclass(frozen=True)
class TrueBits:
    """Bits that the latent variables of a perfect model take, by what it is told."""

    everything: float
    no_temperature: float
    no_season: float

    @property
    def ratio(self) -> float:
        """Told the temperature ÷ not told it."""
        return self.everything / self.no_temperature


def true_bits(
    who: Sequence[Label], start: np.datetime64, seed: int, weathers: int = 120
) -> TrueBits:
    """Bits of a sum of `who` in the week from `start`, by the law of the street.

    `weathers` weeks are drawn for what is not told: of the same date, or of any date of a year.
    """
    generator, truth = np.random.default_rng(seed), StreetTruth()
    told = truth.covariance(who, _weather(start, generator), start)
    dates = start + np.timedelta64(DAYS, "D") * np.arange(WEEKS_OF_A_YEAR)
    spread = [
        np.cov(np.stack([truth.mean(who, _weather(at, generator), at) for at in weeks]).T)
        for weeks in ([start] * weathers, generator.choice(dates, weathers))
    ]
    return TrueBits(*(optimal_bits(told + more) for more in (np.zeros_like(told), *spread)))


def _weather(start: np.datetime64, generator: np.random.Generator) -> NDArray[np.float32]:
    return draw_temperature(start, DAYS, generator)


def optimal_bits(covariance: Array, latents: int = LATENTS, steps: int = STEPS) -> float:
    """Bits in the latent variables of the best linear-Gaussian VAE of curves of that covariance.

    Its noise is AR(1) with a scale of its own at each of the T points, as in the recipes. For a
    given noise the best loadings are known: curves are whitened by it, and each of the largest
    eigenvalues above 1 takes half its logarithm (Tipping & Bishop 1999). The noise itself is
    found by descent on the exact negative log-likelihood, from weak and from strong memory.

    >>> optimal_bits(np.exp(-np.abs(np.subtract.outer(range(30), range(30)))), latents=2) < 0.1
    True
    """
    exact = torch.from_numpy(covariance)
    return min(_descent(exact, latents, steps, memory) for memory in MEMORIES)[1]


def _descent(exact: Tensor, latents: int, steps: int, memory_before: float) -> tuple[float, float]:
    """Negative log-likelihood in nats, and bits, of the best noise that is found."""
    log_scale = (0.5 * (STARTING_NOISE * exact.diagonal()).log()).requires_grad_()
    memory = torch.tensor(memory_before, dtype=exact.dtype).atanh().requires_grad_()
    optimiser = torch.optim.Adam([log_scale, memory], lr=0.1)
    loss, top = exact.new_zeros(()), exact.new_ones(latents)
    for _ in range(steps):
        whitening, log_det = _whitening(log_scale, memory.tanh())
        values = torch.linalg.eigvalsh(whitening @ exact @ whitening.T).flip(0)
        top, rest = values[:latents].clamp(min=1.0), values[latents:]
        loss = 0.5 * (top.log() + values[:latents] / top).sum() + 0.5 * rest.sum() - log_det
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return loss.item(), 0.5 * top.log2().sum().item()


def _whitening(log_scale: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """What turns AR(1) noise into white noise [T, T], and its log-determinant."""
    scaled = torch.diag((-log_scale).exp())
    before = torch.nn.functional.pad(scaled, (0, 0, 1, 0))[:-1]
    own = torch.cat([memory.new_ones(1), (1.0 - memory**2).rsqrt().expand(len(log_scale) - 1)])
    return own[:, None] * (scaled - memory * before), own.log().sum() - log_scale.sum()


def over_the_year(k: int, weeks: Sequence[np.datetime64], seed: int) -> Iterator[TrueBits]:
    """The bits of a fresh street of k households in each of the weeks."""
    generator = np.random.default_rng(seed)
    for number, start in enumerate(weeks):
        yield true_bits(draw_residents(k, generator).labels, start, seed + number)
