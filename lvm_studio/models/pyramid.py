"""Curves observed on two levels and more: the coarse curve X1, then X2 given X1 (Eq. 6.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lvm_studio.data.units import WEEK
from lvm_studio.models.noise.floors import GAIN
from lvm_studio.models.noise.pyramid import SEEN, PyramidGaussian
from lvm_studio.models.observation import CurveDistribution, PerHouseholdNoise
from lvm_studio.models.positive import PositiveCurve


@dataclass(frozen=True, eq=False)
class PyramidCurve:
    """`mean + stddev_t r_t`, where r is drawn scale by scale, each given the coarser one.

    Args:
        mean, stddev: [..., T] in kW; r has variance 1 on average over the half-hours.
        r: the law of r, around 0.
    """

    mean: Tensor
    stddev: Tensor
    r: PyramidGaussian

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves x [..., T], [...], in nats."""
        return self.r.log_prob((x - self.mean) / self.stddev) - self.stddev.log().sum(-1)

    def transport(self, eps: Tensor) -> Tensor:
        """Curves from standard normal noise, spent on the coarsest scale first."""
        return self.mean + self.stddev * self.r.transport(eps)


class CurvePyramidNoise(PerHouseholdNoise):
    """The variance laws of `PerHouseholdNoise`, shared out among scales.

    What share of the variance each scale has, and how far the coarser scale tells the finer one,
    is learned. The shares make up 1, so that `stddev` stays that of the curve.
    """

    def __init__(self, scales: int, *, positive: bool = False, length: int = WEEK) -> None:
        super().__init__(length=length)
        self.positive = positive
        self.raw_share = nn.Parameter(torch.zeros(1 + scales))
        self.couplings = nn.Parameter(torch.zeros(scales, SEEN))

    def law(self, length: int) -> PyramidGaussian:
        """The law of r on `length` half-hours."""
        levels = (GAIN * self.raw_share).exp()
        zero = levels.new_zeros(length)
        free = PyramidGaussian(zero, levels, self.couplings)
        scale = free.stddev.square().mean().sqrt()
        return PyramidGaussian(zero, levels / scale, self.couplings)

    def forward(
        self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0
    ) -> CurveDistribution:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        stddev = factor * self.stddev(mean_kw, k)
        curve = PyramidCurve(mean_kw, stddev, self.law(mean_kw.shape[-1]))
        return PositiveCurve(curve, self.knee(k)) if self.positive else curve
