"""Whether p̂_λ exists at all: Z is infinite where λf outgrows |u|²/2 far out.

No number of draws shows this near its limit; how f grows along the ways in which it is highest
does: slower than the square of the distance, and any λ is allowed; as the square, λ ends at
|u|²/2f; faster, there is no λ > 0 at all (a raw peak under lognormal or Student-t noise).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError

_RADII = (4.0, 8.0, 16.0, 32.0, 64.0)
"""Distances |u| at which f is looked at; each doubles the one before."""
_DIRECTIONS = 64
_ASCENTS = 12
"""Steps by which rays turn towards growing f."""
_OPPOSITE = 1e-3
"""Length of a ray's sum with the way up, below which it lies against it."""
_SQUARE = 2.0
_LINEAR = 1.2
"""Exponent of f along a ray up to which it counts as straight."""
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
        fault = self.fault(lam, potential)
        if fault:
            raise TuningError(fault)

    def fault(self, lam: float, potential: Potential) -> str:
        """Why p̂_λ does not exist, in a sentence; '' where it does."""
        if abs(lam) < self.limit:
            return ""
        title, name = potential.criterion.title, potential.criterion.name
        instead = f"tune {_OFFERED[name]} instead" if name in _OFFERED else "choose another f"
        if self.limit == 0.0:
            return (
                f"{title} grows so fast far out that Z is infinite for every λ: there is no tuned "
                f"law; {instead}."
            )
        return (
            f"{title} has no tuned law from λ = {self.limit:.3f} on (Z is infinite there), and "
            f"λ = {abs(lam):g} was asked; choose a smaller one."
        )


def existence(potential: Potential, seed: int = 0) -> Existence:
    """The limit of λ > 0 for a potential, from rays on which f grows fastest.

    64 rays turn towards growing f by its gradient (for a quadratic f that is the power method);
    `potential.mirrored()` tells it for λ < 0.
    """
    return next(found for found in existence_in_slices(potential, seed) if found is not None)


def existence_in_slices(potential: Potential, seed: int = 0) -> Iterator[Existence | None]:
    """`existence` with a pause (None) after each turn of the rays: some 10 ms for a street."""
    generator = torch.Generator().manual_seed(seed)
    rays = torch.randn(_DIRECTIONS, potential.dim, generator=generator)
    for _ in range(_ASCENTS):
        rays = rays / rays.norm(dim=1, keepdim=True)
        _, gradient = potential.value_and_gradient(_RADII[3] * rays)
        length = gradient.norm(dim=1, keepdim=True)
        usable = (length > 0) & torch.isfinite(length)
        upwards = gradient / length.clamp_min(1e-30)
        turned = rays + upwards
        against = turned.norm(dim=1, keepdim=True) < _OPPOSITE  # always, in a single dimension
        turned = torch.where(against, upwards, turned)
        rays = torch.where(usable, turned, rays)
        yield None
    rays = rays / rays.norm(dim=1, keepdim=True)
    yield _of_growth(torch.stack([potential.values(radius * rays) for radius in _RADII]))


def _of_growth(f: Tensor) -> Existence:
    """From f [radii, rays].

    A slope that steepens once, at a kink of the decoder, looks like growth over the two steps
    around it, and only there: a ray that is straight over another one is straight.
    """
    if not bool(torch.isfinite(f[-1]).all()):
        return Existence(0.0, math.inf)
    rises = f.diff(dim=0)
    rising = (rises > 0.0).all(dim=0)
    if not bool(rising.any()):
        return Existence(math.inf, 0.0)
    rises = rises[:, rising]
    steps = torch.log2(rises[1:] / rises[:-1])
    slowest = steps.min(dim=0).values
    growth = torch.where(slowest <= _LINEAR, slowest, steps[-1])
    fastest = float(growth.max())
    if fastest > _SQUARE + _SLACK:
        return Existence(0.0, fastest)
    squares = (growth - _SQUARE).abs() <= _SLACK
    if not bool(squares.any()):
        return Existence(math.inf, fastest)
    step = 0.5 * (_RADII[-1] ** 2 - _RADII[-2] ** 2)
    return Existence(float((step / rises[-1, squares]).min()), fastest)
