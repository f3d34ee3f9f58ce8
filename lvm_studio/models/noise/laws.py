"""Laws of vectors: what an observation model gives, p(x | z) as an object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lvm_studio.models.gaussians import HALF_LOG_2PI

LOGISTIC_STDDEV = math.pi / math.sqrt(3.0)
"""Standard deviation of the standard logistic law."""


class Law(Protocol):
    """A law of vectors [..., D]."""

    @property
    def mean(self) -> Tensor:
        """The centre of the law, [..., D]; where a law says so, only near its mean."""
        ...

    @property
    def stddev(self) -> Tensor:
        """The size of its noise, [..., D], in the unit of the data."""
        ...

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density (or log-probability, on a grid) of vectors x [..., D], [...], in nats."""
        ...

    def transport(self, eps: Tensor) -> Tensor:
        """Vectors [..., D] from standard normal noise shaped like the mean, or shared, [D]."""
        ...


@runtime_checkable
class Temperable(Law, Protocol):
    """A law whose tempered version is known, normaliser and all."""

    def tempered(self, beta: float) -> Temperable:
        """The law proportional to p^(1/beta), normalised (Eq. 7.6)."""
        ...


@dataclass(frozen=True, eq=False)
class DiagonalGaussian:
    """Independent Gaussian noise on every coordinate; mean and stddev [..., D] (Eq. 7.4).

    >>> law = DiagonalGaussian(torch.zeros(3), torch.ones(3))
    >>> law.tempered(4.0).stddev
    tensor([2., 2., 2.])
    """

    mean: Tensor
    stddev: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of vectors x [..., D], [...], in nats (Eq. 7.4)."""
        eps = (x - self.mean) / self.stddev
        return (-0.5 * eps**2 - self.stddev.log()).sum(-1) - x.shape[-1] * HALF_LOG_2PI

    def transport(self, eps: Tensor) -> Tensor:
        """`mean + stddev * eps`."""
        return self.mean + self.stddev * eps

    def tempered(self, beta: float) -> DiagonalGaussian:
        """A Gaussian again: sigma^2 becomes beta sigma^2 (footnote 9 of chapter 7)."""
        return DiagonalGaussian(self.mean, self.stddev * math.sqrt(beta))


@dataclass(frozen=True, eq=False)
class Grid:
    """The levels `low, ..., high`, `levels` of them, equally far apart."""

    low: float
    high: float
    levels: int

    @property
    def step(self) -> float:
        """Distance of neighbours."""
        return (self.high - self.low) / (self.levels - 1)

    def nearest(self, x: Tensor) -> Tensor:
        """The level next to each value."""
        index = ((x - self.low) / self.step).round().clamp(0, self.levels - 1)
        return self.low + self.step * index


@dataclass(frozen=True, eq=False)
class DiscretisedLogistic:
    """A logistic law summed over the cell around each level; the outer cells are open.

    Args:
        mean, stddev: [..., D] of the logistic law before it is cut into cells.
        grid: the levels.

    >>> grid = Grid(0.0, 1.0, 5)
    >>> law = DiscretisedLogistic(torch.tensor([0.3]), torch.tensor([0.2]), grid)
    >>> x = torch.linspace(0, 1, 5)[:, None]
    >>> round(law.log_prob(x).exp().sum().item(), 5)
    1.0
    """

    mean: Tensor
    stddev: Tensor
    grid: Grid

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of the levels next to x, [...]."""
        return self.cells(self.grid.nearest(x)).sum(-1)

    def cells(self, level: Tensor) -> Tensor:
        """Log-probability of the cell around each level, shaped like level, [..., D]."""
        scale, half = self.stddev / LOGISTIC_STDDEV, 0.5 * self.grid.step
        above = (level + half - self.mean) / scale
        below = (level - half - self.mean) / scale
        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)): no cancellation
        width = (2.0 * half / scale).expand_as(above)
        inside = -softplus(-above) - softplus(below) + torch.log(-torch.expm1(-width))
        first = level <= self.grid.low + half
        last = level >= self.grid.high - half
        return torch.where(first, -softplus(-above), torch.where(last, -softplus(below), inside))

    def transport(self, eps: Tensor) -> Tensor:
        """The level that the quantile of eps falls on."""
        quantile = torch.special.log_ndtr(eps) - torch.special.log_ndtr(-eps)
        return self.grid.nearest(self.mean + self.stddev / LOGISTIC_STDDEV * quantile)

    def tempered(self, beta: float) -> TemperedLevels:
        """Normalised over the levels, exactly."""
        return TemperedLevels(self, beta)


