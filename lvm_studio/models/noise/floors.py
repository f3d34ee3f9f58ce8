"""How sigma is kept from collapsing (7.2): four small objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor
from torch.nn.functional import softplus

from lvm_studio.models.noise.specs import (
    AugmentedFloor,
    FloorSpec,
    MaxFloor,
    NoFloor,
    SoftplusFloor,
)


class Floor(Protocol):
    """Turns what is learned into a sigma, and back."""

    def sigma(self, positive: Tensor) -> Tensor:
        """Sigma from a positive number."""
        ...

    def positive(self, sigma: float) -> float:
        """The positive number that gives this sigma, or the nearest there is."""
        ...

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        """The training batch with what the floor adds to it."""
        ...


class _Untouched:
    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        return x


@dataclass(frozen=True)
class _None(_Untouched):
    def sigma(self, positive: Tensor) -> Tensor:
        return positive

    def positive(self, sigma: float) -> float:
        return sigma


@dataclass(frozen=True)
class _Sum(_Untouched):
    least: float

    def sigma(self, positive: Tensor) -> Tensor:
        return self.least + positive

    def positive(self, sigma: float) -> float:
        return max(sigma - self.least, 1e-6 * self.least)


@dataclass(frozen=True)
class _Max(_Untouched):
    least: float

    def sigma(self, positive: Tensor) -> Tensor:
        return positive.clamp(min=self.least)

    def positive(self, sigma: float) -> float:
        return max(sigma, self.least)


@dataclass(frozen=True)
class _Augmented(_None):
    least: float

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        return x + self.least * eps


_FLOORS: Mapping[type[Any], Callable[[Any], Floor]] = {
    NoFloor: lambda spec: _None(),
    SoftplusFloor: lambda spec: _Sum(spec.sigma_min),
    MaxFloor: lambda spec: _Max(spec.sigma_min),
    AugmentedFloor: lambda spec: _Augmented(spec.sigma_min),
}


def build_floor(spec: FloorSpec) -> Floor:
    """The floor a spec names.

    >>> import torch
    >>> build_floor(SoftplusFloor(sigma_min=0.5)).sigma(torch.tensor(1.0)).item()
    1.5
    """
    return _FLOORS[type(spec)](spec)


GAIN = 5.0
"""Noise learns this much faster than weights do: it has far to go and must arrive early."""


def softplus_of(raw: Tensor) -> Tensor:
    """`softplus(GAIN raw)`: positive, and `GAIN` times faster to learn than a weight."""
    return softplus(GAIN * raw)


def raw_of(positive: float) -> float:
    """What `softplus_of` takes to `positive`.

    >>> import torch
    >>> round(softplus_of(torch.tensor(raw_of(0.3))).item(), 6)
    0.3
    """
    return (positive + math.log(-math.expm1(-positive))) / GAIN
