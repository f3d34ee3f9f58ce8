"""What is asked of a tuning: frozen, validated, and free of torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Tuned = Literal["both", "w", "z", "noise too"]
"""Which latents of a street are tuned: the sum of the households' w, the week's z, or both; or
both and the observation noise too."""


Method = Literal[
    "auto", "pool", "kept", "smc", "flow", "one by one", "rejection", "reweighting", "langevin"
]
"""How tuned weeks are sampled."""


class FlowSpec(BaseModel):
    """Sizes and schedule of one λ-conditional flow.

    With `steps` the fit depends on nothing but its seed; with `seconds` alone it ends, and its
    learning rate reaches zero, when that much time has been spent in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    couplings: Annotated[int, Field(ge=0, le=32)] = 6
    branches: Annotated[int, Field(ge=1, le=64)] = Field(
        32,
        description="most Gaussians that it starts from, if f is steep in as many directions: "
        "twice the ways to be high, since one that two ways share is soon on one of them alone",
    )
    climb_draws: Annotated[int, Field(ge=64, le=1_000_000)] = Field(
        2048,
        description="draws at each λ of the climb it starts from, which the polish learns from "
        "too: a way to be high that they do not see is lost",
    )
    splines: Annotated[int, Field(ge=0, le=32)] = Field(
        0, description="spline couplings, before the affine ones"
    )
    hidden: Annotated[int, Field(ge=1, le=1024)] = 64
    groups: Annotated[int, Field(ge=1, le=256)] = Field(8, description="λ values in a batch")
    batch: Annotated[int, Field(ge=1, le=65536)] = Field(256, description="decodes a step")
    lr: Annotated[float, Field(gt=0)] = 5e-3
    polish: Annotated[float, Field(ge=0, le=1)] = Field(
        0.4, description="last share of the fit, in which forward KL on stored draws joins"
    )
    defence: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="share of the Gaussian mixture among the draws"
    )
    side: Literal["more", "less"] = Field(
        "more", description="'less' fits the flow of -f: λ < 0, the quiet weeks"
    )
    kl_max: Annotated[float, Field(gt=0, le=20)] = Field(
        7.2, description="KL in nats at the slider's end; 'one week in 1000' is 6.9"
    )
    seconds: Annotated[float, Field(gt=0)] = 60.0
    steps: Annotated[int, Field(ge=0)] | None = None
    snapshot_every: Annotated[int, Field(ge=1)] = Field(
        25, description="steps between snapshots: about a second for a street on one core"
    )
    enough_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.97, description="stop when ESS / N is above this at every λ checked"
    )

    @model_validator(mode="after")
    def _batch_fills_groups(self) -> FlowSpec:
        if self.batch % self.groups:
            raise ValueError(f"a batch of {self.batch} does not split into {self.groups} λ values")
        return self


class SmcSpec(BaseModel):
    """Sizes of the reference sampler: it costs particles x (rounds + climbing x rungs before)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    particles: Annotated[int, Field(ge=64, le=1_000_000)] = Field(
        8192, description="draws of each round at the last rung"
    )
    climbing: Annotated[float, Field(gt=0, le=1)] = Field(
        0.375, description="share of them at each rung on the way: few will do to find the next one"
    )
    base_factor: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="so many times the draws of a rung are drawn of the base law"
    )
    islands: Annotated[int, Field(ge=2, le=64)] = Field(
        8, description="groups of draws, even in number: their spread is the error"
    )
    components: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Gaussians that propose")
    rounds: Annotated[int, Field(ge=1, le=100)] = Field(
        4, description="so many times fresh draws are added at the last rung"
    )
    least_share: Annotated[float, Field(gt=0.05, lt=1)] = Field(
        0.25, description="ESS, as a share of a rung's draws, that a step to the next λ may leave"
    )
    max_rungs: Annotated[int, Field(ge=1, le=500)] = 60

    @property
    def on_the_way(self) -> int:
        """Draws at each rung but the last: as many of every island."""
        return self.islands * max(1, round(self.climbing * self.particles / self.islands))

    @model_validator(mode="after")
    def _islands_are_alike(self) -> SmcSpec:
        if self.islands % 2 or self.particles % self.islands:
            raise ValueError(
                f"{self.particles} particles do not split into {self.islands} islands in two halves"
            )
        return self


class CompositionFlowSpec(BaseModel):
    """One flow for all compositions and weeks of a model, for one criterion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    criterion: str = "peak"
    streets: Annotated[int, Field(ge=2, le=10_000)] = Field(
        64, description="random compositions and weeks that it learns from"
    )
    components: Annotated[int, Field(ge=1, le=256)] = Field(
        4, description="principal components of the streets' summaries that it is told"
    )
    flow: FlowSpec = Field(
        default_factory=lambda: FlowSpec(groups=16, batch=512, lr=1e-3, seconds=300.0)
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Aim(BaseModel):
    """What λ should reach.

    kind 'lam': λ itself, per standard deviation of f; 'kl': KL(p̂_λ ‖ p) in nats; 'one_in_n':
    "1 week in N", which is KL = log N (10.3.2); 'expectation': E f in the criterion's unit;
    'quantile': the level of f, in its unit, that a `share` of the tuned law stays below. A λ, a KL
    or an N below 0 goes the other way: less of f.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["lam", "kl", "one_in_n", "expectation", "quantile"]
    value: Annotated[float, Field(allow_inf_nan=False)]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5


class TuneSpec(BaseModel):
    """One tuning: a criterion, what λ should reach, and how many curves to draw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    criterion: str = "peak"
    tuned: Tuned = "both"
    aim: Aim
    method: Method = Field(
        "auto",
        description="'auto': the pool where it is good enough, a flow beyond; 'kept': Gaussians of "
        "a climb, one of a few proposals kept; 'one by one': the thesis' flow for one λ; the last "
        "three are what people would otherwise use",
    )
    reference: SmcSpec | None = Field(
        None, description="SMC from two seeds beside the certificate; none if not given"
    )
    samples: Annotated[int, Field(ge=1, le=100_000)] = 200
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    pool: Annotated[int, Field(ge=256, le=1_000_000)] = 4096
    draws: Annotated[int, Field(ge=128, le=1_000_000)] = Field(
        4096, description="flow samples behind the figures"
    )
    flow: FlowSpec = Field(
        default_factory=lambda: FlowSpec(steps=300),
        description="by steps, not seconds: the same seed gives the same curves however busy the "
        "machine is",
    )
    good_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.6, description="stop fitting when ESS / N is above this at the λ found"
    )
    good_ess: Annotated[float, Field(ge=100)] = Field(
        1000.0, description="a pool worth fewer draws than this hands over to a flow"
    )
