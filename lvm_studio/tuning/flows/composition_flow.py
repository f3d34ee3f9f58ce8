"""One flow for every composition and week of a model: a drop needs no new training (10.2.2).

It starts where each street's own Gaussians settle (`settled`), which takes half a second and no
training; the flow is told the street's summary and carries them on towards p̂_λ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.seeded import seeded
from lvm_studio.models.street import Street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.composition_bank import (
    KnownStreet,
    known_street,
    random_streets,
    street_summary,
)
from lvm_studio.tuning.flows.composition_fit import CompositionFit, CompositionTargets
from lvm_studio.tuning.flows.composition_proposal import StreetProposal, own_axes
from lvm_studio.tuning.flows.fit import FlowStep
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.specs import CompositionFlowSpec

SUMMARISED = 600
"""Streets that say along which axes compositions and weeks differ; nothing is decoded for them."""
_STREET_SEED = 1_000_003
"""Keeps the streets that are summarised apart from those that are climbed."""


@dataclass(frozen=True)
class StreetLearned:
    """One more street is known, of so many."""

    streets: int
    total: int


@dataclass(frozen=True, eq=False)
class Summary:
    """Street summaries as standardised principal components: e = ((x - mean) / std) @ axes."""

    mean: Tensor
    std: Tensor
    axes: Tensor

    @classmethod
    def of(cls, summaries: Tensor, components: int) -> Summary:
        """From raw summaries [N, E]."""
        mean, std = summaries.mean(dim=0), summaries.std(dim=0).clamp_min(1e-6)
        _, spread, axes = torch.linalg.svd((summaries - mean) / std, full_matrices=False)
        kept = min(components, len(spread))
        scale = (spread[:kept] / len(summaries) ** 0.5).clamp_min(1e-3)
        return cls(mean, std, axes[:kept].T / scale)

    def __call__(self, raw: Tensor) -> Tensor:
        """e [..., components] of raw summaries [..., E]."""
        return (((raw - self.mean) / self.std) @ self.axes).clamp(-4.0, 4.0)


@dataclass(frozen=True, eq=False)
class CompositionFlow:
    """A flow for all compositions and weeks of one model and criterion.

    Attributes:
        model: fingerprint of the weights it was fitted for; criterion: its name.
        flow: told λ and e; summary: makes e of a street.
    """

    model: str
    criterion: str
    flow: LambdaFlow
    summary: Summary

    def fits(self, model: TrainedModel) -> bool:
        """Whether it was fitted for this very model."""
        return self.model == fingerprint(model)

    def given(self, street: Street, settled: LambdaFlow) -> StreetProposal:
        """The proposal for one street with its settled Gaussians: no training for either."""
        return StreetProposal(
            settled, self.flow, self.summary(street_summary(street)), own_axes(settled)
        )

    def to_tree(self) -> Tree:
        """Plain form, to keep beside the model."""
        return {
            "model": self.model,
            "criterion": self.criterion,
            "flow": self.flow.to_tree(),
            "mean": self.summary.mean.numpy(),
            "std": self.summary.std.numpy(),
            "axes": self.summary.axes.numpy(),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> CompositionFlow:
        """What a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, "composition flow")
        mean, std, axes = (
            torch.from_numpy(np.array(view.array(name))) for name in ("mean", "std", "axes")
        )
        flow = LambdaFlow.from_tree(dict(view.child("flow").tree))
        return cls(view.text("model"), view.text("criterion"), flow, Summary(mean, std, axes))


def fit_composition_flow(
    spec: CompositionFlowSpec, model: TrainedModel, households: HouseholdSet
) -> Generator[StreetLearned | FlowStep, None, CompositionFlow]:
    """Get to know streets at random, then fit one flow to all of them; returns it.

    Raises:
        TuningError: the criterion does not vary on these streets.
    """
    summaries = torch.stack(
        [
            street_summary(street)
            for street in islice(
                random_streets(model, households, seed=spec.seed + _STREET_SEED), SUMMARISED
            )
        ]
    )
    summary = Summary.of(summaries, spec.components)
    bank: list[KnownStreet] = []
    streets = random_streets(model, households, seed=spec.seed)
    criterion = criterion_named(spec.criterion)
    for number, street in enumerate(islice(streets, spec.streets)):
        known = known_street(street, criterion, kl_max=spec.flow.kl_max, seed=spec.seed + number)
        if known is not None:
            bank.append(known)
        yield StreetLearned(number + 1, spec.streets)
    if not bank:
        raise TuningError(f"{criterion.title} cannot be tuned on these streets.")
    targets = CompositionTargets(bank, summary(torch.stack([known.summary for known in bank])))
    flow = _fresh_flow(spec, bank[0].potential.dim, summary.axes.shape[1])
    generator = torch.Generator().manual_seed(spec.seed)
    yield from CompositionFit(spec.flow, targets, flow, generator).run()
    return CompositionFlow(fingerprint(model), spec.criterion, flow.eval(), summary)


def fingerprint(model: TrainedModel) -> str:
    """Sixteen letters that another training would change."""
    digest = hashlib.sha256()
    for name, value in sorted(model.module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _fresh_flow(spec: CompositionFlowSpec, dim: int, features: int) -> LambdaFlow:
    """A flow that changes nothing yet: it begins at every street's own Gaussians."""
    with seeded(spec.seed):
        return LambdaFlow(
            torch.eye(dim),
            1.0,
            branches=1,
            couplings=spec.flow.couplings,
            hidden=spec.flow.hidden,
            splines=spec.flow.splines,
            features=features,
        )
