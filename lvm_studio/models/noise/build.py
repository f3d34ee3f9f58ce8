"""From a spec to the noise it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lvm_studio.models.noise.base import Noise
from lvm_studio.models.noise.constant import CoordinateNoise, FixedNoise, GlobalNoise
from lvm_studio.models.noise.local import DiagonalNoise, LocalNoise
from lvm_studio.models.noise.logistic import LogisticNoise
from lvm_studio.models.noise.optimal import BatchOptimalNoise, EpochOptimalNoise
from lvm_studio.models.noise.pyramid import PyramidNoise
from lvm_studio.models.noise.specs import (
    BatchOptimalNoiseSpec,
    CoordinateNoiseSpec,
    DiagonalNoiseSpec,
    EpochOptimalNoiseSpec,
    FixedNoiseSpec,
    GlobalNoiseSpec,
    LocalNoiseSpec,
    LogisticNoiseSpec,
    PyramidNoiseSpec,
    VectorNoiseSpec,
)

NOISES: Mapping[type[Any], Callable[[Any, int], Noise]] = {
    FixedNoiseSpec: FixedNoise,
    GlobalNoiseSpec: GlobalNoise,
    BatchOptimalNoiseSpec: BatchOptimalNoise,
    EpochOptimalNoiseSpec: EpochOptimalNoise,
    CoordinateNoiseSpec: CoordinateNoise,
    LocalNoiseSpec: LocalNoise,
    DiagonalNoiseSpec: DiagonalNoise,
    LogisticNoiseSpec: LogisticNoise,
    PyramidNoiseSpec: PyramidNoise,
}


def build_noise(spec: VectorNoiseSpec, dim: int) -> Noise:
    """A fresh noise of vectors of `dim` numbers.

    >>> build_noise(GlobalNoiseSpec(start=0.5), 3).sigma().item()
    0.5
    """
    return NOISES[type(spec)](spec, dim)
