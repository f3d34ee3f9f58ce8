"""Learning vectors: fresh points around a manifold without end, or the rows of a set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.data.vectors.conditions import VectorColumns
from lvm_studio.data.vectors.manifolds import Manifold
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.sources import DigitsData, WeeksData
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.ladder import LadderVAE
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.problem import choose_device, common_provenance
from lvm_studio.training.spec import TrainSpec

HELDOUT_POINTS = 2000
HELDOUT_SEED = 1503
HELDOUT_SHARE = 0.1
SCALE_POINTS = 10_000
SCALE_SEED = 1504


class VectorsProblem(ABC):
    """What all problems of vectors have in common; x is on the CPU, batches on the device."""

    def __init__(self, spec: TrainSpec, dim: int) -> None:
        if getattr(spec.model, "dim", dim) != dim:
            raise DataError(f"The vectors have {dim} numbers each; set model.dim to {dim}.")
        self.spec = spec
        self.device = choose_device(spec.device)
        self._dim = dim

    @property
    @abstractmethod
    def dataset(self) -> str:
        """Name of what is learned."""

    @abstractmethod
    def sample(self, count: int, rng: np.random.Generator) -> VectorSet:
        """Rows to train on, drawn by `rng`."""

    @abstractmethod
    def heldout(self) -> VectorSet:
        """Rows that are never trained on."""

    @property
    def size(self) -> int:
        """D."""
        return self._dim

    @property
    def columns(self) -> VectorColumns:
        """What the numbers are, as far as it is known."""
        return VectorColumns()

    def draw(self, batch: int, generator: torch.Generator) -> VectorBatch:
        """Fresh rows."""
        seed = int(torch.randint(2**62, (), generator=generator))
        return self._batch(self.sample(batch, np.random.default_rng(seed)))

    def heldout_batch(self) -> VectorBatch:
        """The same rows for every run."""
        return self._batch(self.heldout())

    def _batch(self, rows: VectorSet) -> VectorBatch:
        k = rows.x[:, :0] if rows.k is None else rows.k
        return VectorBatch(*(torch.from_numpy(a).to(self.device) for a in (rows.x, k)))

    def new_module(self) -> LatentVariableModel:
        """A fresh module on the device, scaled to these vectors; DataError if all are alike."""
        module = build_module(self.spec.model, seed=self.spec.seed)
        assert isinstance(module, VectorVAE | LadderVAE)  # the registry of problems sees to it
        sample = self.sample(SCALE_POINTS, np.random.default_rng(SCALE_SEED))
        if (sample.x == sample.x[0]).all():
            raise DataError(f"{self.dataset}: all vectors are alike; there is nothing to learn.")
        k = None if sample.k is None else torch.from_numpy(sample.k)
        module.set_scale(torch.from_numpy(sample.x), k)
        return module.to(self.device)

    def trained_model(
        self,
        module: LatentVariableModel,
        provenance: Mapping[str, str | float | int],
        history: Mapping[str, NDArray[Any]],
    ) -> TrainedModel:
        """A copy of the module on the CPU."""
        copy = build_module(self.spec.model)
        copy.load_state_dict(module.state_dict())
        common = common_provenance(self.spec, self.device)
        return TrainedModel(
            name=_named(self.dataset, self.spec.recipe),
            spec=self.spec.model,
            module=copy,
            labels=None,
            context=None,
            provenance={**common, "dataset": self.dataset, **provenance, **self._layers(copy)},
            history=history,
            columns=self.columns,
        )

    def _layers(self, module: LatentVariableModel) -> dict[str, float]:
        """Bits that each layer of a chain holds of the held-out rows: dead layers are near 0."""
        if not isinstance(module, LadderVAE):
            return {}
        x, generator = torch.from_numpy(self.heldout().x), torch.Generator().manual_seed(0)
        return {f"bits_layer_{n}": b for n, b in enumerate(module.bits(x, generator), start=1)}


class ManifoldProblem(VectorsProblem):
    """Points around `spec.data`, drawn afresh for every batch: nothing is ever seen twice."""

    def __init__(self, spec: TrainSpec) -> None:
        if not isinstance(spec.data, Manifold):
            raise DataError(
                f"The recipe {spec.recipe} says no manifold to draw from; set data, or give a set."
            )
        self._manifold = spec.data
        super().__init__(spec, spec.data.dim)

    @property
    def dataset(self) -> str:
        """Kind of the manifold."""
        return self._manifold.kind

    def sample(self, count: int, rng: np.random.Generator) -> VectorSet:
        """Fresh points."""
        return VectorSet(self.dataset, self._manifold.draw(count, rng).astype(np.float32))

    def heldout(self) -> VectorSet:
        """Points drawn once."""
        return self.sample(HELDOUT_POINTS, np.random.default_rng(HELDOUT_SEED))


class VectorProblem(VectorsProblem):
    """The rows of a set, drawn with replacement; a tenth of them is held out, the same always."""

    def __init__(self, spec: TrainSpec, vectors: VectorSet) -> None:
        if isinstance(spec.data, DigitsData | WeeksData) and isinstance(spec.model, VectorVAESpec):
            # what they tell decides the size of k
            model = spec.model.model_copy(update={"condition": vectors.condition_dim})
            spec = spec.model_copy(update={"model": model})
        told = getattr(spec.model, "condition", 0)
        if told not in {0, vectors.condition_dim}:
            raise DataError(
                f"{vectors.name} tells {vectors.condition_dim} numbers of every vector; "
                f"set model.condition to that, or to 0 for a model that is told nothing."
            )
        super().__init__(spec, vectors.dim)
        self._train, self._heldout = vectors.split(HELDOUT_SHARE, HELDOUT_SEED)

    @property
    def dataset(self) -> str:
        """Name of the set."""
        return self._train.name

    @property
    def columns(self) -> VectorColumns:
        """Those of the set; what a model is not told it does not keep."""
        known = self._train.columns
        return known if getattr(self.spec.model, "condition", 0) else replace(known, conditions=())

    def sample(self, count: int, rng: np.random.Generator) -> VectorSet:
        """Rows to train on."""
        return self._train.rows(rng.integers(len(self._train), size=count))

    def heldout(self) -> VectorSet:
        """At most as many of the rows held out as a problem of fresh points holds."""
        return self._heldout.rows(np.arange(min(len(self._heldout), HELDOUT_POINTS)))


def _named(dataset: str, recipe: str) -> str:
    """What a model is called that is the first of its kind.

    >>> _named("vec", "anomalies"), _named("sinusoid", "sinusoid-local")
    ('vec anomalies', 'sinusoid-local')
    """
    return recipe if recipe.startswith(dataset) else f"{dataset} {recipe}"
