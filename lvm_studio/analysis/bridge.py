"""A household behind a sum: the law of its w given the sum of all, Gaussian in closed form."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lvm_studio.models.street import Street


@dataclass(frozen=True, eq=False)
class Bridge:
    """The law of one household's w given the sum of all: independent Gaussians, each coordinate.

    Attributes:
        mean: [N, W], `m_i + s_i^2 / sum s^2 (sum w - sum m)`, one row a sum.
        variance: [W], `s_i^2 (1 - s_i^2 / sum s^2)`, the same for every sum.
    """

    mean: Tensor
    variance: Tensor


def bridge(street: Street, row: int, sum_w: Tensor) -> Bridge:
    """The posterior of the w of one household of a row of the street, given sums [N, W].

    Tuning changes the law of the sum alone, so this holds under the tuned law as under the base.
    Households of one street are tied (their w add up to the sum): draw one of them at a time.
    """
    own, total = street.s[row] ** 2, street.sum_std**2
    mean = street.m[row] + own / total * (sum_w - street.sum_mean)
    return Bridge(mean, own * ((total - own) / total).clamp_min(0.0))
