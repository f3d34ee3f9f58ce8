"""Observation models p(x | ...): a module takes the mean curve, a distribution comes out.

Other noises (autoregressive, skewed, pyramids) take the place of the two here by returning
another `CurveDistribution`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from lvm_studio.data.units import WEEK
from lvm_studio.models.gaussians import HALF_LOG_2PI

SIGMA_FLOOR_KW = 1e-3
"""No learned noise falls below one watt: the density stays bounded (chapter 7)."""


class CurveDistribution(Protocol):
    """A law of week curves [..., 336] in kW."""

    @property
    def mean(self) -> Tensor: ...

    @property
    def stddev(self) -> Tensor: ...

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves x [..., 336] in kW, [...], in nats."""
        ...

    def transport(self, eps: Tensor) -> Tensor:
        """Curves [..., 336] from standard normal noise shaped like the mean."""
        ...


class ObservationModel(Protocol):
    """Turns the mean of a sum of k households into a law of curves."""

    def __call__(self, mean_kw: Tensor, k: Tensor) -> CurveDistribution: ...

    def sigma(self) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class GaussianCurve:
    """Independent Gaussian noise at every half-hour; mean and stddev [..., 336] in kW.

    >>> curve = GaussianCurve(torch.zeros(2, 336), torch.ones(2, 336))
    >>> curve.log_prob(torch.zeros(2, 336)).shape
    torch.Size([2])
    """

    mean: Tensor
    stddev: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves, [...] (Eq. 7.4)."""
        eps = (x - self.mean) / self.stddev
        terms = -0.5 * eps**2 - self.stddev.log()
        return terms.sum(dim=-1) - self.mean.shape[-1] * HALF_LOG_2PI

    def transport(self, eps: Tensor) -> Tensor:
        """`mean + stddev * eps`."""
        return self.mean + self.stddev * eps


class PerHouseholdNoise(nn.Module):
    """Noise of a sum of k households: per household `a_t^2 / k + b_t^2`, learned (kW^2).

    a_t belongs to each household alone and averages out; b_t is shared by all of them. On sums
    the variance is `k a_t^2 + k^2 b_t^2`. Both start large: learning them is an annealing.
    """

    def __init__(self, own_kw: float = 0.5, shared_kw: float = 0.15, length: int = WEEK) -> None:
        super().__init__()
        self.raw_own = nn.Parameter(torch.full((length,), _inverse_softplus(own_kw)))
        self.raw_shared = nn.Parameter(torch.full((length,), _inverse_softplus(shared_kw)))

    def own(self) -> Tensor:
        """a_t, [336], kW."""
        return SIGMA_FLOOR_KW + softplus(self.raw_own)

    def shared(self) -> Tensor:
        """b_t, [336], kW."""
        return SIGMA_FLOOR_KW + softplus(self.raw_shared)

    def sigma(self) -> Tensor:
        """Noise of one household, root mean square over the week, kW."""
        return (self.own() ** 2 + self.shared() ** 2).mean().sqrt()

    def forward(self, mean_kw: Tensor, k: Tensor) -> GaussianCurve:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        k = k[..., None]
        variance = k * self.own() ** 2 + k**2 * self.shared() ** 2
        return GaussianCurve(mean_kw, variance.sqrt().expand_as(mean_kw))


class GlobalNoise(nn.Module):
    """One learned sigma for every half-hour of the whole sum (chapter 7), kW."""

    def __init__(self, sigma_kw: float = 2.0) -> None:
        super().__init__()
        self.raw_sigma = nn.Parameter(torch.tensor(_inverse_softplus(sigma_kw)))

    def sigma(self) -> Tensor:
        """Noise of the whole sum, kW."""
        return SIGMA_FLOOR_KW + softplus(self.raw_sigma)

    def forward(self, mean_kw: Tensor, k: Tensor) -> GaussianCurve:
        """Law of curves with means mean_kw [..., 336]; k does not matter."""
        return GaussianCurve(mean_kw, self.sigma().expand_as(mean_kw))


def _inverse_softplus(y: float) -> float:
    return math.log(math.expm1(y))
