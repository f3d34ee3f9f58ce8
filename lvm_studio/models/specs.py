"""The sizes of the models: frozen, validated, and free of torch, so that a window can show them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lvm_studio.models.noise.specs import GlobalNoiseSpec, SimpleNoiseSpec, VectorNoiseSpec

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
    positive: bool = Field(default=False, description="no load is ever below 0")


class BurstNoiseSpec(BaseModel):
    """Noise whose memory follows the time of day, and whose lean and tails follow the load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bursts"] = "bursts"
    varying: bool = Field(
        default=True,
        description="its scale depends on sum w, z and c, by a factor between 1/e and e",
    )
    positive: bool = Field(default=False, description="no load is ever below 0")


class CurvePyramidSpec(BaseModel):
    """Noise drawn scale by scale, each given the coarser one; one scale: X1 and X2 (Eq. 6.4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["pyramid"] = "pyramid"
    scales: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="halvings of the 336 half-hours"
    )
    varying: bool = True
    positive: bool = Field(default=False, description="no load is ever below 0")


def _named(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


NoiseSpec = Annotated[
    Annotated[
        IndependentNoiseSpec
        | AutoregressiveNoiseSpec
        | BurstNoiseSpec
        | CurvePyramidSpec
        | SimpleNoiseSpec,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_named),
]
"""The noise of an observation model; its kind alone, as a text, gives the default of that kind."""


class LinearHeadSpec(BaseModel):
    """A mean curve linear in what is known, solved in closed form (`models.linear_head`).

    The scales are standard deviations of a Gaussian prior whose noise has variance `penalty`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Width = Field(
        default=24, description="scores of a household: the first coordinates of w, at most all"
    )
    anchors: Width = Field(default=96, description="households known by their own record, at most")
    reach: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="how far from an anchor its record still counts, label units"
    )
    common: Annotated[float, Field(gt=0)] = Field(
        default=0.5, description="prior scale of what all households have in common"
    )
    by_label: Annotated[float, Field(gt=0)] = Field(
        default=0.3, description="prior scale of what follows a household's label"
    )
    by_anchor: Annotated[float, Field(gt=0)] = Field(
        default=1.2, description="prior scale of what a known household does beyond its label"
    )
    penalty: Annotated[float, Field(gt=0)] = Field(
        default=20.0, description="variance of the noise, in units in which these scales hold"
    )
    smoothing: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.4,
        description="how much harder shapes of a day that tell households apart less are shrunk; "
        "0: all alike",
    )
    seasons: Annotated[tuple[float, ...], Field(min_length=1, max_length=26)] = Field(
        default=(1.0, 0.5, 0.3), description="prior scales of the year's harmonics, slowest first"
    )
    strangers: Probability = Field(
        default=0.15, description="share of households met in training as if none were known"
    )
    leaning: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5,
        description="how far the mean curve is taken back to the head's own once networks are "
        "trained, as far as that is linear",
    )


class FittedPriorSpec(BaseModel):
    """A coupling flow from N(0, I) to the aggregated posterior, fitted after training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    couplings: Depth = 6
    hidden: Width = 48
    steps: Annotated[int, Field(ge=1)] = 1000
    sums: Annotated[int, Field(ge=64)] = Field(
        default=8192, description="training curves whose posteriors are aggregated"
    )
    batch: Annotated[int, Field(ge=2, le=8192)] = 256
    matched: bool = Field(
        default=False, description="its mean and spread are those of the posteriors"
    )


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
    week_straying: Annotated[float, Field(ge=0, le=100)] = Field(
        default=0.0,
        description="how far weeks of single households stray from those of training: once "
        "trained, what z of all days has in common is sqrt(1 + straying²/K) times as wide",
    )
    noise: NoiseSpec = Field(
        default=IndependentNoiseSpec(),
        description="how curves scatter around the decoded mean: independent, autoregressive, "
        "bursts, pyramid, or a noise of vectors in shares of the mean load",
    )
    head: LinearHeadSpec | None = Field(
        default=None, description="what is linear in labels and weather, solved in closed form"
    )
    fitted_prior: FittedPriorSpec | None = Field(
        default=None, description="p(z | c, sum w) refitted to the aggregated posterior"
    )
    aggregator: Literal["mean", "chi"] = Field(
        default="mean",
        description=(
            "what the decoder sees of sum w: its mean over the parts, and curves grow with their "
            "number; or chi(sum w), gamma learned, and curves are bounded (Eq. 9.16)"
        ),
    )
    bounded: bool = Field(
        default=False,
        description="what networks add to a curve, and how far they follow z, has a bound",
    )

    @model_validator(mode="after")
    def _head_fits(self) -> CompVAESpec:
        if self.head is not None and self.aggregator == "chi":
            raise ValueError("a linear head needs the aggregator 'mean': its curves are sums")
        return self


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
    noise: NoiseSpec | None = Field(
        default=None, description="None: one learned sigma for every half-hour (chapter 7)"
    )
    bounded: bool = Field(default=False, description="how far curves follow z has a bound")
    sees_steps: bool = Field(
        default=False,
        description="q(z | x) also sees by how much load changes from each half-hour to the next",
    )
    settled: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="training sums on which level and noise are matched once more, after "
        "training and without dropout (noise 'bursts'); 0: none",
    )
    fitted_prior: FittedPriorSpec | None = Field(
        default=None, description="p(z) refitted to the aggregated posterior"
    )

    @model_validator(mode="after")
    def _can_settle(self) -> VAESpec:
        if self.settled and not isinstance(self.noise, BurstNoiseSpec):
            raise ValueError("only noise 'bursts' can be settled; choose it, or settled = 0")
        return self


class VectorVAESpec(BaseModel):
    """Sizes of a VAE of vectors of `dim` numbers (chapters 6 and 7), conditional or not (8.4.2).

    >>> VectorVAESpec(dim=2, noise="local").noise.kind
    'local'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vector_vae"] = "vector_vae"
    dim: Annotated[int, Field(ge=1, le=100_000)] = 2
    condition: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0, description="numbers k that are told of every vector; 0 for a plain VAE"
    )
    latent_z: Width = 10
    hidden: Width = 64
    blocks: Depth = 2
    dropout: Probability = 0.0
    noise: VectorNoiseSpec = Field(
        default=GlobalNoiseSpec(), description="what the observation adds to the decoded mean"
    )


