"""One flow for every composition and week of a model: a drop needs no new training (10.2.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
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
from lvm_studio.tuning.flows.fit import FlowStep
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.flow_conditional import ConditionalFit, Difficulty, Given, TargetBatch
from lvm_studio.tuning.pools.weights import normalised
from lvm_studio.tuning.specs import CompositionFlowSpec

SUMMARISED = 600
"""Streets that say along which axes compositions and weeks differ; nothing is decoded for them."""
_STREET_SEED = 1_000_003
"""Keeps the streets that are summarised apart from those that are climbed."""
_NOISE_PAIRS = 4
"""Antithetic pairs of the observation noise in one step."""
_CAUTION = 0.97
"""The line that tells λ_max of log K lies by this factor below the fitted one."""


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


class CompositionTargets:
    """p̂_λ of the streets of a bank, at λ even over the range of each.

    Args:
        told: [streets] the reach by which the flow is told each street's λ.
    """

    def __init__(self, bank: Sequence[KnownStreet], summary: Summary, told: Tensor) -> None:
        self.bank = bank
        self._e = summary(torch.stack([known.summary for known in bank]))
        self._reach = torch.tensor([known.lam_max for known in bank])
        self._told = told
        self._noise = torch.Generator().manual_seed(0)
        self._difficulty = Difficulty(len(bank))

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Streets and λ at random, with stored draws of each."""
        weight = self._difficulty.weight(torch.arange(len(self.bank)))
        index = torch.multinomial(weight, groups, replacement=True, generator=generator)
        lam = self._reach[index] * torch.rand(groups, generator=generator)
        picked = []
        for street, t in zip(index.tolist(), lam.tolist(), strict=True):
            draws = self.bank[street].draws
            share = torch.from_numpy(normalised(t * draws.f + draws.log_ratio))
            chosen = torch.multinomial(share, rows, replacement=True, generator=generator)
            picked.append(draws.u[chosen])
        s = lam / self._told[index]
        return TargetBatch(lam, s, self._e[index], torch.stack(picked), index)

    def tilt(self, batch: TargetBatch, u: Tensor) -> Tensor:
        """λ f of u [groups, n, dim], over a few of the noises: its mean is λ f."""
        f = [
            self.bank[street].potential.thinned(_NOISE_PAIRS, self._noise).value(points)
            for street, points in zip(batch.index.tolist(), u, strict=True)
        ]
        return batch.lam[:, None] * torch.stack(f)

    def learn(self, batch: TargetBatch, spread: Tensor) -> None:
        """Streets whose weights spread most are drawn oftener."""
        self._difficulty.learn(batch.index, spread)


@dataclass(frozen=True, eq=False)
class CompositionFlow:
    """A flow for all compositions and weeks of one model and criterion.

    Attributes:
        model: fingerprint of the weights it was fitted for; criterion: its name.
        flow: told λ and e; summary: makes e of a street.
        reach: λ_max ≈ reach[0] + reach[1] log K.
    """

    model: str
    criterion: str
    flow: LambdaFlow
    summary: Summary
    reach: tuple[float, float]

    def fits(self, model: TrainedModel) -> bool:
        """Whether it was fitted for this very model."""
        return self.model == fingerprint(model)

    def given(self, street: Street) -> Given:
        """The proposal for one street: at once, whatever was dropped onto it."""
        e = self.summary(street_summary(street))
        return Given(self.flow, e, told_reach(self.reach, torch.tensor(float(np.log(street.k)))))

    def to_tree(self) -> Tree:
        """Plain form, to keep beside the model."""
        return {
            "model": self.model,
            "criterion": self.criterion,
            "flow": self.flow.to_tree(),
            "mean": self.summary.mean.numpy(),
            "std": self.summary.std.numpy(),
            "axes": self.summary.axes.numpy(),
            "reach": np.array(self.reach),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> CompositionFlow:
        """What a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, "composition flow")
        mean, std, axes = (
            torch.from_numpy(np.array(view.array(name))) for name in ("mean", "std", "axes")
        )
        low, slope = (float(value) for value in view.array("reach"))
        flow = LambdaFlow.from_tree(dict(view.child("flow").tree))
        return cls(
            view.text("model"), view.text("criterion"), flow, Summary(mean, std, axes), (low, slope)
        )


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
    reach = _reach(bank)
    log_k = torch.stack([known.summary[0] for known in bank])
    targets = CompositionTargets(bank, summary, told_reach(reach, log_k))
    flow = _fresh_flow(spec, bank, summary.axes.shape[1])
    generator = torch.Generator().manual_seed(spec.seed)
    yield from ConditionalFit(spec.flow, targets, flow, generator).run()
    return CompositionFlow(fingerprint(model), spec.criterion, flow.eval(), summary, reach)


def told_reach(reach: tuple[float, float], log_k: Tensor) -> Tensor:
    """λ_max of streets of log K [...] households, by the line that was fitted to a bank."""
    return reach[0] + reach[1] * log_k


def fingerprint(model: TrainedModel) -> str:
    """Sixteen letters that another training would change."""
    digest = hashlib.sha256()
    for name, value in sorted(model.module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _fresh_flow(
    spec: CompositionFlowSpec, bank: Sequence[KnownStreet], features: int
) -> LambdaFlow:
    outer = sum(known.slope.T @ known.slope / len(known.slope) for known in bank)
    assert isinstance(outer, Tensor)
    basis = torch.linalg.eigh(outer).eigenvectors.flip(1).contiguous()
    with seeded(spec.seed):
        return LambdaFlow(
            basis,
            1.0,
            spec.flow.branches,
            spec.flow.couplings,
            spec.flow.hidden,
            spec.flow.splines,
            features=features,
        )


def _reach(bank: Sequence[KnownStreet]) -> tuple[float, float]:
    """Least squares of λ_max on log K, a little lower."""
    size = np.array([float(known.summary[0]) for known in bank])
    far = np.array([known.lam_max for known in bank])
    if len(bank) < 3:
        return _CAUTION * float(far.mean()), 0.0
    slope, low = np.polyfit(size, far, 1)
    return _CAUTION * float(low), _CAUTION * float(slope)
