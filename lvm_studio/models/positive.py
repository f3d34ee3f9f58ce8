"""Loads that are never negative: any law of curves, bent just above zero."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lvm_studio.models.observation import CurveDistribution

LEAST_SHARE = 0.05
"""A measured load counts as at least this share of `knee`: a density has to end somewhere."""


@dataclass(frozen=True, eq=False)
class PositiveCurve:
    """x = knee softplus(y / knee) for curves y of another law: above 0, and y where y is large.

    The upper tail is that of the other law, so that a law tilted by its peak exists where it did.

    Args:
        raw: the law of y.
        knee: [..., 1] in kW, the load below which curves are bent.
    """

    raw: CurveDistribution
    knee: Tensor

    @property
    def mean(self) -> Tensor:
        """The bent mean of y, [..., T] in kW: the mean of x but for the bend's convexity."""
        return self.knee * softplus(self.raw.mean / self.knee)

    @property
    def stddev(self) -> Tensor:
        """Of y, [..., T] in kW."""
        return self.raw.stddev

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves x [..., T], [...], in nats."""
        level = (x / self.knee).clamp(min=LEAST_SHARE)
        share = -torch.expm1(-level)  # dx / dy
        return self.raw.log_prob(unbent(x, self.knee)) - share.log().sum(-1)

    def transport(self, eps: Tensor) -> Tensor:
        """Curves from standard normal noise, all above 0."""
        return self.knee * softplus(self.raw.transport(eps) / self.knee)


def unbent(x: Tensor, knee: Tensor) -> Tensor:
    """The y that was bent to x, in kW.

    >>> unbent(torch.tensor([3.0]), torch.tensor(0.1))
    tensor([3.])
    """
    level = (x / knee).clamp(min=LEAST_SHARE)
    return knee * (level + (-torch.expm1(-level)).log())
