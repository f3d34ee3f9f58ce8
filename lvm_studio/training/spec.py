"""How a model is trained: frozen, validated, and free of torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lvm_studio.data.vectors.sources import VectorDataSpec, WeeksData
from lvm_studio.models.specs import HOUSEHOLD_KINDS, PARTS_KINDS, CompVAESpec, ModelSpec
from lvm_studio.training.objectives.specs import ObjectiveSpec

#: Settings that only sums of households read, and those that any whole of parts reads.
OF_HOUSEHOLDS = frozenset(
    {"swap_probability", "temperature_noise_c", "season_jitter_days", "labels", "withheld"}
)
OF_WHOLES = frozenset({"k_min", "k_max", "prior_path_weight"})


class TrainSpec(BaseModel):
    """One complete training run of `model`; the same spec and data give the same weights on a CPU.

    With `minutes` the run ends, and its learning rate reaches zero, when that time or `steps` is
    used up, whichever comes first; runs that must repeat exactly give `steps` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = "households"
    model: ModelSpec = CompVAESpec()
    data: VectorDataSpec | None = Field(
        default=None,
        description="what a model of vectors learns: a manifold that fresh points are drawn from, "
        "digits, or weeks of single households",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    steps: Annotated[int, Field(ge=1)] = 1400
    minutes: Annotated[float, Field(gt=0)] | None = None
    batch: Annotated[int, Field(ge=2, le=8192)] = 64
    lr: Annotated[float, Field(gt=0)] = 2e-3
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    betas: tuple[float, float] = (0.5, 0.9)
    clip_norm: Annotated[float, Field(gt=0)] = 10.0
    prior_path_weight: Annotated[float, Field(ge=0)] = Field(
        default=0.5, description="weight of the negative log-likelihood of the prior-mean path"
    )
    k_min: Annotated[int, Field(ge=1)] = 3
    k_max: Annotated[int, Field(ge=1)] = 60
    swap_probability: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="share of days exchanged with the same day of a week within two"
    )
    temperature_noise_c: Annotated[float, Field(ge=0)] = 0.7
    season_jitter_days: Annotated[float, Field(ge=0)] = 7.0
    labels: Literal["auto", "measured", "surveyed"] = Field(
        default="auto",
        description="what is told of a household: what its meter measured in training weeks too, "
        "or only what was asked of it; auto tells the latter of simulated streets",
    )
    withheld: tuple[Literal["temperature", "season", "calendar"], ...] = Field(
        default=(),
        description="what of the context is not told: temperature, season, or the calendar, which "
        "is holidays and summer time (Table 9.1)",
    )
    objective: ObjectiveSpec = ObjectiveSpec()
    q_lr: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=1.0, description="learning rate of q as a multiple of that of p (4.2.4)"
    )
    q_betas: tuple[float, float] | None = Field(
        default=None, description="inertia of q's optimiser; none: that of p's"
    )
    explosion: Annotated[float, Field(gt=1)] = Field(
        default=1000.0, description="steps with a gradient this much above the usual are skipped"
    )
    eval_samples: Annotated[int, Field(ge=0, le=4096)] = Field(
        default=0, description="draws of the tighter held-out bound (Eq. 3.5); 0: none"
    )
    eval_every: Annotated[int, Field(ge=1)] = 50
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 20.0
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @model_validator(mode="after")
    def _sizes_fit(self) -> TrainSpec:
        if self.k_min > self.k_max:
            raise ValueError(f"k_min ({self.k_min}) is above k_max ({self.k_max})")
        return self

    @property
    def unused(self) -> frozenset[str]:
        """Settings that nothing reads where a model of this kind is trained."""
        if self.composes:
            return frozenset()
        return OF_HOUSEHOLDS if self.model.kind in PARTS_KINDS else OF_HOUSEHOLDS | OF_WHOLES

    @property
    def needs_households(self) -> bool:
        """Whether a household set is learned from; other models draw or bring their own data."""
        return self.composes or isinstance(self.data, WeeksData)

    @property
    def composes(self) -> bool:
        """Whether the model is one of sums of households, which the compose page can use."""
        return self.model.kind in HOUSEHOLD_KINDS
