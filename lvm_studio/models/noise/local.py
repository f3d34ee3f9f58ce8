"""Noise that depends on z: heavy where the data scatter, light where they do not (7.1.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from lvm_studio.models.noise.constant import LearnedNoise
from lvm_studio.models.noise.floors import raw_of
from lvm_studio.models.noise.laws import DiagonalGaussian, Law
from lvm_studio.models.noise.specs import DiagonalNoiseSpec, LocalNoiseSpec


class LocalNoise(LearnedNoise):
    """`sigma(z) = sigma * exp(reach tanh(pace raw(z) / reach))`: a learned level, and a factor.

    The level starts large and anneals as a global sigma does; the factor starts at 1 everywhere
    and moves `pace` times slower than the decoder's other outputs (7.1).
    """

    log_factor: Tensor

    def __init__(self, spec: LocalNoiseSpec | DiagonalNoiseSpec, dim: int) -> None:
        super().__init__(spec.floor, spec.start, dim, 1)
        self.outputs = 1
        self._pace, self._reach = spec.pace, spec.reach
        self.register_buffer("log_factor", torch.tensor(0.0))

    def factor(self, raw: Tensor) -> Tensor:
        """sigma(z) as a multiple of the level, shaped like raw."""
        log_factor = self._reach * torch.tanh(self._pace / self._reach * raw)
        if self.training:
            self.log_factor.copy_(log_factor.detach().mean())
        return log_factor.exp()

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        positive = self.reference * self._positive_level() * self.factor(raw)
        return DiagonalGaussian(mean, self._floor.sigma(positive).expand_as(mean))

    def sigma(self) -> Tensor:
        """Geometric mean over the last training batch."""
        positive = self.reference * self._positive_level() * self.log_factor.exp()
        return self._floor.sigma(positive)[0]

    def _put(self, value: float) -> None:
        scale = float(self.reference * self.log_factor.exp())
        self.raw_sigma.fill_(raw_of(self._floor.positive(value) / scale))


class DiagonalNoise(LocalNoise):
    """A sigma_i(z) for every coordinate (Eq. 7.4), each as `LocalNoise` has it."""

    def __init__(self, spec: DiagonalNoiseSpec, dim: int) -> None:
        super().__init__(spec, dim)
        self.outputs = dim
