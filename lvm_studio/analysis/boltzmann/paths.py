"""A flow beside theory along λ: what it reaches, how far it is, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lvm_studio.analysis.pages.drawing import OKABE_ITO
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.proposals import Proposal, flow_draws
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.weights import Array, normalised, systematic_resample
from lvm_studio.tuning.specs import FlowSpec, SmcSpec
from lvm_studio.tuning.theory import theory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST_KL = 9.0
_BEYOND = 1.15


@dataclass(frozen=True, eq=False)
class TuningPath:
    """p̂_λ by theory, and what a flow reaches without weights; arrays [L].

    Attributes:
        lam: natural λ, in units of 1/f; expectation: E f in f's unit; kl: KL(p̂_λ ‖ p), nats.
        expectation_band, kl_band: [2, L] of 95 %.
        flow_expectation, flow_kl: E_q f and KL(q ‖ p) of the flow's own draws.
        gap: KL(q ‖ p̂_λ), nats; share: ESS / N of the flow's weights.
    """

    lam: Array
    expectation: Array
    kl: Array
    expectation_band: Array
    kl_band: Array
    flow_expectation: Array
    flow_kl: Array
    gap: Array
    share: Array

    @property
    def kl_gap(self) -> float:
        """Largest difference of the KL reached from the KL foreseen (footnote 5 of chapter 10)."""
        return float(np.abs(self.flow_kl - self.kl).max())


@dataclass(frozen=True, eq=False)
class Tuned:
    """One criterion on one space: base pool, reference, flow."""

    pool: Pool
    smc: SmcPool
    flow: Proposal

    def along(self, lams: Sequence[float], n: int, seed: int) -> TuningPath:
        """Theory and flow at normalised λ; n draws of the flow at each."""
        potential = self.pool.potential
        told = theory(self.pool.draws, self.smc, lams)
        v = torch.randn(n, potential.dim, generator=torch.Generator().manual_seed(seed))
        rows = []
        for lam, expectation, kl in zip(lams, told.expectation, told.kl, strict=True):
            draws = flow_draws(self.flow, potential, v, lam)
            estimate, _ = draws.estimate(lam)
            log_z = lam * expectation - kl
            gap = log_z - float((lam * draws.f + draws.log_ratio).mean())
            own = float(draws.f.mean()), -float(draws.log_ratio.mean())
            rows.append((*own, gap, estimate.ess / n))
        f, flow_kl, gap_, share = np.array(rows).T
        natural = np.vectorize(potential.natural)
        return TuningPath(
            np.array(lams) / potential.scale,
            natural(told.expectation),
            told.kl,
            natural(told.expectation_band),
            told.kl_band,
            natural(f),
            flow_kl,
            gap_,
            share,
        )

    @torch.no_grad()
    def by_flow(self, lam: float, n: int, seed: int, corrected: bool) -> Tensor:
        """n latents of the flow at normalised λ, resampled by their weights where corrected."""
        potential = self.pool.potential
        v = torch.randn(n, potential.dim, generator=torch.Generator().manual_seed(seed))
        draws = flow_draws(self.flow, potential, v, lam)
        if not corrected:
            return draws.u
        share = normalised(lam * draws.f + draws.log_ratio)
        return draws.u[torch.from_numpy(systematic_resample(share, n, seed))]

    def by_smc(self, lam: float, n: int, seed: int) -> Tensor:
        """n latents of the reference at normalised λ."""
        share = self.smc.draws.estimate(lam)[1]
        return self.smc.draws.u[torch.from_numpy(systematic_resample(share, n, seed))]


def tuned_up_to(
    pool: Pool, kl: float, steps: int, particles: int, seed: int
) -> Generator[str, None, Tuned]:
    """Reference and flow up to KL(p̂_λ ‖ p) = kl nats; yields a few words on the way."""
    yield "climbing by SMC"
    beyond = min(_BEYOND * kl + 0.1, LARGEST_KL)
    smc = smc_pool(pool.potential, kl_max=beyond, seed=seed, spec=SmcSpec(particles=particles))
    spec = FlowSpec(kl_max=beyond, steps=steps, couplings=8, hidden=96, snapshot_every=100)
    for report in fit_flow(spec, pool.potential, pool.draws, seed=seed):
        if isinstance(report, FlowSnapshot):
            newest = report
            yield f"fitting a flow, step {report.step} of {steps}"
    return Tuned(pool, smc, newest.proposal())


def paint_path(axes: Axes, path: TuningPath, what: str, unit: str) -> None:
    """Theory (with its band) and flow over λ; what: 'kl' or 'expectation'."""
    ours = path.flow_kl if what == "kl" else path.flow_expectation
    theirs = path.kl if what == "kl" else path.expectation
    band = path.kl_band if what == "kl" else path.expectation_band
    axes.fill_between(path.lam, *band, color=OKABE_ITO[0], alpha=0.25, linewidth=0)
    axes.plot(path.lam, theirs, color=OKABE_ITO[0], label="theory")
    axes.plot(path.lam, ours, "o", markersize=3, color=OKABE_ITO[1], label="flow, no weights")
    axes.set_xlabel("λ")
    axes.set_ylabel(unit)
    axes.legend()


def paint_front(axes: Axes, path: TuningPath, unit: str) -> None:
    """The Pareto front (Fig. 10.3)."""
    axes.plot(path.expectation, path.kl, color=OKABE_ITO[0], label="theory")
    axes.plot(
        path.flow_expectation, path.flow_kl, "o", markersize=3, color=OKABE_ITO[1],
        label="flow, no weights",
    )  # fmt: skip
    axes.set_xlabel(unit)
    axes.set_ylabel("KL, nats")
    axes.legend()


def path_data(path: TuningPath) -> dict[str, Array]:
    """The numbers of a path, by column."""
    names = ("lam", "expectation", "kl", "flow_expectation", "flow_kl", "gap", "share")
    return {name: getattr(path, name) for name in names}
