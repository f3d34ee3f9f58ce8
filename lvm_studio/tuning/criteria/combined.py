"""Criteria made of others: a weighted sum, and f of the mean curve."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.criteria.protocol import Criterion


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """Criteria added up, each in its natural unit times its weight."""

    name: str
    weights: tuple[float, ...]
    criteria: tuple[Criterion, ...]

    @property
    def title(self) -> str:
        parts = zip(self.weights, self.criteria, strict=True)
        return " ".join(f"{weight:+g} {each.title}" for weight, each in parts).removeprefix("+")

    @property
    def unit(self) -> str:
        units = {each.unit for each in self.criteria}
        return units.pop() if len(units) == 1 else "mixed units"

    @property
    def noise_draws(self) -> int:
        return max(each.noise_draws for each in self.criteria)

    def __call__(self, curves_kw: Tensor) -> Tensor:
        parts = zip(self.weights, self.criteria, strict=True)
        return torch.stack([weight * each(curves_kw) for weight, each in parts]).sum(dim=0)


@dataclass(frozen=True, eq=False)
class AtTheMean:
    """A criterion of the mean curve: what noise would add to it is left out."""

    criterion: Criterion

    noise_draws = 0

    @property
    def name(self) -> str:
        return f"{self.criterion.name}@mean"

    @property
    def title(self) -> str:
        return f"{self.criterion.title} of the mean curve"

    @property
    def unit(self) -> str:
        return self.criterion.unit

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return self.criterion(curves_kw)
