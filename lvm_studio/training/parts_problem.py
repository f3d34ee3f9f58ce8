"""Learning artificial wholes: drawn afresh for every batch, so that nothing is ever seen twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.anchors import ColourAnchors, from_levels
from lvm_studio.data.problems.batches import PartsBatch, PartsLaw, on_device
from lvm_studio.data.problems.sines import SineSums
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.parts import PartsVAE
from lvm_studio.models.parts_sines import SineSumsVAE
from lvm_studio.models.specs import AnchorsSpec, SinesSpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.training.problem import Provenance, choose_device, common_provenance
from lvm_studio.training.spec import TrainSpec

HELDOUT_BATCH = 256
HELDOUT_SEED = 915
FITTED_SINES = 20_000
"""Curves of one part that p(w | label) is fitted to at the end."""


class PartsProblem:
    """Wholes of `spec.k_min` to `spec.k_max` parts, made on the CPU and sent to the device."""

    def __init__(self, spec: TrainSpec) -> None:
        self.spec = spec
        self.device = choose_device(spec.device)
        self.source = source_of(spec)

    @property
    def dataset(self) -> str:
        """Name of the problem."""
        return "Colour anchors" if isinstance(self.source, ColourAnchors) else "Sines"

    @property
    def size(self) -> int:
        """Points of a curve, or values of an image."""
        if isinstance(self.source, ColourAnchors):
            return 3 * self.source.side**2
        return self.source.length

    def draw(self, batch: int, generator: torch.Generator) -> PartsBatch:
        """Fresh wholes."""
        return on_device(drawn(self.source, batch, generator), self.device)

    def heldout_batch(self) -> PartsBatch:
        """The same wholes for every run."""
        return self.draw(HELDOUT_BATCH, torch.Generator().manual_seed(HELDOUT_SEED))

    def new_module(self) -> LatentVariableModel:
        """A fresh module on the device."""
        return build_module(self.spec.model, seed=self.spec.seed).to(self.device)

    @torch.no_grad()
    def shown_whole(self, module: LatentVariableModel) -> NDArray[np.float32]:
        """The mean [D] of one fixed composition, its parts at the means of p(w | label)."""
        assert isinstance(module, PartsVAE)
        labels = _shown_labels(self.source).to(self.device)
        w, _ = module.prior_w(labels)
        law = module.decode(w.sum(0, keepdim=True), labels.new_tensor([float(len(labels))]))
        whole: NDArray[np.float32] = law.mean[0].cpu().numpy()
        return whole

    def trained_model(
        self,
        module: LatentVariableModel,
        provenance: Provenance,
        history: Mapping[str, NDArray[Any]],
    ) -> TrainedModel:
        """A copy of the module on the CPU."""
        copy = build_module(self.spec.model)
        copy.load_state_dict(module.state_dict())
        if isinstance(copy, SineSumsVAE) and copy.spec.inference == "whole":
            copy.fit_prior(*_single_sines(self.spec))
        common = common_provenance(self.spec, self.device)
        return TrainedModel(
            name=self.dataset,
            spec=self.spec.model,
            module=copy,
            labels=None,
            context=None,
            provenance={**common, "dataset": f"{self.dataset}, drawn on the fly", **provenance},
            history=history,
        )


def source_of(spec: TrainSpec) -> SineSums | ColourAnchors:
    """The problem that a model of parts learns.

    As many sums of 1 or 2 sines are drawn as of 8 to 16: few sines are the harder ones, since a
    whole of one is a ring in the space of its sine and cosine, not a cloud.
    """
    sizes = (spec.k_min, spec.k_max)
    if isinstance(spec.model, SinesSpec):
        law = PartsLaw(sizes, "loguniform")
        return SineSums(length=spec.model.length, lam=spec.model.lam, parts=law)
    if isinstance(spec.model, AnchorsSpec):
        return ColourAnchors(side=spec.model.side, parts=PartsLaw(sizes))
    raise DataError(f"A model of kind {spec.model.kind} learns no artificial parts.")


def _shown_labels(source: SineSums | ColourAnchors) -> Tensor:
    """Labels [3, F] of the composition that is shown through training."""
    if isinstance(source, ColourAnchors):
        place = torch.tensor([[0.25, 0.3], [0.75, 0.35], [0.5, 0.8]])
        return source.labels(torch.tensor([2, 4, 0]), place)
    return source.labels(torch.tensor([1, 3, 4]))


def _single_sines(spec: TrainSpec) -> tuple[Tensor, Tensor]:
    """Curves of one sine [N, T] and their labels [N, F]."""
    alone = source_of(spec.model_copy(update={"k_min": 1, "k_max": 1}))
    batch = alone.sample(FITTED_SINES, torch.Generator().manual_seed(HELDOUT_SEED))
    return batch.x, batch.labels[:, 0]


def drawn(source: SineSums | ColourAnchors, batch: int, generator: torch.Generator) -> PartsBatch:
    """A batch as a model reads it: the levels of images become shares."""
    parts = source.sample(batch, generator)
    if isinstance(source, ColourAnchors):
        return PartsBatch(from_levels(parts.x), parts.labels, parts.mask, parts.truth)
    return parts
