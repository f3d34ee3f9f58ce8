"""The households behind a sum: each one's w given the sum of all, Gaussian in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.models.street import Street


@dataclass(frozen=True, eq=False)
class Bridge:
    """The law of each w_i given the sum of all: independent Gaussians tied at their sum.

    Attributes:
        mean: [N, P, W], `m_i + s_i^2 / sum s^2 (sum w - sum m)`.
        covariance: [P, P, W] between one household of a row and another of a row, the same for
            every sum; the diagonal is the variance of one household.
    """

    mean: Tensor
    covariance: Tensor


def bridge(street: Street, sum_w: Tensor) -> Bridge:
    """The posterior of every household's w given sums [N, W].

    Tuning changes the law of the sum alone, so this holds under the tuned law as under the base.
    """
    variance = street.s**2
    tied = variance[:, None] * variance[None] / street.sum_std**2
    own = torch.diag_embed(variance.T).permute(1, 2, 0)
    return Bridge(street.part_means(sum_w), own - tied)
