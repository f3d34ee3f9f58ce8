"""Learning from households: the sampler, the held-out batch, and the encoders that go with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import STATISTICS, LabelEncoder
from lvm_studio.data.sampler import AggregateBatch, AggregateSampler, Augmentation
from lvm_studio.data.units import WEEK
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.linear_head import LinearHead
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.training.fitted_prior import refitting_prior
from lvm_studio.training.leaning import lean_on_head
from lvm_studio.training.linear_head import HouseholdWeeks, fit_head, fold_of
from lvm_studio.training.problem import choose_device, common_provenance
from lvm_studio.training.settling import settle
from lvm_studio.training.spec import TrainSpec

HELDOUT_BATCH = 96
HELDOUT_SEED = 2013


class HouseholdProblem:
    """A household set made ready for a training run on a device."""

    def __init__(self, spec: TrainSpec, households: HouseholdSet) -> None:
        _check_sizes(spec)
        self.spec = spec
        self.households = households
        self.device = choose_device(spec.device)
        self.labels = LabelEncoder.fit(households, told_statistics(spec, households))
        self.context = ContextEncoder(spec.withheld)
        self.sampler = AggregateSampler.for_training(
            households,
            self.labels,
            self.context,
            k_range=(spec.k_min, spec.k_max),
            augmentation=_augmentation(spec),
            draws="distinct",  # two alike are two houses, not one curve twice
            device=self.device,
        )

    @property
    def dataset(self) -> str:
        """Name of the household set."""
        return self.households.name

    @property
    def size(self) -> int:
        """Half-hours of a curve."""
        return WEEK

    def draw(self, batch: int, generator: torch.Generator) -> AggregateBatch:
        """Fresh sums of fresh sets of households."""
        return self.sampler.sample(batch, generator)

    def new_module(self) -> LatentVariableModel:
        """A fresh module on the device, scaled to these households."""
        module = build_module(
            self.spec.model,
            labels=self.labels.dim,
            context=self.context.dim,
            seed=self.spec.seed,
        )
        assert isinstance(module, CompVAE | GaussianVAE)  # the registry of problems sees to it
        module.set_scale(self._mean_curve())
        if isinstance(module, CompVAE) and module.head is not None:
            self._fit_head(module.head)
        return module.to(self.device)

    def _fit_head(self, head: LinearHead) -> None:
        weeks, split = self.households.weeks, self.households.split
        rows = self.households.indices(split.train_households)
        columns = weeks.indices(split.train_weeks)
        there = np.ix_(rows, columns)
        context = self.context.contexts(
            weeks.temperature_c[columns],
            weeks.starts[columns],
            self.households.time_zone,
            self.households.country,
        )
        data = HouseholdWeeks(
            power_kw=weeks.power_kw[there],
            complete=weeks.complete[there],
            labels=self.labels.encode(self.households)[rows],
            context=context,
        )
        fold_of_week = torch.full((len(weeks.ids),), -1)
        fold_of_week[torch.from_numpy(columns)] = fold_of(len(columns))
        head.fill_folds(fit_head(head, data), fold_of_week)

    def _mean_curve(self) -> torch.Tensor:
        """Mean week of a training household over the training weeks it is complete in, [336]."""
        weeks, split = self.households.weeks, self.households.split
        rows = self.households.indices(split.train_households)
        columns = weeks.indices(split.train_weeks)
        total, seen = np.zeros(WEEK), 0
        for row in rows:  # in float64: float32 sums of millions of weeks lose small loads
            complete = weeks.complete[row, columns]
            total += weeks.power_kw[row, columns][complete].sum(axis=0, dtype=np.float64)
            seen += int(complete.sum())
        return torch.from_numpy(total / seen).float()

    def heldout_batch(self) -> AggregateBatch | None:
        """The same sums of training households over held-out weeks for every run, or None."""
        if not self.households.split.heldout_weeks:
            return None
        sampler = AggregateSampler.for_heldout_weeks(
            self.households,
            self.labels,
            self.context,
            k_range=(self.spec.k_min, self.spec.k_max),
            draws="distinct",
            device=self.device,
        )
        return sampler.sample(HELDOUT_BATCH, torch.Generator().manual_seed(HELDOUT_SEED))

    def refine(self, module: LatentVariableModel) -> Iterator[float]:
        """Settle what can be, then refit the prior over z, if the module has one to refit."""
        assert isinstance(module, CompVAE | GaussianVAE)
        if isinstance(module, GaussianVAE):
            settle(module, self.draw, self.spec.seed)
        else:
            lean_on_head(module, self.draw, self.spec.seed)
        yield from refitting_prior(module, self.draw, self.spec.seed)

    def trained_model(
        self,
        module: LatentVariableModel,
        provenance: Mapping[str, str | float | int],
        history: Mapping[str, NDArray[Any]],
    ) -> TrainedModel:
        """A copy of the module on the CPU with the encoders it was trained with."""
        copy = build_module(
            self.spec.model, labels=self.labels.dim, context=self.context.dim, seed=0
        )
        copy.load_state_dict(module.state_dict())
        labelled = isinstance(self.spec.model, CompVAESpec)
        return TrainedModel(
            name=f"{self.households.name} {self.spec.recipe}",
            spec=self.spec.model,
            module=copy,
            labels=self.labels if labelled else None,
            context=self.context,
            provenance={
                **common_provenance(self.spec, self.device),
                "dataset": self.households.name,
                "dataset_attribution": self.households.provenance.attribution,
                **provenance,
            },
            history=history,
        )


def told_statistics(spec: TrainSpec, households: HouseholdSet) -> tuple[str, ...]:
    """What of the training weeks' readings goes into labels: of a simulated street nothing.

    Its truth is known given what was asked of the households (`StreetTruth`), so that a model is
    told the same.
    """
    told = spec.labels
    if told == "auto":
        told = "surveyed" if households.provenance.simulated else "measured"
    return STATISTICS if told == "measured" else ()


def _augmentation(spec: TrainSpec) -> Augmentation:
    return Augmentation(
        swap_probability=spec.swap_probability,
        temperature_noise_c=0.0 if "temperature" in spec.withheld else spec.temperature_noise_c,
        season_jitter_days=0.0 if "season" in spec.withheld else spec.season_jitter_days,
    )


def _check_sizes(spec: TrainSpec) -> None:
    if spec.model.kind == "vae" and (spec.k_min, spec.k_max) != (spec.model.k, spec.model.k):
        raise DataError(
            f"A VAE of sums of {spec.model.k} households trains on exactly these: "
            f"set k_min and k_max to {spec.model.k}."
        )
