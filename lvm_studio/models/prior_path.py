"""What the prior says of a composition before its curve is seen: the means of w and z, decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from lvm_studio.models.noise.laws import DiagonalGaussian
from lvm_studio.models.observation import CurveDistribution


@dataclass(frozen=True, eq=False)
class PriorPath:
    """The prior of the parts, of their sum, and the curve at the prior means.

    m, s: [B, K, W] of p(w | label); sum_mean, sum_std: [B, W] of p(sum w);
    curve: the law of curves at the means of w and z; widening: s and sum_std as multiples of
    what was learned.
    """

    m: Tensor
    s: Tensor
    sum_mean: Tensor
    sum_std: Tensor
    curve: CurveDistribution
    widening: float

    def repeated(self, samples: int) -> PriorPath:
        """The fields that q(z) looks at, once for each of `samples` draws: [S B, ...].

        Of the curve it looks at mean and stddev alone, so that independent noise stands in.
        """
        curve = self.curve
        return replace(
            self,
            sum_mean=repeated(self.sum_mean, samples),
            sum_std=repeated(self.sum_std, samples),
            curve=DiagonalGaussian(repeated(curve.mean, samples), repeated(curve.stddev, samples)),
        )


def repeated(values: Tensor, samples: int) -> Tensor:
    """[B, ...] -> [S B, ...]: all rows, then all of them again.

    >>> import torch
    >>> repeated(torch.tensor([1, 2]), 2)
    tensor([1, 2, 1, 2])
    """
    return values.repeat(samples, *(1 for _ in values.shape[1:]))
