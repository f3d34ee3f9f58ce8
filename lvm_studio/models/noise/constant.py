"""Noise that does not depend on z: fixed, learned by gradient, one for every coordinate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvm_studio.models.noise.base import Noise
from lvm_studio.models.noise.floors import build_floor, raw_of, softplus_of
from lvm_studio.models.noise.laws import DiagonalGaussian, Law
from lvm_studio.models.noise.specs import (
    CoordinateNoiseSpec,
    FixedNoiseSpec,
    FloorSpec,
    GlobalNoiseSpec,
)


class FixedNoise(Noise):
    """N(mean, sigma^2 I) with a sigma that only a hand can change (6.2.1).

    >>> FixedNoise(FixedNoiseSpec(sigma=0.5), 2)(torch.zeros(1, 2), torch.zeros(1, 0)).stddev
    tensor([[0.5000, 0.5000]])
    """

    level: Tensor

    def __init__(self, spec: FixedNoiseSpec, dim: int) -> None:
        super().__init__(dim)
        self._floor = build_floor(spec.floor)
        self.register_buffer("level", self._level(spec.sigma))

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        return DiagonalGaussian(mean, self.level.expand_as(mean))

    def sigma(self) -> Tensor:
        return self.level

    def _put(self, value: float) -> None:
        self.level.copy_(self._level(value))

    def _level(self, sigma: float) -> Tensor:
        return self._floor.sigma(torch.tensor(self._floor.positive(sigma)))

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        return self._floor.perturbed(x, eps)


class LearnedNoise(Noise):
    """N(mean, diag(sigma)^2) with sigma learned by gradient; base of all that learn.

    Args:
        floor: what keeps sigma up.
        start: first sigma as a share of the data's spread.
        dim: D.
        sizes: numbers learned, 1 or D.
    """

    reference: Tensor

    def __init__(self, floor: FloorSpec, start: float, dim: int, sizes: int) -> None:
        super().__init__(dim)
        self._floor = build_floor(floor)
        self.raw_sigma = nn.Parameter(torch.full((sizes,), raw_of(start)))
        self.register_buffer("reference", torch.tensor(1.0))

    def set_reference(self, spread: float) -> None:
        self.reference.fill_(spread)

    def levels(self) -> Tensor:
        """The learned sigmas, [1] or [D], in the unit of the data."""
        return self._floor.sigma(self.reference * self._positive_level())

    def _positive_level(self) -> Tensor:
        return softplus_of(self.raw_sigma)

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        return DiagonalGaussian(mean, self.levels().expand_as(mean))

    def sigma(self) -> Tensor:
        return self.levels().log().mean().exp()

    def _put(self, value: float) -> None:
        positive = self._floor.positive(value) / float(self.reference)
        self.raw_sigma.fill_(raw_of(positive))

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        return self._floor.perturbed(x, eps)


class GlobalNoise(LearnedNoise):
    """One sigma for all, learned by gradient (7.1.1)."""

    def __init__(self, spec: GlobalNoiseSpec, dim: int) -> None:
        super().__init__(spec.floor, spec.start, dim, 1)


class CoordinateNoise(LearnedNoise):
    """One sigma_i for every coordinate, learned by gradient (footnote 1 of chapter 7)."""

    def __init__(self, spec: CoordinateNoiseSpec, dim: int) -> None:
        super().__init__(spec.floor, spec.start, dim, dim)
