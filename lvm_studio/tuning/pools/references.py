"""What people would otherwise use, with what it costs: rejection, reweighting, Langevin, SMC."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import CHUNK, Potential
from lvm_studio.tuning.pools.estimates import estimate
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.pools.weights import Array

_BURN_IN = 0.5
"""Share of the steps of Langevin chains that are thrown away."""


@dataclass(frozen=True, eq=False)
class ReferenceDraws:
    """What one method gave, and for what.

    Attributes:
        method: 'rejection', 'reweighting', 'langevin' or 'smc'.
        u: [n, dim]; f: [n] normalised; share: [n] weights that sum to one.
        expectation, standard_error: E f there, in standard deviations above the base mean.
        effective: independent draws that these are worth.
        decodes, seconds: what they cost.
        caveat: what this method gets wrong, in a sentence; '' for nothing known.
    """

    method: str
    u: Tensor
    f: Array
    share: Array
    expectation: float
    standard_error: float
    effective: float
    decodes: int
    seconds: float
    caveat: str

    @property
    def decodes_each(self) -> float:
        """Decodes per effective curve."""
        return self.decodes / max(self.effective, 1e-9)

    @property
    def seconds_each(self) -> float:
        """Seconds per effective curve."""
        return self.seconds / max(self.effective, 1e-9)


def rejection(potential: Potential, kl: float, n: int, seed: int) -> ReferenceDraws:
    """Keep the best e^{-kl} of n base draws: another law than p̂_λ, of the same KL (10.3.3)."""
    began = time.perf_counter()
    u, f = _base(potential, n, seed)
    return kept_best(u, f, kl, time.perf_counter() - began)


def kept_best(u: Tensor, f: Array, kl: float, seconds: float) -> ReferenceDraws:
    """The same of base draws u [n, dim] that are there, with their f [n].

    The level beyond which draws are kept is one of them, so that the mean beyond it varies by
    more than the spread of what is kept (Manistre & Hancock 2005).
    """
    n = len(f)
    kept = max(1, round(n * math.exp(-kl)))
    rows = np.argsort(-f)[:kept]
    beyond = float(f[rows].mean() - f[rows[-1]])
    spread = float(f[rows].var(ddof=1)) if kept > 1 else math.inf
    error = math.sqrt((spread + (1.0 - kept / n) * beyond**2) / kept)
    return ReferenceDraws(
        method="rejection",
        u=u[torch.from_numpy(rows)],
        f=f[rows],
        share=np.full(kept, 1.0 / kept),
        expectation=float(f[rows].mean()),
        standard_error=error,
        effective=float(kept),
        decodes=n,
        seconds=seconds,
        caveat="The best 1 in N is cut off at a level: it is not the tuned law, only as far away.",
    )


def reweighting(potential: Potential, lam: float, n: int, seed: int) -> ReferenceDraws:
    """n base draws with weights e^{λf}."""
    began = time.perf_counter()
    u, f = _base(potential, n, seed)
    found, share = estimate(lam, f, np.zeros(n))
    return ReferenceDraws(
        method="reweighting",
        u=u,
        f=f,
        share=share,
        expectation=found.moments.expectation,
        standard_error=found.standard_error,
        effective=found.ess,
        decodes=n,
        seconds=time.perf_counter() - began,
        caveat=found.doubt,
    )


def langevin(
    potential: Potential, lam: float, chains: int, steps: int, seed: int, step: float = 0.02
) -> ReferenceDraws:
    """Plain Langevin chains from the base law, `u += step ∇log p̂_λ + √(2 step) noise`.

    No Metropolis test, so that its step biases it; the first half is thrown away. Its effective
    number comes from the spread between chains.
    """
    *_, draws = langevin_in_slices(potential, lam, chains, steps, seed, step)
    assert draws is not None  # the last slice is the draws
    return draws


def langevin_in_slices(
    potential: Potential,
    lam: float,
    chains: int,
    steps: int,
    seed: int,
    step: float = 0.02,
    every: int = 10,
) -> Iterator[ReferenceDraws | None]:
    """The same with a pause (None) after so many steps."""
    began = time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    u = torch.randn(chains, potential.dim, generator=generator)
    kept_u, kept_f = [], []
    for number in range(steps):
        f, gradient = potential.value_and_gradient(u)
        if number >= _BURN_IN * steps:
            kept_u.append(u)
            kept_f.append(f.double())
        noise = torch.randn(u.shape, generator=generator)
        u = u + step * (lam * gradient - u) + math.sqrt(2.0 * step) * noise
        if number % every == 0:
            yield None
    each = torch.stack(kept_f)
    error = float(each.mean(dim=0).std()) / math.sqrt(chains)
    seen: Array = each.flatten().numpy()
    yield ReferenceDraws(
        method="langevin",
        u=torch.cat(kept_u),
        f=seen,
        share=np.full(len(seen), 1.0 / len(seen)),
        expectation=float(seen.mean()),
        standard_error=error,
        effective=min(float(len(seen)), float(seen.var()) / max(error**2, 1e-300)),
        decodes=chains * steps,
        seconds=time.perf_counter() - began,
        caveat="Its steps bias it, it crosses to another way of being extreme hardly ever, and it "
        "knows no log Z.",
    )


def smc_reference(potential: Potential, lam: float, kl_max: float, seed: int) -> ReferenceDraws:
    """The adapted SMC at λ."""
    pool = smc_pool(potential, kl_max=kl_max, seed=seed)
    found, share = pool.estimate(lam)
    return ReferenceDraws(
        method="smc",
        u=pool.draws.u,
        f=pool.draws.f,
        share=share,
        expectation=found.moments.expectation,
        standard_error=found.standard_error,
        effective=found.ess,
        decodes=pool.decodes,
        seconds=pool.seconds,
        caveat=found.doubt,
    )


def _base(potential: Potential, n: int, seed: int) -> tuple[Tensor, Array]:
    generator = torch.Generator().manual_seed(seed)
    parts = [
        torch.randn(min(CHUNK, n - start), potential.dim, generator=generator)
        for start in range(0, n, CHUNK)
    ]
    u = torch.cat(parts)
    values: Array = potential.values(u).numpy()
    return u, values


class Way(Protocol):
    """One method: draws for λ at which KL(p̂_λ ‖ p) = kl nats, each by its own means and price."""

    def __call__(self, potential: Potential, *, lam: float, kl: float, seed: int) -> ReferenceDraws:
        """The draws of one run."""
        ...


_BASE_DRAWS = 100_000
_CHAINS = 256
_CHAIN_STEPS = 200
_BEYOND_KL = 0.3
"""SMC climbs so many nats beyond the KL asked for, so that λ lies inside its range."""


def _by_rejection(potential: Potential, *, lam: float, kl: float, seed: int) -> ReferenceDraws:
    return rejection(potential, kl, _BASE_DRAWS, seed)


def _by_reweighting(potential: Potential, *, lam: float, kl: float, seed: int) -> ReferenceDraws:
    return reweighting(potential, lam, _BASE_DRAWS, seed)


def _by_langevin(potential: Potential, *, lam: float, kl: float, seed: int) -> ReferenceDraws:
    return langevin(potential, lam, _CHAINS, _CHAIN_STEPS, seed)


def _by_smc(potential: Potential, *, lam: float, kl: float, seed: int) -> ReferenceDraws:
    return smc_reference(potential, lam, kl + _BEYOND_KL, seed)


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "rejection": _by_rejection,
        "reweighting": _by_reweighting,
        "langevin": _by_langevin,
        "smc": _by_smc,
    }
)
"""Every method that proposes without a flow, by name; sizes are those of the cost table."""
