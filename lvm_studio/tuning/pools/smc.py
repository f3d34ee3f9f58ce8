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
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.smc_fit import fitted_mixture
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.stages import mixture_log_ratio
from lvm_studio.tuning.pools.weights import effective_sample_size, normalised
from lvm_studio.tuning.specs import SmcSpec

_LONGEST_LEAP = 3.0
_SHORTEST_LEAP = 0.02
"""A rung that must be left although its draws do not see further: fresh ones may."""
_ARRIVED = 0.999
_CHUNK = 4096


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
    kl, rounds = 0.0, 0
    for _ in range(climb.spec.max_rungs):
        lam, kl = climb.next_rung(kl_max)
        rounds += kl >= _ARRIVED * kl_max
        yield climb.rise(lam, kl)
        if rounds == climb.spec.rounds:
            break
    yield climb.pool()


def smc_pool(
    potential: Potential, *, kl_max: float, seed: int, spec: SmcSpec | None = None
) -> SmcPool:
    """The pool at the end of `run_smc`."""
    *_, last = run_smc(potential, kl_max=kl_max, seed=seed, spec=spec)
    assert isinstance(last, SmcPool)  # run_smc ends with it
    return last


@dataclass(eq=False)
class _Half:
    """Half of the population: its draws, and the laws that they are of.

    Its Gaussians are fitted to the other half: fitted to its own draws, they would see these
    likelier than they are, and these would weigh too little.

    Attributes:
        u: [n, dim]; f: [n]; log_laws: [laws, n] log q - log p of each law, the base law first.
        counts: [laws] drawn of each, in the order of the draws.
    """

    u: Tensor
    f: Tensor
    log_laws: Tensor
    counts: list[int]
    laws: list[Mixture] = field(default_factory=list)

    def add(self, law: Mixture, u: Tensor, f: Tensor) -> None:
        """Count draws u [n, dim] of one more law with the rest."""
        earlier = [torch.zeros(len(u)), *(_log_ratio(each, u) for each in self.laws)]
        self.u, self.f = torch.cat([self.u, u]), torch.cat([self.f, f])
        known = torch.cat([self.log_laws, torch.stack(earlier)], dim=1)
        self.log_laws = torch.cat([known, _log_ratio(law, self.u)[None]])
        self.laws.append(law)
        self.counts.append(len(u))

    def draws(self) -> Draws:
        """All of them, against the mixture of all of their laws."""
        ratio = -mixture_log_ratio(self.log_laws.double(), self.counts)
        return Draws(self.u, self.f.numpy(), ratio)


@dataclass(eq=False)
class _Population:
    """Two halves on their way up."""

    potential: Potential
    spec: SmcSpec
    seed: int
    lam: float = 0.0
    lams: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        began = time.perf_counter()
        self.generator = torch.Generator().manual_seed(self.seed)
        self.decodes = self.spec.base_factor * self.spec.particles
        size = self.decodes // 2
        start = Mixture.standard(self.potential.dim)
        self.halves = []
        for _ in range(2):
            u, f = self._drawn(start, size)
            self.halves.append(_Half(u, f, torch.zeros(1, size), [size]))
        self.seen = [half.draws() for half in self.halves]
        self.seconds = time.perf_counter() - began

    def _drawn(self, law: Mixture, size: int) -> tuple[Tensor, Tensor]:
        u = law.rsample(size, self.generator)
        return u, self.potential.values(u)

    def next_rung(self, kl_max: float) -> tuple[float, float]:
        """The highest λ that all draws so far still see well, and the KL there."""
        draws = _together(self.seen)
        least = self.spec.least_share * self.spec.particles
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

    def rise(self, lam: float, kl: float) -> SmcRung:
        """Draw for λ, each half from Gaussians fitted to the other one."""
        began = time.perf_counter()
        self.lam = lam
        self.lams.append(lam)
        laws = [self._fitted(draws) for draws in reversed(self.seen)]
        fresh = [self._drawn(law, self.spec.particles // 2) for law in laws]
        for half, law, (u, f) in zip(self.halves, laws, fresh, strict=True):
            half.add(law, u, f)
        self.decodes += self.spec.particles
        self.seen = [half.draws() for half in self.halves]
        self.seconds += time.perf_counter() - began
        share = self._own_share()
        return SmcRung(len(self.lams), lam, kl, share, self.decodes, self.seconds)

    def _own_share(self) -> float:
        """ESS / N at λ of the newest draws, by their own laws alone."""
        size = self.spec.particles // 2
        newest = [self.lam * half.f[-size:] - half.log_laws[-1, -size:] for half in self.halves]
        weights = normalised(torch.cat(newest).double().numpy())
        return effective_sample_size(weights) / self.spec.particles

    def _fitted(self, draws: Draws) -> Mixture:
        share = normalised(self.lam * draws.f + draws.log_ratio)
        return fitted_mixture(draws.u, share, self.spec.components, self.generator)

    def pool(self) -> SmcPool:
        """Everything drawn, each half against its own laws."""
        islands = np.arange(self.spec.islands)
        island = [
            np.repeat(part, count // len(part))
            for part, half in zip(np.split(islands, 2), self.halves, strict=True)
            for count in half.counts
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


def _log_ratio(law: Mixture, u: Tensor) -> Tensor:
    return torch.cat([law.log_ratio(part) for part in torch.split(u, _CHUNK)])
