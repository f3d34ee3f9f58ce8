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

from lvm_studio.tuning.flows.descent import Descent, HeldDensity
from lvm_studio.tuning.flows.fit import FlowStep
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.specs import FlowSpec

FIRST_SHARE = 0.25
"""Of the budget, spent on stored draws alone."""
_FORWARD_WEIGHT = 0.1
"""Of forward KL beside reverse KL: little, since stored draws are noisy."""
_MEMORY = 0.03
"""Of a new variance of log-weights in the running mean of its kind."""
_WORST_SPREAD = 4.0
_LEAST_SPREAD = 0.02
"""Bounds of these variances: no kind is drawn for ever, and none is left out."""
_LEAST_SHARE = 0.1
"""Of λ's reach, squared: below it little weight is at stake, whatever its spread."""


class Targets(Protocol):
    """Tuned laws to learn from, a few of them at a time."""

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Targets at random; rows: stored draws of each."""
        ...

    def tilt(self, batch: TargetBatch, u: Tensor) -> Tensor:
        """λ f of points u [groups, n, dim], [groups, n]; gradients flow back to u."""
        ...

    def learn(self, batch: TargetBatch, spread: Tensor) -> None:
        """Take note of the variance [groups] of the log-weights that was found at each target."""
        ...


@dataclass(frozen=True, eq=False)
class TargetBatch:
    """A few targets: lam [G], e [G, E], stored draws of each u [G, rows, dim].

    s: [G] λ as a share of the reach there, which is what the flow is told: λ itself may reach
        many times as far in one direction as in another.
    index: [G], which they are, for `Targets.tilt`.
    """

    lam: Tensor
    s: Tensor
    e: Tensor
    u: Tensor
    index: Tensor


class Difficulty:
    """How often each kind of target is drawn: the worse its weights spread, the oftener.

    Args:
        kinds: how many there are.
    """

    def __init__(self, kinds: int) -> None:
        self._spread = torch.ones(kinds)

    def learn(self, kind: Tensor, spread: Tensor) -> None:
        """Variances [G] of log-weights at targets of kind [G], as a running mean of each kind."""
        for each, found in zip(kind.tolist(), spread.clamp(max=_WORST_SPREAD), strict=True):
            self._spread[each] += _MEMORY * (found - self._spread[each])

    def weight(self, kind: Tensor) -> Tensor:
        """Weights [...] of targets of kind [...]: no kind is ever left out."""
        return self._spread.clamp_min(_LEAST_SPREAD).sqrt()[kind]


@dataclass(frozen=True, eq=False)
class Given:
    """A flow at one e: a proposal for all λ in [0, lam_max].

    Args:
        flow: told λ / lam_max; e: [E].
    """

    flow: LambdaFlow
    e: Tensor
    lam_max: Tensor

    def __call__(self, v: Tensor, lam: float | Tensor) -> Tensor:
        """u of base noise v, both [..., n, dim]."""
        s = torch.as_tensor(lam) / self.lam_max
        u: Tensor = self.flow(v, s, self._at(s))
        return u

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]."""
        s = torch.as_tensor(lam) / self.lam_max
        return self.flow.log_ratio(u, s, self._at(s))

    def _at(self, s: Tensor) -> Tensor:
        return self.e.expand(*s.shape, -1)


class ConditionalFit:
    """A fit in progress: one call of `step` moves the flow by one batch of targets."""

    def __init__(
        self, spec: FlowSpec, targets: Targets, flow: LambdaFlow, generator: torch.Generator
    ) -> None:
        self.spec = spec
        self.targets = targets
        self.flow = flow
        self._descent = Descent(spec, flow)
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
        forward = -self.flow.log_ratio(batch.u, batch.s, batch.e).mean()
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
        u = self.flow.push(v, batch.s, batch.e).flatten(1, 2)
        ratio = self._density.log_ratio(u, batch.s, batch.e)
        weight = (ratio - self.targets.tilt(batch, u)).view(shape[:-1])
        share = self.flow.log_share(batch.s, batch.e).exp()
        self._learn(batch, weight.detach(), share.detach())
        return (share * weight.mean(dim=-1)).sum(dim=1).mean()

    def _learn(self, batch: TargetBatch, weight: Tensor, share: Tensor) -> None:
        """Tell the targets how log-weights [groups, branches, rows] spread, for λ at its reach."""
        each = share[..., None] / weight.shape[-1]
        middle = (each * weight).sum((1, 2), keepdim=True)
        spread = (each * (weight - middle).square()).sum((1, 2))
        self.targets.learn(batch, spread / batch.s.square().clamp_min(_LEAST_SHARE))
