"""The reference: tempered SMC whose proposals follow the population, everything kept as one pool.

From rung to rung the draws so far, weighted to the next λ, tell Gaussians to draw from there;
several, since a peak has several hours to be high at. Every draw is one of a known law, and all
are counted together against the mixture of these (the multistate Bennett ratio where every
constant is known). Metropolis moves of particles are left out on purpose: where no particle has
been yet they arrive too late, and states that count as draws of p̂_λ before they are put log Z too
low, by 0.1 nats on a VAE of 12 latents and by 0.5 on a street of 40, which islands do not show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.counted import Counted
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.smc_fit import WIDEN, WIDEN_SETTLED, fitted_mixture
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.weights import Array, effective_sample_size, normalised
from lvm_studio.tuning.specs import SmcSpec

_LONGEST_LEAP = 3.0
"""λ grows by this much at most from one rung to the next."""
_SHORTEST_LEAP = 0.02
"""A rung that must be left although its draws do not see further: fresh ones may."""
_ARRIVED = 0.999
"""A rung at this share of the KL wanted is the last one."""


@dataclass(frozen=True)
class SmcRung:
    """One rung of the ladder: λ reached, KL(p̂_λ ‖ p) in nats, ESS / N of its own draws there."""

    rung: int
    lam: float
    kl: float
    ess_share: float
    decodes: int
    seconds: float


SmcReport = SmcRung | SmcPool


def run_smc(
    potential: Potential, *, kl_max: float, seed: int, spec: SmcSpec | None = None
) -> Iterator[SmcReport]:
    """Climb from the base law to KL(p̂_λ ‖ p) ≈ kl_max nats; the last report is the SmcPool.

    At the last rung draws are added `spec.rounds` times, each from Gaussians fitted anew.
    Everything is drawn afresh from `seed`, so that two seeds tell two stories.
    """
    climb = _Population(potential, spec or SmcSpec(), seed)
    while climb.rounds < climb.spec.rounds and len(climb.lams) < climb.spec.max_rungs:
        yield climb.rise(*climb.next_rung(kl_max), kl_max)
    yield climb.pool()


def smc_pool(
    potential: Potential, *, kl_max: float, seed: int, spec: SmcSpec | None = None
) -> SmcPool:
    """The pool at the end of `run_smc`."""
    *_, last = run_smc(potential, kl_max=kl_max, seed=seed, spec=spec)
    assert isinstance(last, SmcPool)  # run_smc ends with it
    return last


class _Half:
    """Half of the population: its draws with f̃, counted against the laws that they are of.

    Its Gaussians are fitted to the other half: fitted to its own draws, they would see these
    likelier than they are, and these would weigh too little.
    """

    def __init__(self, potential: Potential) -> None:
        self.potential = potential
        self.counted = Counted(potential.dim)
        self.f = torch.empty(0, dtype=torch.float64)

    def add(self, law: Mixture, size: int, generator: torch.Generator) -> None:
        """Draw `size` of one more law."""
        u = law.rsample(size, generator)
        self.f = torch.cat([self.f, self.potential.values(u)])
        self.counted.add(law, u)

    def draws(self) -> Draws:
        """All of them, against the mixture of all of their laws."""
        return Draws(self.counted.u, self.f.numpy(), self.counted.log_ratio())

    def newest_log_weights(self, lam: float) -> Array:
        """Of the newest draws at λ, by their own law alone."""
        ratio = self.counted.newest_log_ratio.numpy()
        weights: Array = lam * self.f[-len(ratio) :].numpy() + ratio
        return weights


class _Population:
    """Two halves on their way up.

    Attributes:
        lam: the λ reached; lams: of all rungs; rounds: how many of them were at the last one.
        seen: each half's draws; decodes, seconds: spent so far.
    """

    def __init__(self, potential: Potential, spec: SmcSpec, seed: int) -> None:
        began = time.perf_counter()
        self.spec = spec
        self.lam, self.rounds = 0.0, 0
        self.lams: list[float] = []
        self.generator = torch.Generator().manual_seed(seed)
        self.halves = [_Half(potential), _Half(potential)]
        start = Mixture.standard(potential.dim)
        self.decodes = 0
        self._draw([start, start], spec.base_factor * spec.on_the_way)
        self.seconds = time.perf_counter() - began

    def _draw(self, laws: Sequence[Mixture], size: int) -> None:
        """size draws in all, half of them of each law."""
        for half, law in zip(self.halves, laws, strict=True):
            half.add(law, size // 2, self.generator)
        self.decodes += size
        self.seen = [half.draws() for half in self.halves]

    def next_rung(self, kl_max: float) -> tuple[float, float]:
        """The highest λ that all draws so far still see well, and the KL there."""
        draws = _together(self.seen)
        least = self.spec.least_share * self.spec.on_the_way
        low, high = self.lam, self.lam + _LONGEST_LEAP
        for _ in range(24):
            middle = 0.5 * (low + high)
            weights = normalised(middle * draws.f + draws.log_ratio)
            seen = effective_sample_size(weights) >= least
            fits = draws.moments(middle).kl <= kl_max
            low, high = (middle, high) if seen and fits else (low, middle)
        at = draws.moments(low).kl
        if at < _ARRIVED * kl_max and low < self.lam + _SHORTEST_LEAP:
            further = self.lam + _SHORTEST_LEAP
            if draws.moments(further).kl <= kl_max:
                low, at = further, draws.moments(further).kl
        return low, at

    def rise(self, lam: float, kl: float, kl_max: float) -> SmcRung:
        """Draw for λ, each half from Gaussians fitted to the other one.

        On the way few draws will do; from the second round at the last rung on, Gaussians that
        were fitted to draws made for it need little room beside them.
        """
        began = time.perf_counter()
        self.lam = lam
        self.lams.append(lam)
        arrived = kl >= _ARRIVED * kl_max
        widen = WIDEN_SETTLED if self.rounds else WIDEN
        laws = [self._fitted(draws, widen) for draws in reversed(self.seen)]
        self._draw(laws, self.spec.particles if arrived else self.spec.on_the_way)
        self.rounds += arrived
        self.seconds += time.perf_counter() - began
        newest = np.concatenate([half.newest_log_weights(lam) for half in self.halves])
        share = effective_sample_size(normalised(newest)) / len(newest)
        return SmcRung(len(self.lams), lam, kl, share, self.decodes, self.seconds)

    def _fitted(self, draws: Draws, widen: float) -> Mixture:
        share = normalised(self.lam * draws.f + draws.log_ratio)
        return fitted_mixture(draws.u, share, self.spec.components, self.generator, widen)

    def pool(self) -> SmcPool:
        """Everything drawn, each half against its own laws."""
        islands = np.arange(self.spec.islands)
        island = [
            np.repeat(part, count // len(part))
            for part, half in zip(np.split(islands, 2), self.halves, strict=True)
            for count in half.counted.counts
        ]
        return SmcPool(
            draws=_together(self.seen),
            island=np.concatenate(island),
            lams=np.array(self.lams),
            decodes=self.decodes,
            seconds=self.seconds,
        )


def _together(halves: list[Draws]) -> Draws:
    return Draws(
        torch.cat([half.u for half in halves]),
        np.concatenate([half.f for half in halves]),
        np.concatenate([half.log_ratio for half in halves]),
    )
