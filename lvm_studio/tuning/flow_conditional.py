"""Fitting a flow that is told more than λ: directions among criteria, or compositions.

Forward KL on stored draws first, which decodes nothing and knows all modes; then reverse KL by
path derivatives, with a little of the former throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lvm_studio.tuning.descent import Descent, HeldDensity
from lvm_studio.tuning.fit import FlowStep
from lvm_studio.tuning.flow import LambdaFlow
from lvm_studio.tuning.specs import FlowSpec

FIRST_SHARE = 0.25
"""Of the budget, spent on stored draws alone."""
_FORWARD_WEIGHT = 0.1


class Targets(Protocol):
    """Tuned laws to learn from, a few of them at a time."""

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Targets at random; rows: stored draws of each."""
        ...

    def tilt(self, batch: TargetBatch, u: Tensor) -> Tensor:
        """λ f of points u [groups, n, dim], [groups, n]; gradients flow back to u."""
        ...


@dataclass(frozen=True, eq=False)
class TargetBatch:
    """A few targets: lam [G], e [G, E], stored draws of each u [G, rows, dim].

    index: [G], which they are, for `Targets.tilt`.
    """

    lam: Tensor
    e: Tensor
    u: Tensor
    index: Tensor


@dataclass(frozen=True, eq=False)
class Given:
    """A flow at one e: a proposal for all λ in [0, lam_max].

    Args:
        e: [E].
    """

    flow: LambdaFlow
    e: Tensor
    lam_max: Tensor

    def __call__(self, v: Tensor, lam: float | Tensor) -> Tensor:
        """u of base noise v, both [..., n, dim]."""
        u: Tensor = self.flow(v, lam, self._at(lam))
        return u

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]."""
        return self.flow.log_ratio(u, lam, self._at(lam))

    def _at(self, lam: float | Tensor) -> Tensor:
        return self.e.expand(*torch.as_tensor(lam).shape, -1)


class ConditionalFit:
    """A fit in progress: one call of `step` moves the flow by one batch of targets."""

    def __init__(
        self, spec: FlowSpec, targets: Targets, flow: LambdaFlow, generator: torch.Generator
    ) -> None:
        self.spec = spec
        self.targets = targets
        self.flow = flow
        self._descent = Descent(spec, flow, [(flow, 1.0)])
        self._density = HeldDensity(flow)
        self._generator = generator

    @property
    def progress(self) -> float:
        """Share of the steps or seconds spent, 0 to 1."""
        return self._descent.progress

    def run(self) -> Iterator[FlowStep]:
        """Steps to the end of the budget."""
        while self.progress < 1.0:
            yield self.step()

    def step(self) -> FlowStep:
        """One update; the objective is what is lowered, nats up to a constant."""
        objective = self._descent.step(self._loss)
        return FlowStep(self._descent.steps, self.progress, self._descent.seconds, objective)

    def _loss(self) -> tuple[Tensor, Tensor]:
        groups = self.spec.groups
        batch = self.targets.draw(groups, self.spec.batch // groups, self._generator)
        forward = -self.flow.log_ratio(batch.u, batch.lam, batch.e).mean()
        if self.progress < FIRST_SHARE:
            return forward, forward
        reverse = self._reverse(batch)
        return reverse + _FORWARD_WEIGHT * forward, reverse

    def _reverse(self, batch: TargetBatch) -> Tensor:
        """Mean over the targets of E_q [log q/p - λf], every branch with its own share."""
        groups, branches = len(batch.lam), self.flow.branches
        rows = max(1, self.spec.batch // (groups * branches))
        shape = (groups, branches, rows, batch.u.shape[-1])
        v = torch.randn(shape, generator=self._generator)
        u = self.flow.push(v, batch.lam, batch.e).flatten(1, 2)
        ratio = self._density.log_ratio(u, batch.lam, batch.e)
        each = (ratio - self.targets.tilt(batch, u)).view(shape[:-1]).mean(dim=-1)
        return (self.flow.log_share(batch.lam, batch.e).exp() * each).sum(dim=1).mean()
