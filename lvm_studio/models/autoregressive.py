"""Autoregressive observation noise: what is high now is likely high half an hour later.

Independent noise makes curves too rough and their weekly peak too certain: it draws afresh at
every half-hour where appliances stay on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from lvm_studio.data.units import WEEK
from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.noise.floors import GAIN
from lvm_studio.models.observation import CurveDistribution, PerHouseholdNoise
from lvm_studio.models.positive import PositiveCurve

MOST_PHI = 0.98
"""No learned noise remembers longer: slower changes are the latent variables' to tell."""

FIRST_PHI = 0.3
"""Where learning phi starts."""

MOST_SKEW = 2.0
"""Bound on asinh-skew: beyond, the law hardly changes its shape any more."""

MEAN_SECANT = 1.3545308
"""E sqrt(1 + e^2) for a standard normal e."""


@dataclass(frozen=True, eq=False)
class SkewedNormal:
    """A skewed law of mean 0 and variance 1: two half-Gaussians joined smoothly.

    The sinh-arcsinh transform of a standard normal e (Jones and Pewsey, 2009, with tails of
    weight 1), standardised: `sinh(asinh(e) + skew)` has slope e^skew far to the right and
    e^-skew far to the left. Its tails stay Gaussian, so that a law tilted by its peak exists.

    Args:
        skew: any shape that broadcasts; 0 gives the normal itself.

    >>> e = torch.linspace(-3, 3, 5)
    >>> law = SkewedNormal(torch.tensor(0.7))
    >>> torch.allclose(law.inverse(law.transport(e)), e, atol=1e-4)
    True
    """

    skew: Tensor

    @property
    def _shift(self) -> Tensor:
        return MEAN_SECANT * self.skew.sinh()

    @property
    def _scale(self) -> Tensor:
        return (1.0 + (3.0 - MEAN_SECANT**2) * self.skew.sinh() ** 2).sqrt()

    def transport(self, e: Tensor) -> Tensor:
        """From standard normal noise e: increasing, one to one."""
        raw = e * self.skew.cosh() + (1.0 + e**2).sqrt() * self.skew.sinh()
        return (raw - self._shift) / self._scale

    def inverse(self, v: Tensor) -> Tensor:
        """The standard normal noise that `transport` takes to v."""
        raw = self._shift + self._scale * v
        return raw * self.skew.cosh() - (1.0 + raw**2).sqrt() * self.skew.sinh()

    def log_prob(self, v: Tensor) -> Tensor:
        """Log-density at v, elementwise, in nats."""
        e = self.inverse(v)
        # d transport / d e = (e sinh + sqrt(1 + e^2) cosh) / (sqrt(1 + e^2) scale)
        secant = (1.0 + e**2).sqrt()
        slope = (e * self.skew.sinh() / secant + self.skew.cosh()) / self._scale
        return -0.5 * e**2 - slope.log() - HALF_LOG_2PI


@dataclass(frozen=True, eq=False)
class AutoregressiveCurve:
    """`mean + stddev_t r_t` with `r_t = phi r_(t-1) + sqrt(1 - phi^2) v_t` and r_1 = v_1.

    The innovations v_t have mean 0 and variance 1, hence r_t too: `stddev` is that of the curve
    at every half-hour, and the correlation of r_s and r_t is phi^|s-t|.

    Args:
        mean, stddev: [..., T] in kW.
        phi: a number between -1 and 1.
        skew: of the innovations, [..., 1] or a number; 0 makes them normal.
    """

    mean: Tensor
    stddev: Tensor
    phi: Tensor
    skew: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves, [...]: innovations are read off, none is integrated."""
        r = (x - self.mean) / self.stddev
        fresh = (1.0 - self.phi**2).sqrt()
        v = torch.cat([r[..., :1], (r[..., 1:] - self.phi * r[..., :-1]) / fresh], -1)
        log_det = self.stddev.log().sum(-1) + (r.shape[-1] - 1) * fresh.log()
        return SkewedNormal(self.skew).log_prob(v).sum(-1) - log_det

    def transport(self, eps: Tensor) -> Tensor:
        """Curves from standard normal noise; the recursion is one product with a filter.

        Noise that all curves share, [T], passes the filter once.
        """
        v = SkewedNormal(self.skew).transport(eps)
        return self.mean + self.stddev * (v @ self._filter.T)

    @cached_property
    def _filter(self) -> Tensor:
        return ar1_filter(self.phi, self.mean.shape[-1])


def ar1_filter(phi: Tensor, length: int) -> Tensor:
    """Lower-triangular [T, T] that turns innovations v into r; phi^|s-t| is its square.

    >>> ar1_filter(torch.tensor(0.6), 3)
    tensor([[1.0000, 0.0000, 0.0000],
            [0.6000, 0.8000, 0.0000],
            [0.3600, 0.4800, 0.8000]])
    """
    powers = phi ** torch.arange(length, device=phi.device)
    decay = torch.cat([powers.new_zeros(length - 1), powers])
    toeplitz = decay.unfold(0, length, 1).flip(1)  # [t, s] -> phi^(t - s), 0 before s
    first = torch.arange(length, device=phi.device) == 0
    return toeplitz * torch.where(first, 1.0, (1.0 - phi**2).sqrt())


class AutoregressiveNoise(PerHouseholdNoise):
    """The variance laws of `PerHouseholdNoise`, with noise that remembers and leans upwards.

    phi is learned. The innovations' skew is learned at one household and shrinks as 1/sqrt(k),
    as that of a sum does.
    """

    def __init__(self, *, skewed: bool, positive: bool = False, length: int = WEEK) -> None:
        super().__init__(length=length)
        self.positive = positive
        self.raw_phi = nn.Parameter(torch.tensor(math.atanh(FIRST_PHI / MOST_PHI) / GAIN))
        self.raw_skew = nn.Parameter(torch.zeros(()), requires_grad=skewed)

    def phi(self) -> Tensor:
        """Correlation of the noise of neighbouring half-hours."""
        return MOST_PHI * (GAIN * self.raw_phi).tanh()

    def skew(self, k: Tensor) -> Tensor:
        """Skew of the innovations of sums of k households, shaped like k."""
        return MOST_SKEW * (GAIN * self.raw_skew / MOST_SKEW / k.sqrt()).tanh()

    def forward(
        self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0
    ) -> CurveDistribution:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        stddev = factor * self.stddev(mean_kw, k)
        curve = AutoregressiveCurve(mean_kw, stddev, self.phi(), self.skew(k)[..., None])
        if not self.positive:
            return curve
        return PositiveCurve(curve, self.knee(k))
