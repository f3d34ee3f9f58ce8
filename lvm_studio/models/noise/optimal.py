"""Noise set to its optimum, the mean squared error per coordinate (Eq. 7.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from lvm_studio.models.noise.base import Noise
from lvm_studio.models.noise.floors import build_floor
from lvm_studio.models.noise.laws import DiagonalGaussian, Law
from lvm_studio.models.noise.specs import BatchOptimalNoiseSpec, EpochOptimalNoiseSpec

TINY = 1e-12
"""Variance below which no batch takes sigma: the density stays a number."""


class BatchOptimalNoise(Noise):
    """sigma^2 = e^2 / D of the batch at hand (Eq. 7.3); the floor 'softplus' adds sigma_min to it.

    No gradient passes through sigma: at its optimum the bound does not change with it.
    """

    level: Tensor

    def __init__(self, spec: BatchOptimalNoiseSpec | EpochOptimalNoiseSpec, dim: int) -> None:
        super().__init__(dim)
        self._floor = build_floor(spec.floor)
        self._start = spec.start
        self.register_buffer("level", torch.tensor(spec.start))

    def set_reference(self, spread: float) -> None:
        self.level.fill_(self._start * spread)

    def fit(self, x: Tensor, mean: Tensor) -> None:
        self._move(mean_square(x, mean))

    def _move(self, square: Tensor) -> None:
        self.level.copy_(square.clamp(min=TINY).sqrt())

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        return DiagonalGaussian(mean, self.sigma().expand_as(mean))

    def sigma(self) -> Tensor:
        return self._floor.sigma(self.level)

    def _put(self, value: float) -> None:
        self.level.fill_(self._floor.positive(value))

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        return self._floor.perturbed(x, eps)


class EpochOptimalNoise(BatchOptimalNoise):
    """sigma^2 = e^2 / D over the batches of the epoch before (Eq. 7.3)."""

    total: Tensor
    seen: Tensor

    def __init__(self, spec: EpochOptimalNoiseSpec, dim: int) -> None:
        super().__init__(spec, dim)
        self._batches = spec.batches
        self.register_buffer("total", torch.tensor(0.0))
        self.register_buffer("seen", torch.tensor(0.0))

    def fit(self, x: Tensor, mean: Tensor) -> None:
        total, seen = self.total + mean_square(x, mean), self.seen + 1.0
        over = seen >= self._batches
        self._move(torch.where(over, total / seen, self.level**2))
        self.total.copy_(torch.where(over, 0.0, total))
        self.seen.copy_(torch.where(over, 0.0, seen))


def mean_square(x: Tensor, mean: Tensor) -> Tensor:
    """Mean squared error per coordinate, a number without gradient."""
    return ((x - mean.detach()) ** 2).mean()
