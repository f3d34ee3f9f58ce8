"""A law of mean 0 and variance 1 that leans, and whose tails are heavier or lighter than normal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lvm_studio.models.gaussians import HALF_LOG_2PI

LEAST_TAIL, MOST_TAIL = 0.7, 1.4
"""Bounds on `tail`: within them the law's constants are told to 10⁻⁶, and a tilted peak exists."""

_MIDDLE, _REACH = 1.95, 1.45
_LOG_MOMENT = (
    1.0502744, 1.3907696, 0.32267945, -0.080427443, 0.018532209, -0.00065311374, -0.002317425,
    0.0012468629, -8.3810661e-05, -0.0001170337,
)  # fmt: skip
"""log m(q) as a polynomial in (q - 1.95) / 1.45 for q between 0.5 and 3.4 (tested)."""


@dataclass(frozen=True, eq=False)
class TailedNormal:
    """sinh((asinh(e) + skew) / tail) of a standard normal e, standardised (Jones, Pewsey, 2009).

    Far out it grows as `|e|^(1 / tail)`: below 1 tails are heavier than Gaussian (yet lighter
    than exponential, so that a law tilted by its peak exists), above 1 lighter. It leans to the
    side of the sign of `skew`.

    Args:
        skew, tail: of shapes that broadcast; tail between `LEAST_TAIL` and `MOST_TAIL`.

    >>> e = torch.linspace(-3, 3, 5)
    >>> law = TailedNormal(torch.tensor(0.4), torch.tensor(0.8))
    >>> torch.allclose(law.normal_of(law.transport(e))[0], e, atol=1e-4)
    True
    """

    skew: Tensor
    tail: Tensor

    @cached_property
    def _stretch(self) -> Tensor:
        return 1.0 / self.tail

    @cached_property
    def _lean(self) -> Tensor:
        return self.skew * self._stretch

    @cached_property
    def _narrowing(self) -> Tensor:
        return 1.0 / self._scale

    @cached_property
    def _start(self) -> Tensor:
        return -self._shift * self._narrowing

    @cached_property
    def _shift(self) -> Tensor:
        return (self.skew / self.tail).sinh() * _moment(1.0 / self.tail)

    @cached_property
    def _scale(self) -> Tensor:
        lean = self.skew / self.tail
        square = 0.5 * ((2.0 * lean).cosh() * _moment(2.0 / self.tail) - 1.0)
        return (square - self._shift**2).sqrt()

    def transport(self, e: Tensor) -> Tensor:
        """From standard normal noise e: increasing, one to one."""
        raw = torch.addcmul(self._lean, self._stretch, e.asinh()).sinh()
        return torch.addcmul(self._start, self._narrowing, raw)

    def normal_of(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """The standard normal noise e that `transport` takes to v, and log de/dv."""
        raw = self._shift + self._scale * v
        e = (self.tail * raw.asinh() - self.skew).sinh()
        # de/dv = tail scale sqrt(1 + e^2) / sqrt(1 + raw^2)
        ratio = 0.5 * (torch.log1p(e**2) - torch.log1p(raw**2))
        return e, ratio + (self.tail * self._scale).log()

    def log_prob(self, v: Tensor) -> Tensor:
        """Log-density at v, elementwise, in nats."""
        e, log_slope = self.normal_of(v)
        return log_slope - 0.5 * e**2 - HALF_LOG_2PI


def _moment(q: Tensor) -> Tensor:
    """m(q) = E cosh(q asinh(e)) for a standard normal e, which Bessel functions give."""
    x = (q - _MIDDLE) / _REACH
    total = torch.full_like(x, _LOG_MOMENT[-1])
    for coefficient in reversed(_LOG_MOMENT[:-1]):
        total = torch.addcmul(x.new_tensor(coefficient), total, x)
    return total.exp()
