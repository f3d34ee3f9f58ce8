"""The reference: tempered SMC whose proposals follow the population, everything kept as one pool.

Plain SMC with fixed random walks is off by a nat in log Z where the tuned law has shrunk. Here
each rung's moves propose from Gaussians fitted to the particles as they arrive (a Metropolis
kernel reversible for p̂_λ whatever the fit), so that they fit the law wherever that went. Several
Gaussians, since a peak has several hours to be high at; what was proposed and refused is a draw of
a known law, and is counted with the rest by MBAR.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.mixtures import Mixture
from lvm_studio.tuning.potential import Potential
from lvm_studio.tuning.smc_pool import SmcPool
from lvm_studio.tuning.specs import SmcSpec
from lvm_studio.tuning.weights import (
    Array,
    effective_sample_size,
    log_mean_exp,
    normalised,
    systematic_resample,
)

_RIDGE = 1e-3
"""Added to the particles' covariance: directions that few particles span stay open."""
_LONGEST_LEAP = 3.0
_WIDEN = 1.1
"""Proposals wider than their target keep the weights' tails light."""
_EM_STEPS = 12
_PARTICLES_EACH = 40
"""So many particles a dimension of u for every Gaussian that is fitted to them."""
_FLOOR = 0.01
"""Least share of a component, of all particles."""


@dataclass(frozen=True)
class SmcRung:
    """One rung of the ladder: λ reached, KL(p̂_λ ‖ p) in nats, share of moves accepted."""

    rung: int
    lam: float
    kl: float
    acceptance: float
    decodes: int
    seconds: float


SmcReport = SmcRung | SmcPool


def run_smc(
    potential: Potential, *, kl_max: float, seed: int, spec: SmcSpec | None = None
) -> Iterator[SmcReport]:
    """Climb from the base law to KL(p̂_λ ‖ p) ≈ kl_max nats; the last report is the SmcPool.

    Everything is drawn afresh from `seed`, so that two seeds tell two stories.
    """
    climb = _Population(potential, spec or SmcSpec(), seed)
    for _ in range(climb.spec.max_rungs):
        lam, kl = climb.next_rung(kl_max)
        yield climb.rise(lam, kl)
        if kl >= 0.999 * kl_max:
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
class _Rung:
    """λ, the Gaussians that propose there to either half, their draws, the particles at the end."""

    lam: float
    proposals: tuple[Mixture, Mixture]
    proposed: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    states: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def log_ratio(self, u: Tensor) -> Tensor:
        """log q - log p of particles, each under the proposal of its half."""
        halves = zip(self.proposals, u.chunk(2), strict=True)
        return torch.cat([law.log_ratio(part) for law, part in halves])


