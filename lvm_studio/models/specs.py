"""The sizes of the models: frozen, validated, and free of torch, so that a window can show them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lvm_studio.models.noise.specs import GlobalNoiseSpec, VectorNoiseSpec

Width = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=0, le=32)]
Probability = Annotated[float, Field(ge=0.0, lt=1.0)]


class IndependentNoiseSpec(BaseModel):
    """Gaussian noise, drawn afresh at every half-hour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["independent"] = "independent"


class AutoregressiveNoiseSpec(BaseModel):
    """Noise that remembers the half-hour before (AR(1), learned), skewed or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["autoregressive"] = "autoregressive"
    skewed: bool = Field(default=True, description="innovations lean towards high loads")
    varying: bool = Field(
        default=True,
        description="its scale depends on sum w, z and c, by a factor between 1/e and e",
    )


def _named(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


NoiseSpec = Annotated[
    Annotated[IndependentNoiseSpec | AutoregressiveNoiseSpec, Field(discriminator="kind")],
    BeforeValidator(_named),
]
"""The noise of an observation model; its kind alone, as a text, gives the default of that kind."""


class CompVAESpec(BaseModel):
    """Sizes of a compositional VAE (chapter 9); label and context sizes come from the data.

    >>> CompVAESpec(latent_w=8).latent_w
    8
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["compvae"] = "compvae"
    latent_w: Width = Field(default=24, description="coordinates of each w_i, and of their sum")
    latent_z: Width = Field(default=4, description="coordinates of z for each of the seven days")
    part_hidden: Width = Field(
        default=64, description="width of the networks that see single parts"
    )
    day_hidden: Width = Field(default=96, description="width of the networks that see days")
    graph_layers: Depth = Field(default=2, description="GraphNN layers in q(w | x, c, labels)")
    day_blocks: Depth = Field(default=2, description="residual blocks of each day network")
    dropout: Probability = 0.1
    week_in_z: bool = Field(
        default=False,
        description="every day also sees the sum of z over the week: what all days share",
    )
    inference: Literal["correlated", "recurrent", "accumulator"] = Field(
        default="correlated",
        description="how the w_i are inferred; the last two are baselines known to fail (9.2.1)",
    )
    prior_widening: Annotated[float, Field(ge=1, le=10)] = Field(
        default=1.0,
        description="p(w | label) once trained, as a multiple of its learned width",
    )
    noise: NoiseSpec = Field(
        default=IndependentNoiseSpec(), description="independent or autoregressive"
    )


class VAESpec(BaseModel):
    """Sizes of a Gaussian VAE of the sums of `k` households (chapters 6 and 7).

    >>> VAESpec().k
    10
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vae"] = "vae"
    k: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="households in every sum"
    )
    latent_z: Width = 12
    hidden: Width = 192
    blocks: Depth = 2
    dropout: Probability = 0.1


class VectorVAESpec(BaseModel):
    """Sizes of a VAE of vectors of `dim` numbers (chapters 6 and 7).

    >>> VectorVAESpec(dim=2, noise="local").noise.kind
    'local'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vector_vae"] = "vector_vae"
    dim: Annotated[int, Field(ge=1, le=100_000)] = 2
    latent_z: Width = 10
    hidden: Width = 64
    blocks: Depth = 2
    dropout: Probability = 0.0
    noise: VectorNoiseSpec = Field(
        default=GlobalNoiseSpec(), description="what the observation adds to the decoded mean"
    )


HOUSEHOLD_KINDS = frozenset({"compvae", "vae"})
"""Kinds of model that learn from a household set; all others make or bring their own data."""

ModelSpec: TypeAlias = Annotated[CompVAESpec | VAESpec | VectorVAESpec, Field(discriminator="kind")]
