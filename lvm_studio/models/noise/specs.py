"""Which noise a model's observations have: frozen, validated, free of torch (chapters 6 and 7).

A kind is one small class of `models.noise`; `build_noise` makes it. Sizes of sigma are in the
units of the data where they are absolute (`sigma`, `sigma_min`), and shares of the data's spread
where they say `start`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, lt=1e6)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoFloor(_Spec):
    """Sigma may fall as far as it will."""

    kind: Literal["none"] = "none"


class SoftplusFloor(_Spec):
    """`sigma_min + softplus(raw)`: smooth, never reached (7.2)."""

    kind: Literal["softplus"] = "softplus"
    sigma_min: Positive = 0.01


class MaxFloor(_Spec):
    """`max(softplus(raw), sigma_min)`: reached, and then without gradient (7.2)."""

    kind: Literal["max"] = "max"
    sigma_min: Positive = 0.01


class AugmentedFloor(_Spec):
    """Every training batch gets fresh noise of sigma_min, which no latent can store (7.2)."""

    kind: Literal["augment"] = "augment"
    sigma_min: Positive = 0.01


def _named(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


FloorSpec = Annotated[
    Annotated[NoFloor | SoftplusFloor | MaxFloor | AugmentedFloor, Field(discriminator="kind")],
    BeforeValidator(_named),
]


class _Floored(_Spec):
    floor: FloorSpec = NoFloor()
    start: Positive = Field(
        default=1.0, description="first sigma, as a share of the data's spread (7.3)"
    )


class FixedNoiseSpec(_Spec):
    """One sigma, chosen and kept (6.2.1)."""

    kind: Literal["fixed"] = "fixed"
    sigma: Positive = 0.1
    floor: FloorSpec = NoFloor()


class GlobalNoiseSpec(_Floored):
    """One sigma, learned by gradient (7.1.1)."""

    kind: Literal["global"] = "global"


class BatchOptimalNoiseSpec(_Floored):
    """One sigma, set to its optimum at every batch (Eq. 7.3)."""

    kind: Literal["batch_optimal"] = "batch_optimal"


class EpochOptimalNoiseSpec(_Floored):
    """One sigma, set to its optimum over the batches of an epoch (Eq. 7.3)."""

    kind: Literal["epoch_optimal"] = "epoch_optimal"
    batches: Annotated[int, Field(ge=1)] = Field(default=100, description="that make an epoch")


class CoordinateNoiseSpec(_Floored):
    """One sigma for every coordinate, learned by gradient (footnote 1 of chapter 7)."""

    kind: Literal["coordinate"] = "coordinate"


class _Local(_Floored):
    pace: Positive = Field(
        default=0.1, description="how fast log sigma(z) follows the decoder's output"
    )
    reach: Positive = Field(
        default=3.0, description="log sigma(z) stays this close to the learned global log sigma"
    )


class LocalNoiseSpec(_Local):
    """One sigma(z) for all coordinates (7.1.2)."""

    kind: Literal["local"] = "local"


class DiagonalNoiseSpec(_Local):
    """A sigma(z) for every coordinate (Eq. 7.4)."""

    kind: Literal["diagonal"] = "diagonal"


class LogisticNoiseSpec(_Floored):
    """A logistic law summed over the cells of a grid, as for pixel levels.

    Values are levels `low, low + step, ..., high`, and the law gives them probabilities.
    """

    kind: Literal["logistic"] = "logistic"
    low: float = 0.0
    high: float = 1.0
    levels: Annotated[int, Field(ge=2, le=65_536)] = 256


class PyramidNoiseSpec(_Floored):
    """Noise scale by scale, each given the coarser one as observed (Eq. 6.4)."""

    kind: Literal["pyramid"] = "pyramid"
    scales: Annotated[int, Field(ge=1, le=12)] = Field(
        default=4, description="halvings at most; fewer where the length is not even enough"
    )


SimpleNoiseSpec = (
    FixedNoiseSpec
    | GlobalNoiseSpec
    | BatchOptimalNoiseSpec
    | EpochOptimalNoiseSpec
    | CoordinateNoiseSpec
    | LocalNoiseSpec
    | DiagonalNoiseSpec
    | LogisticNoiseSpec
)
"""Noises of vectors that those of curves add to their own."""

VectorNoiseSpec = Annotated[
    Annotated[SimpleNoiseSpec | PyramidNoiseSpec, Field(discriminator="kind")],
    BeforeValidator(_named),
]
"""The noise of a vector's observation; its kind alone, as a text, gives that kind's default."""
