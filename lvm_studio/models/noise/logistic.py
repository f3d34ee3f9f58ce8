"""Values on a grid of levels: a discretised logistic law with one learned width."""

from __future__ import annotations

from torch import Tensor

from lvm_studio.models.noise.constant import LearnedNoise
from lvm_studio.models.noise.laws import DiscretisedLogistic, Grid, Law
from lvm_studio.models.noise.specs import LogisticNoiseSpec


class LogisticNoise(LearnedNoise):
    """Probabilities of levels around the mean; sigma is that of the law before it is cut."""

    def __init__(self, spec: LogisticNoiseSpec, dim: int) -> None:
        super().__init__(spec.floor, spec.start, dim, 1)
        self._grid = Grid(spec.low, spec.high, spec.levels)

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        return DiscretisedLogistic(mean, self.levels().expand_as(mean), self._grid)
