"""Observation models of curves: modules that take a mean curve and give the law p(x | mean).

The two here have noise that is independent from half-hour to half-hour; `autoregressive`,
`bursts` and `pyramid` give other laws with the same variance.
"""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn

from lvm_studio.data.units import WEEK
from lvm_studio.models.noise.floors import GAIN, raw_of, softplus_of
from lvm_studio.models.noise.laws import DiagonalGaussian, Law

SIGMA_FLOOR = 2e-3
"""No learned noise falls below this share of the reference load: the density stays bounded."""

LEAST_LOAD = 0.2
"""Share of the reference load below which noise shrinks no further."""

KNEE = 0.05
"""Share of the reference load below which loads that must be positive are bent."""

CurveDistribution: TypeAlias = Law
"""A law of week curves [..., 336] in kW."""


class GaussianCurve(DiagonalGaussian):
    """Independent Gaussian noise at every half-hour; mean and stddev [..., 336] in kW.

    >>> curve = GaussianCurve(torch.zeros(2, 336), torch.ones(2, 336))
    >>> curve.log_prob(torch.zeros(2, 336)).shape
    torch.Size([2])
    """


class PerHouseholdNoise(nn.Module):
    """Noise of a sum of k households: per household `(a_t^2 / k + b_t^2) load / reference`.

    a_t belongs to each household alone and averages out; b_t is shared by all of them. On sums
    the variance is k^2 times that. It grows with the expected load, as the variance of
    appliances switched on and off independently does. Both start large: learning them is an
    annealing (chapter 7).
    """

    reference_kw: Tensor

    def __init__(self, own: float = 1.1, shared: float = 0.22, length: int = WEEK) -> None:
        super().__init__()
        self.raw_own = nn.Parameter(torch.full((length,), raw_of(own)))
        self.raw_shared = nn.Parameter(torch.full((length,), raw_of(shared)))
        self.register_buffer("reference_kw", torch.tensor(0.45))

    def set_reference(self, mean_kw: Tensor) -> None:
        """Measure noise by the mean load of a household, kW."""
        self.reference_kw.copy_(mean_kw)

    def own(self) -> Tensor:
        """a_t at the reference load, [336], kW."""
        return self.reference_kw * _positive(self.raw_own)

    def shared(self) -> Tensor:
        """b_t at the reference load, [336], kW."""
        return self.reference_kw * _positive(self.raw_shared)

    def sigma(self) -> Tensor:
        """Noise of one household at the reference load, root mean square over the week, kW."""
        return (self.own() ** 2 + self.shared() ** 2).mean().sqrt()

    def knee(self, k: Tensor) -> Tensor:
        """Load of k [...] households below which positive curves are bent, [..., 1], kW."""
        return KNEE * self.reference_kw * k[..., None]

    def stddev(self, mean_kw: Tensor, k: Tensor) -> Tensor:
        """Noise at every half-hour of sums of k [...] households, shaped like mean_kw, kW."""
        k = k[..., None]
        variance = k * self.own() ** 2 + k**2 * self.shared() ** 2
        return (variance * self.load(mean_kw, k)).sqrt()

    def load(self, mean_kw: Tensor, k: Tensor) -> Tensor:
        """Load of k [..., 1] households that their noise follows, in multiples of the reference."""
        return (mean_kw / (k * self.reference_kw)).clamp(min=LEAST_LOAD)

    def forward(
        self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0
    ) -> CurveDistribution:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        return GaussianCurve(mean_kw, factor * self.stddev(mean_kw, k))


class WholeCurveNoise(nn.Module):
    """One learned sigma for every half-hour of the whole sum of k households (chapter 7)."""

    reference_kw: Tensor

    def __init__(self, k: int, relative: float = 0.5) -> None:
        super().__init__()
        self.k = k
        self.raw_sigma = nn.Parameter(torch.tensor(raw_of(relative)))
        self.register_buffer("reference_kw", torch.tensor(0.45))

    def set_reference(self, mean_kw: Tensor) -> None:
        """Measure noise by the mean load of a household, kW."""
        self.reference_kw.copy_(mean_kw)

    def sigma(self) -> Tensor:
        """Noise of the whole sum, kW."""
        return self.k * self.reference_kw * _positive(self.raw_sigma)

    def forward(
        self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0
    ) -> CurveDistribution:
        """Law of curves with means mean_kw [..., 336]; k is that of the model."""
        return GaussianCurve(mean_kw, factor * self.sigma().expand_as(mean_kw))


def _positive(raw: Tensor) -> Tensor:
    return SIGMA_FLOOR + softplus_of(raw)


def set_positive(raw: Tensor, value: Tensor) -> None:
    """Set raw numbers so that noise is `value`, in multiples of the reference load."""
    least = 1e-4
    free = (value - SIGMA_FLOOR).clamp(min=least)
    raw.data.copy_(torch.expm1(free).log() / GAIN)
