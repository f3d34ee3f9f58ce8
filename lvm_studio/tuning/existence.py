"""Whether p̂_λ exists at all: Z is infinite where λf outgrows |u|²/2 far out.

No number of draws shows this near its limit; how f grows along the ways in which it is highest
does: slower than the square of the distance, and any λ is allowed; as the square, λ ends at
|u|²/2f; faster, there is no λ > 0 at all (a raw peak under lognormal or Student-t noise).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.potential import Potential

_RADII = (16.0, 32.0, 64.0)
_DIRECTIONS = 64
_ASCENTS = 12
_SQUARE = 2.0
_SLACK = 0.12
"""Exponents so near to two count as two."""
_OFFERED = {"peak": "log-peak"}


@dataclass(frozen=True)
class Existence:
    """How far λ may go: limit is inf where any λ does, 0 where none; growth: exponent of f."""

    limit: float
    growth: float

    def check(self, lam: float, potential: Potential) -> None:
        """Raise TuningError where p̂_λ does not exist."""
        if not abs(lam) >= self.limit:
            return
        title, name = potential.criterion.title, potential.criterion.name
        instead = f"tune {_OFFERED[name]} instead" if name in _OFFERED else "choose another f"
        if self.limit == 0.0:
            raise TuningError(
                f"{title} grows so fast far out that Z is infinite for every λ: there is no tuned "
                f"law; {instead}."
            )
        raise TuningError(
            f"{title} has no tuned law from λ = {self.limit:.3f} on (Z is infinite there), and "
            f"λ = {abs(lam):g} was asked; choose a smaller one."
        )


def existence(potential: Potential, seed: int = 0) -> Existence:
    """The limit of λ > 0 for a potential, from rays on which f grows fastest.

    64 rays turn towards growing f by its gradient (for a quadratic f that is the power method);
    `potential.mirrored()` tells it for λ < 0.
    """
    generator = torch.Generator().manual_seed(seed)
    rays = torch.randn(_DIRECTIONS, potential.dim, generator=generator)
    for _ in range(_ASCENTS):
        rays = rays / rays.norm(dim=1, keepdim=True)
        _, gradient = potential.value_and_gradient(_RADII[1] * rays)
        length = gradient.norm(dim=1, keepdim=True)
        usable = (length > 0) & torch.isfinite(length)
        rays = torch.where(usable, rays + gradient / length.clamp_min(1e-30), rays)
    rays = rays / rays.norm(dim=1, keepdim=True)
    near, middle, far = (potential.values(radius * rays) for radius in _RADII)
    return _of_growth(near, middle, far)


def _of_growth(near: Tensor, middle: Tensor, far: Tensor) -> Existence:
    if not bool(torch.isfinite(far).all()):
        return Existence(0.0, math.inf)
    rising = (far > middle) & (middle > near)
    if not bool(rising.any()):
        return Existence(math.inf, 0.0)
    growth = torch.log2((far - middle)[rising] / (middle - near)[rising])
    fastest = float(growth.max())
    if fastest > _SQUARE + _SLACK:
        return Existence(0.0, fastest)
    squares = (growth - _SQUARE).abs() <= _SLACK
    if not bool(squares.any()):
        return Existence(math.inf, fastest)
    step = 0.5 * (_RADII[2] ** 2 - _RADII[1] ** 2)
    return Existence(float((step / (far - middle)[rising][squares]).min()), fastest)