@dataclass(frozen=True, eq=False)
class TemperedLevels:
    """`p^(1/beta)` of a law on a grid, each coordinate normalised over its levels (Eq. 7.6)."""

    base: DiscretisedLogistic
    beta: float

    @property
    def _levels(self) -> Tensor:
        grid = self.base.grid
        mean = self.base.mean
        return torch.linspace(grid.low, grid.high, grid.levels, device=mean.device)

    @cached_property
    def _log_weights(self) -> Tensor:
        """[levels, ..., D], normalised over the first axis."""
        levels = self._levels.view(-1, *(1 for _ in self.base.mean.shape))
        cells = self.base.cells(levels.expand(len(levels), *self.base.mean.shape))
        return torch.log_softmax(cells / self.beta, 0)

    @property
    def mean(self) -> Tensor:
        """Expected level, [..., D]."""
        return torch.einsum("l,l...->...", self._levels, self._log_weights.exp())

    @property
    def stddev(self) -> Tensor:
        """Standard deviation of the level, [..., D]."""
        square = torch.einsum("l,l...->...", self._levels**2, self._log_weights.exp())
        return (square - self.mean**2).clamp(min=0.0).sqrt()

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of the levels next to x [..., D], [...], in nats."""
        grid = self.base.grid
        index = ((grid.nearest(x) - grid.low) / grid.step).round().long()
        weights = self._log_weights
        index = index + torch.zeros_like(weights[0], dtype=torch.long)  # of the shape of both
        missing = (1,) * (index.dim() + 1 - weights.dim())
        weights = weights.view(len(weights), *missing, *weights.shape[1:])
        return weights.expand(-1, *index.shape).gather(0, index[None])[0].sum(-1)

    def transport(self, eps: Tensor) -> Tensor:
        """The level whose cumulative probability covers that of eps."""
        below = self._log_weights.exp().cumsum(0)
        index = (below < torch.special.ndtr(eps)).sum(0).clamp(max=self.base.grid.levels - 1)
        return self._levels[index]

    def tempered(self, beta: float) -> TemperedLevels:
        """Temperatures multiply."""
        return TemperedLevels(self.base, beta * self.beta)


@dataclass(frozen=True, eq=False)
class Scaled:
    """`scale * y` with y of another law: the same noise in another unit.

    Args:
        base: law of y [..., D].
        scale: above 0, [..., 1] or a number.
    """

    base: Temperable
    scale: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean in the new unit, [..., D]."""
        return self.scale * self.base.mean

    @property
    def stddev(self) -> Tensor:
        """Standard deviation in the new unit, [..., D]."""
        return self.scale * self.base.stddev

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of vectors x [..., D] in the new unit, [...], in nats."""
        unit = self.scale.log()
        each = unit[..., 0] if unit.dim() else unit
        return self.base.log_prob(x / self.scale) - x.shape[-1] * each

    def transport(self, eps: Tensor) -> Tensor:
        """Vectors [..., D] in the new unit from standard normal noise."""
        return self.scale * self.base.transport(eps)

    def tempered(self, beta: float) -> Scaled:
        """The tempered law in the same unit."""
        return Scaled(self.base.tempered(beta), self.scale)
