"""Fitting one flow to the tuned laws of many streets: reverse KL by path derivatives.

With a little forward KL on stored draws throughout, which know all ways of being extreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.flows.composition_bank import KnownStreet
from lvm_studio.tuning.flows.composition_proposal import own_axes, unsettled
from lvm_studio.tuning.flows.descent import Descent, HeldDensity
from lvm_studio.tuning.flows.fit import FlowStep
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.pools.weights import normalised
from lvm_studio.tuning.specs import FlowSpec

_NOISE_PAIRS = 4
"""Antithetic pairs of the observation noise in one step."""
_FORWARD_WEIGHT = 0.1
"""Of forward KL beside reverse KL: little, since stored draws are noisy."""
_MEMORY = 0.03
"""Of a new variance of log-weights in the running mean of its street."""
_WORST_SPREAD = 4.0
_LEAST_SPREAD = 0.02
"""Bounds of these variances: no street is drawn for ever, and none is left out."""
_LEAST_SHARE = 0.1
"""Of λ's reach, squared: below it little weight is at stake, whatever its spread."""


@dataclass(frozen=True, eq=False)
class TargetBatch:
    """A few targets: lam [G], e [G, E], stored draws of each w [G, rows, dim].

    s: [G] λ as a share of the reach of the street's Gaussians, which is what the flow is told.
    street: [G], which they are.
    """

    lam: Tensor
    s: Tensor
    e: Tensor
    w: Tensor
    street: Tensor


class CompositionTargets:
    """p̂_λ of the streets of a bank as their settled Gaussians see it, at λ even over each range.

    Points are w, which the Gaussians of a street carry to its u, along the street's own axes: what
    is left to learn is how p̂_λ differs from a Gaussian, which streets have more in common.

    Args:
        e: [streets, E], what the flow is told of each.
    """

    def __init__(self, bank: Sequence[KnownStreet], e: Tensor) -> None:
        self.bank = bank
        self._e = e
        self._reach = torch.tensor([known.lam_max for known in bank])
        self._told = torch.stack([known.settled.lam_max for known in bank])
        self._axes = [own_axes(known.settled) for known in bank]
        self._noise = torch.Generator().manual_seed(0)
        self._spread = torch.ones(len(bank))

    def draw(self, groups: int, rows: int, generator: torch.Generator) -> TargetBatch:
        """Streets and λ at random, with stored draws of each."""
        weight = self._spread.clamp_min(_LEAST_SPREAD).sqrt()
        index = torch.multinomial(weight, groups, replacement=True, generator=generator)
        lam = self._reach[index] * torch.rand(groups, generator=generator)
        picked = []
        for street, t in zip(index.tolist(), lam.tolist(), strict=True):
            known = self.bank[street]
            share = torch.from_numpy(normalised(t * known.draws.f + known.draws.log_ratio))
            chosen = torch.multinomial(share, rows, replacement=True, generator=generator)
            w = unsettled(known.settled, known.draws.u[chosen], t)
            picked.append(w @ self._axes[street])
        s = lam / self._told[index]
        return TargetBatch(lam, s, self._e[index], torch.stack(picked), index)

    def tilt(self, batch: TargetBatch, w: Tensor) -> Tensor:
        """Return log p̂_λ / p at points w [groups, n, dim], up to a constant of each group.

        Over a few of the noises: its mean is that of all of them.
        """
        each = zip(batch.street.tolist(), batch.lam.tolist(), w, strict=True)
        return torch.stack([self._tilt_of(street, lam, points) for street, lam, points in each])

    def _tilt_of(self, street: int, lam: float, w: Tensor) -> Tensor:
        known = self.bank[street]
        u = known.settled(w @ self._axes[street].T, lam)
        f = known.potential.thinned(_NOISE_PAIRS, self._noise).value(u)
        return lam * f - known.settled.log_ratio(u, lam)

    def learn(self, batch: TargetBatch, spread: Tensor) -> None:
        """Draw the streets whose log-weights spread most oftener; spread: [G] their variances.

        It is told for λ at its reach, and kept as a running mean of each street.
        """
        at_reach = spread / batch.s.square().clamp_min(_LEAST_SHARE)
        for street, found in zip(batch.street, at_reach.clamp(max=_WORST_SPREAD), strict=True):
            self._spread[street] += _MEMORY * (found - self._spread[street])


class CompositionFit:
    """A fit in progress: one call of `step` moves the flow by one batch of targets."""

    def __init__(
        self,
        spec: FlowSpec,
        targets: CompositionTargets,
        flow: LambdaFlow,
        generator: torch.Generator,
    ) -> None:
        self.spec = spec
        self.targets = targets
        self.flow = flow
        self._descent = Descent(spec, flow)
        self._density = HeldDensity(flow)
        self._generator = generator

    def run(self) -> Iterator[FlowStep]:
        """Steps to the end of the budget."""
        while self._descent.progress < 1.0:
            yield self.step()

    def step(self) -> FlowStep:
        """One update; the objective is what is lowered, nats up to a constant."""
        objective = self._descent.step(self._loss)
        descent = self._descent
        return FlowStep(descent.steps, descent.progress, descent.seconds, objective)

    def _loss(self) -> tuple[Tensor, Tensor]:
        groups = self.spec.groups
        batch = self.targets.draw(groups, self.spec.batch // groups, self._generator)
        forward = -self.flow.log_ratio(batch.w, batch.s, batch.e).mean()
        reverse = self._reverse(batch)
        return reverse + _FORWARD_WEIGHT * forward, reverse

    def _reverse(self, batch: TargetBatch) -> Tensor:
        """Mean over the targets of E_q [log q/p - λf]."""
        v = torch.randn(batch.w.shape, generator=self._generator)
        w = self.flow(v, batch.s, batch.e)
        weight = self._density.log_ratio(w, batch.s, batch.e) - self.targets.tilt(batch, w)
        self.targets.learn(batch, weight.detach().var(dim=1))
        return weight.mean()
