"""The thesis' own way: one flow for one λ, warm-started along Algorithm 10.1 (10.2.2).

Kept to compare: every update of λ costs an inner fit, and what comes out holds for one λ alone.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.models.seeded import seeded
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.flows.descent import Descent
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.proposals import flow_draws
from lvm_studio.tuning.pools.estimates import Moments
from lvm_studio.tuning.specs import FlowSpec

MOST_UPDATES = 10
"""The thesis needs fewer (10.3.2)."""
TOLERANCE = 0.05
"""Of the KL that the flow reaches, nats: what Monte-Carlo over its own draws can tell."""
_MOMENT_DRAWS = 2048
_WIDEST_STEP = 1.5
"""λ grows or falls by this factor at most in one update."""


@dataclass(frozen=True, eq=False)
class FlowUpdate:
    """One update of λ.

    Attributes:
        number: 1 for the first; lam: λ; restarted: whether the flow began from the identity
            or from a flow of a lower λ, because λ fell.
        moments: of f under the flow itself, no weights applied; its kl is KL(q ‖ p), nats.
        gap: KL(q ‖ p̂_λ), nats, with log Z from the flow's own weights.
        ess_share: ESS / N of these.
        decodes, seconds: spent so far.
        flow: for this λ alone; its own λ is 1 there.
    """

    number: int
    lam: float
    restarted: bool
    moments: Moments
    gap: float
    ess_share: float
    decodes: int
    seconds: float
    flow: LambdaFlow

    @property
    def kl(self) -> float:
        """KL(q ‖ p) of the flow, nats."""
        return self.moments.kl


def tune_one_by_one(
    spec: FlowSpec, potential: Potential, kl: float, *, seed: int
) -> Iterator[FlowUpdate]:
    """Algorithm 10.1: fit, estimate by Monte-Carlo, move λ towards KL = kl nats, fit again.

    Args:
        spec: its `steps` (or seconds) are those of one inner fit; groups and branches are not
            used, since there is one λ and one flow.
    """
    began = time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    lam, decodes, fitted = math.sqrt(2.0 * kl), 0, [_identity(potential.dim, spec, seed)]
    lams = [0.0]
    for number in range(1, MOST_UPDATES + 1):
        fell = lam < lams[-1]
        start = max((place for place in range(len(lams)) if lams[place] <= lam), default=0)
        flow = copy.deepcopy(fitted[start if fell else -1])
        steps = _fit_at(flow, spec, potential, lam, generator)
        decodes += steps * spec.batch + _MOMENT_DRAWS
        moments, gap, share = _judged(flow, potential, lam, generator)
        seconds = time.perf_counter() - began
        yield FlowUpdate(number, lam, fell, moments, gap, share, decodes, seconds, flow)
        if abs(moments.kl - kl) <= TOLERANCE:
            return
        fitted.append(flow)
        lams.append(lam)
        lam = _moved(lam, moments, kl)


def _identity(dim: int, spec: FlowSpec, seed: int) -> LambdaFlow:
    with seeded(seed):
        return LambdaFlow(torch.eye(dim), 1.0, 1, spec.couplings, spec.hidden, spec.splines)


def _fit_at(
    flow: LambdaFlow, spec: FlowSpec, potential: Potential, lam: float, generator: torch.Generator
) -> int:
    """Raise Eq. 10.19 at one λ; the number of steps. The flow sees s = 1 throughout."""
    descent = Descent(spec, flow)

    def loss() -> tuple[Tensor, Tensor]:
        v = torch.randn(spec.batch, potential.dim, generator=generator)
        u = flow(v, 1.0)
        value = (flow.log_ratio(u, 1.0) - lam * potential.value(u)).mean()
        return value, value

    while descent.progress < 1.0:
        descent.step(loss)
    return descent.steps


def _judged(
    flow: LambdaFlow, potential: Potential, lam: float, generator: torch.Generator
) -> tuple[Moments, float, float]:
    """What the flow reaches over its own draws, as in the thesis; its gap and ESS / N."""
    v = torch.randn(_MOMENT_DRAWS, potential.dim, generator=generator)
    draws = flow_draws(flow, potential, v, 1.0)
    mean = float(draws.f.mean())
    kl = -float(draws.log_ratio.mean())
    centred = draws.f - mean
    estimate, _ = draws.estimate(lam)
    moments = Moments(mean, kl, float((centred**2).mean()), float((centred**3).mean()))
    return moments, kl - lam * mean + estimate.log_z, estimate.ess / estimate.samples


def _moved(lam: float, moments: Moments, kl: float) -> float:
    """A second-order step on the KL (Eq. 10.6, 10.8), by `_WIDEST_STEP` at most either way."""
    value, slope = moments.kl - kl, lam * moments.variance
    bend = moments.variance + lam * moments.third
    step = -2.0 * value * slope / max(2.0 * slope**2 - value * bend, slope**2)
    return min(max(lam + step, lam / _WIDEST_STEP), lam * _WIDEST_STEP)
