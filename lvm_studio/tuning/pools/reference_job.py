"""The reference as a job: SMC from two seeds, which no proposal of ours has any part in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.pools.pool import POOL_SIZE, Draws, Preparing, prepared_pool
from lvm_studio.tuning.pools.smc import SmcReport, run_smc
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.weights import Array

SEEDS = 2
POINTS = 65
"""λ at which the log Z of both seeds is kept."""
KEPT = 16_384
"""Draws sent home: enough to answer from, few enough to answer at once."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What SMC knows of the tuned laws of one space and criterion.

    Attributes:
        lam: [L], rising from 0; log_z: [2, L] of each seed, nats.
        pool: of the first seed, some of its draws with their islands.
        decodes, seconds: what both runs cost.
    """

    lam: Array
    log_z: Array
    pool: SmcPool
    decodes: int
    seconds: float

    @property
    def draws(self) -> Draws:
        """Of the first seed: u, f and log p - log q of the mixture of all its rungs."""
        return self.pool.draws

    def log_z_at(self, lam: float) -> tuple[float, float] | None:
        """log Z of both seeds at λ ≥ 0; None beyond the last rung."""
        if lam > self.lam[-1]:
            return None
        first, second = (float(np.interp(lam, self.lam, each)) for each in self.log_z)
        return first, second


ReferenceReport = Preparing | SmcReport | Reference


@dataclass(frozen=True, eq=False)
class ReferenceJob:
    """SMC from two seeds up to KL(p̂_λ ‖ p) ≈ kl_max nats; the result is the Reference.

    f is normalised on the same pool (size, seed) as its owner's, so that λ means the same.

    Attributes:
        less: climb with −f, towards the quiet weeks.
    """

    space: BaseSpace
    criterion: str
    kl_max: float
    less: bool = False
    seed: int = 0
    pool: int = POOL_SIZE

    def run(self) -> Iterator[ReferenceReport]:
        """Yield reports; between two of them lies one rung."""
        criterion = criterion_named(self.criterion)
        pool = yield from prepared_pool(self.space, criterion, self.pool, self.seed)
        potential = (pool.mirrored() if self.less else pool).potential
        found: list[SmcPool] = []
        for seed in range(SEEDS):
            for report in run_smc(potential, kl_max=self.kl_max, seed=self.seed + seed):
                if isinstance(report, SmcPool):
                    found.append(report)
                else:
                    yield report
        yield reference_of(found)


def reference_of(found: list[SmcPool]) -> Reference:
    """Both runs as one: log Z of each, and some of the first one's draws."""
    lam = np.linspace(0.0, min(pool.lam_max for pool in found), POINTS)
    log_z = np.array([[pool.log_z_at(float(at))[0] for at in lam] for pool in found])
    return Reference(
        lam=lam,
        log_z=log_z,
        pool=_some(found[0]),
        decodes=sum(pool.decodes for pool in found),
        seconds=sum(pool.seconds for pool in found),
    )


def _some(pool: SmcPool) -> SmcPool:
    """At most KEPT of the draws, picked blindly: the mixture they are of stays the same."""
    generator, draws = np.random.default_rng(0), pool.draws
    picked = generator.permutation(len(draws.f))[:KEPT]
    some = Draws(draws.u[torch.from_numpy(picked)], draws.f[picked], draws.log_ratio[picked])
    return replace(pool, draws=some, island=pool.island[picked])