class LadderSpec(BaseModel):
    """Sizes of a VAE of vectors with a chain of latent variables (4.2.3, Eq. 4.2 and 4.3).

    >>> LadderSpec(layers=(2, 4)).layers
    (2, 4)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ladder"] = "ladder"
    dim: Annotated[int, Field(ge=1, le=100_000)] = 2
    layers: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = Field(
        default=(2, 4, 8), description="coordinates of each latent variable, top of the chain first"
    )
    hidden: Width = 64
    blocks: Depth = 1
    noise: VectorNoiseSpec = Field(
        default=GlobalNoiseSpec(), description="what the observation adds to the decoded mean"
    )


PartsInference: TypeAlias = Literal["whole", "correlated", "recurrent", "accumulator"]
"""How parts are inferred: the whole first, then shared out; by a GraphNN (9.2.3); the last two
are baselines known to fail (9.2.1)."""


class SinesSpec(BaseModel):
    """Sizes of a compositional VAE of sums of sines (9.3.1).

    >>> SinesSpec(inference="recurrent").length
    200
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sines"] = "sines"
    length: Annotated[int, Field(ge=40, le=4096)] = Field(default=200, description="points, T")
    lam: Annotated[float, Field(gt=0, le=10)] = Field(
        default=3.0, description="how strongly the whole saturates, λ of Eq. 9.15"
    )
    latent_w: Width = Field(default=20, description="coordinates of each w_i, and of their sum")
    part_hidden: Width = Field(default=64, description="width of what sees single parts")
    hidden: Width = Field(default=128, description="width of what sees the whole")
    blocks: Depth = 2
    graph_layers: Depth = Field(default=3, description="GraphNN layers of 'correlated'")
    inference: PartsInference = Field(default="whole", description="how the w_i are inferred")


class AnchorsSpec(BaseModel):
    """Sizes of a compositional VAE of images of colour anchors (9.3.2).

    >>> AnchorsSpec().side
    24
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["anchors"] = "anchors"
    side: Literal[24] = Field(default=24, description="pixels across and down")
    latent_w: Width = Field(default=96, description="coordinates of each w_i, and of their sum")
    part_hidden: Width = Field(default=128, description="width of what sees single parts")
    hidden: Width = Field(default=128, description="width of what sees the whole")
    blocks: Depth = 2
    channels: Width = Field(default=16, description="channels of the image networks")
    graph_layers: Depth = Field(default=3, description="GraphNN layers of 'correlated'")
    inference: PartsInference = Field(default="whole", description="how the w_i are inferred")
    places: Literal["waves", "grid"] = Field(
        default="waves",
        description="what the networks are told of a place: waves across the image, or how near "
        "each point of a grid is, which keeps neighbours of different colour apart",
    )


HOUSEHOLD_KINDS = frozenset({"compvae", "vae"})
"""Kinds of model that learn from a household set; all others make or bring their own data."""
PARTS_KINDS = frozenset({"sines", "anchors"})
"""Kinds of model that compose artificial wholes, whose parts are known."""

ModelSpec: TypeAlias = Annotated[
    CompVAESpec | VAESpec | VectorVAESpec | LadderSpec | SinesSpec | AnchorsSpec,
    Field(discriminator="kind"),
]
