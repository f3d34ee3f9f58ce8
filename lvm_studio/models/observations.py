"""From a spec to the noise of curves it names: those of this house, and those of any vector."""

from __future__ import annotations

from typing import TypeAlias

from lvm_studio.data.units import WEEK
from lvm_studio.models.autoregressive import AutoregressiveNoise
from lvm_studio.models.bursts import BurstNoise
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.noise.summed import SummedNoise
from lvm_studio.models.observation import PerHouseholdNoise, WholeCurveNoise
from lvm_studio.models.pyramid import CurvePyramidNoise
from lvm_studio.models.specs import (
    AutoregressiveNoiseSpec,
    BurstNoiseSpec,
    CurvePyramidSpec,
    IndependentNoiseSpec,
    NoiseSpec,
)

CurveNoise: TypeAlias = WholeCurveNoise | PerHouseholdNoise | SummedNoise


def build_observation(spec: NoiseSpec) -> PerHouseholdNoise | SummedNoise:
    """A fresh noise of sums of households.

    >>> build_observation(IndependentNoiseSpec()).sigma().item() > 0
    True
    """
    if isinstance(spec, AutoregressiveNoiseSpec):
        return AutoregressiveNoise(skewed=spec.skewed, positive=spec.positive)
    if isinstance(spec, BurstNoiseSpec):
        return BurstNoise(positive=spec.positive)
    if isinstance(spec, CurvePyramidSpec):
        return CurvePyramidNoise(spec.scales, positive=spec.positive)
    if isinstance(spec, IndependentNoiseSpec):
        return PerHouseholdNoise()
    return SummedNoise(build_noise(spec, WEEK))


def varies(spec: NoiseSpec | None, observation: CurveNoise) -> bool:
    """Whether a decoder has to tell this noise anything."""
    if isinstance(observation, SummedNoise):
        return observation.noise.outputs > 0
    return bool(getattr(spec, "varying", False))