@dataclass(eq=False)
class _Population:
    """Particles on their way up, islands one after the other, and all that they have seen."""

    potential: Potential
    spec: SmcSpec
    seed: int
    lam: float = 0.0
    log_z: float = 0.0
    rungs: list[_Rung] = field(default_factory=list)

    def __post_init__(self) -> None:
        began = time.perf_counter()
        self.generator = torch.Generator().manual_seed(self.seed)
        size = (self.spec.base_factor * self.spec.particles, self.potential.dim)
        self.u = torch.randn(size, generator=self.generator)
        self.f = self.potential.values(self.u)
        self.base = (self.u, self.f)
        self.decodes = size[0]
        self.seconds = time.perf_counter() - began

    def next_rung(self, kl_max: float) -> tuple[float, float]:
        """The highest λ that the particles still see well, and the KL there."""
        f = self.f.numpy()
        low, high = self.lam, self.lam + _LONGEST_LEAP
        for _ in range(40):
            middle = 0.5 * (low + high)
            log_weights = (middle - self.lam) * f
            share = normalised(log_weights)
            seen = effective_sample_size(share) >= self.spec.least_share * len(f)
            fits = self._kl(middle, log_weights, share) <= kl_max
            low, high = (middle, high) if seen and fits else (low, middle)
        log_weights = (low - self.lam) * f
        return low, self._kl(low, log_weights, normalised(log_weights))

    def _kl(self, lam: float, log_weights: Array, share: Array) -> float:
        log_z = self.log_z + log_mean_exp(log_weights)
        return lam * float(share @ self.f.numpy()) - log_z

    def rise(self, lam: float, kl: float) -> SmcRung:
        """Reweight to λ, resample within each island, move; keep every state after a sweep."""
        began = time.perf_counter()
        log_weights = (lam - self.lam) * self.f.numpy()
        self.log_z += log_mean_exp(log_weights)
        rung = _Rung(lam, self._proposals(log_weights))
        rows = self._survivors(log_weights)
        self.u, self.f, self.lam = self.u[rows], self.f[rows], lam
        accepted = 0.0
        for _ in range(self.spec.sweeps):
            accepted += self._sweep(rung) / self.spec.sweeps
        rung.states.append((self.u, self.f))
        self.rungs.append(rung)
        self.seconds += time.perf_counter() - began
        return SmcRung(len(self.rungs), lam, kl, accepted, self.decodes, self.seconds)

    def _survivors(self, log_weights: Array) -> Tensor:
        """Rows that live on: islands do not mix, so that their spread tells the error."""
        here = len(log_weights) // self.spec.islands
        size = self.spec.particles // self.spec.islands
        seed = len(self.rungs) + 1000 * self.seed
        picked = [
            start + systematic_resample(normalised(log_weights[start : start + here]), size, seed)
            for start in range(0, len(log_weights), here)
        ]
        return torch.from_numpy(np.concatenate(picked))

    def _proposals(self, log_weights: Array) -> tuple[Mixture, Mixture]:
        """For either half of the islands Gaussians fitted to the other half.

        Fitted to the very particles that they are to move, they would know them too well.
        """
        half = len(log_weights) // 2
        fits = [
            _fitted(self.u[part], normalised(log_weights[part]), self.generator, self.spec)
            for part in (slice(half, None), slice(None, half))
        ]
        return fits[0], fits[1]

    def _sweep(self, rung: _Rung) -> float:
        """One Metropolis move of every particle to a fresh draw of the Gaussians of its half.

        What is proposed counts as a draw of these whether it is taken or not. Returns the share
        taken.
        """
        half = len(self.u) // 2
        u = torch.cat([law.rsample(half, self.generator) for law in rung.proposals])
        f = self.potential.values(u)
        self.decodes += len(u)
        rung.proposed.append((u, f))
        gain = self.lam * (f - self.f) - (rung.log_ratio(u) - rung.log_ratio(self.u)).double()
        chance = torch.rand(len(u), generator=self.generator, dtype=torch.float64)
        taken = chance.log() < gain
        self.u = torch.where(taken[:, None], u, self.u)
        self.f = torch.where(taken, f, self.f)
        return float(taken.double().mean())

    def pool(self) -> SmcPool:
        """Everything seen, counted together."""
        began = time.perf_counter()
        rungs = range(len(self.rungs))
        proposed = [(rung, state) for rung in rungs for state in self.rungs[rung].proposed]
        kept = [(rung, state) for rung in rungs for state in self.rungs[rung].states]
        states = [self.base, *(state for _, state in proposed + kept)]
        u, f = torch.cat([u for u, _ in states]), torch.cat([f for _, f in states]).numpy()
        laws = [law.log_ratio(u).double().numpy() for rung in self.rungs for law in rung.proposals]
        lams = np.array([rung.lam for rung in self.rungs])
        log_laws = np.concatenate([np.zeros((1, len(f))), np.stack(laws), np.outer(lams, f)])
        islands = np.arange(self.spec.islands)
        island = np.concatenate([np.repeat(islands, len(f) // len(islands)) for _, f in states])
        first_rung = 1 + len(laws)
        half = np.arange(self.spec.particles) >= self.spec.particles // 2
        law = [np.zeros(len(self.base[1]), dtype=np.int64)]
        law += [1 + 2 * rung + half for rung, _ in proposed]
        law += [np.full(len(state[1]), first_rung + rung) for rung, state in kept]
        known = np.concatenate([[0.0], np.full(len(laws), np.nan), lams])
        spent = self.seconds + time.perf_counter() - began
        rows = np.concatenate(law)
        return SmcPool.of(u, f, island, rows, log_laws, known, self.decodes, spent)


def _fitted(u: Tensor, share: Array, generator: torch.Generator, spec: SmcSpec) -> Mixture:
    """Gaussians of weighted particles, somewhat wider than they are, by a few steps of EM.

    What is fitted to particles sees these likelier than they are, the more the more dimensions
    it has; counted with the rest, they would weigh too little. So covariances are drawn towards
    what is known without them, the pooled one towards the base law's I.
    """
    rows = torch.from_numpy(systematic_resample(share, len(share), 0))
    u, worth = u[rows].double(), effective_sample_size(share) / len(share)
    dim = u.shape[1]
    components = max(1, min(spec.components, len(u) // (_PARTICLES_EACH * dim)))
    identity = torch.eye(dim, dtype=u.dtype)
    ridge = _RIDGE * identity
    pooled = _drawn_towards(identity, torch.cov(u.T).reshape(dim, dim), worth * len(u)) + ridge
    start = torch.randperm(len(u), generator=generator)[:components]
    law = Mixture(
        torch.full((components,), -math.log(components), dtype=u.dtype),
        u[start],
        torch.linalg.cholesky(pooled).expand(components, dim, dim),
    )
    for _ in range(_EM_STEPS if components > 1 else 1):
        part = law.belongs(u)
        mass = part.sum(dim=1)
        mean = part @ u / mass[:, None]
        centred = u - mean[:, None]
        own = torch.einsum("kn,knd,kne->kde", part, centred, centred) / mass[:, None, None]
        covariance = _drawn_towards(pooled, own, worth * mass) + ridge
        log_share = ((mass + _FLOOR * len(u)) / (mass + _FLOOR * len(u)).sum()).log()
        law = Mixture(log_share, mean, torch.linalg.cholesky(covariance))
    return Mixture(law.log_share.float(), law.mean.float(), _WIDEN * law.cholesky.float())


def _drawn_towards(target: Tensor, own: Tensor, count: Tensor | float) -> Tensor:
    """Sample covariances own [..., dim, dim] of `count` draws, shrunk to the least expected error.

    Their own error is that of a Gaussian's sample covariance (Ledoit & Wolf 2004).
    """
    trace = own.diagonal(dim1=-2, dim2=-1).sum(-1)
    noise = (trace**2 + own.square().sum((-2, -1))) / count
    share = (noise / (own - target).square().sum((-2, -1))).clamp(max=1.0)[..., None, None]
    return own + share * (target - own)
