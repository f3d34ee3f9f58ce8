"""Is the flow for all compositions good on streets it never saw? Beside what is made for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lvm_studio.models.street import Street
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.flows.composition_flow import CompositionFlow
from lvm_studio.tuning.flows.proposals import flow_draws
from lvm_studio.tuning.flows.settled import settled_flow
from lvm_studio.tuning.pools.keeping import MOST_PROPOSALS, NEAR
from lvm_studio.tuning.pools.kept import kept_gap
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import Climb, climb
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.solve import solve_kl

DRAWS = 2048
_STAGE_DRAWS = 1024
_POOL = 2048


@dataclass(frozen=True)
class StreetVerdict:
    """One street at one λ.

    Attributes:
        k: households; lam: λ; kl: KL(p̂_λ ‖ p), nats.
        gap, ess_share: KL(q ‖ p̂_λ) in nats and ESS / N of the flow for all streets.
        log_z: by its weights; reference_log_z: by a climb on this street.
        proposals, kept_gap: of so many of its draws one must be kept to be within a tenth of a nat
            (or as many as are allowed), and its gap then.
        own_gap, own_ess_share: the same of Gaussians fitted to this street alone, at this λ alone.
        settled_gap, settled_ess_share: the same of `settled_flow`, which this street's slope alone
            conditions, for all λ at once.
    """

    k: int
    lam: float
    kl: float
    gap: float
    ess_share: float
    log_z: float
    reference_log_z: float
    proposals: int
    kept_gap: float
    own_gap: float
    own_ess_share: float
    settled_gap: float
    settled_ess_share: float


def judge_on(
    flow: CompositionFlow, streets: Sequence[Street], kls: Sequence[float], *, seed: int
) -> Iterator[StreetVerdict]:
    """Verdicts street by street, each at the λ of every KL."""
    for number, street in enumerate(streets):
        pool = Pool.from_space(street, criterion_named(flow.criterion), _POOL, seed + number)
        generator = torch.Generator().manual_seed(seed + number)
        *_, reached = climb(
            pool.potential, pool.draws, kl_max=max(kls) + 1.0, draws=_STAGE_DRAWS,
            generator=generator,
        )  # fmt: skip
        v = torch.randn(DRAWS, street.dim, generator=generator)
        settled = settled_flow(pool.potential, kl_max=max(kls) + 0.3, generator=generator)
        for kl in kls:
            lam = solve_kl(reached.draws.moments, kl).lam
            known, _ = reached.draws.estimate(lam)
            own = _own_draws(pool, reached, lam, generator)
            draws = flow_draws(flow.given(street, settled), pool.potential, v, lam)
            gap, ess_share, log_z = _figures(draws, lam)
            own_gap, own_share, _ = _figures(own, lam)
            settled_gap, settled_share, _ = _figures(
                flow_draws(settled, pool.potential, v, lam), lam
            )
            yield StreetVerdict(
                street.k, lam, known.moments.kl, gap, ess_share, log_z, known.log_z,
                *_near(lam * draws.f + draws.log_ratio), own_gap, own_share, settled_gap,
                settled_share,
            )  # fmt: skip


def _near(log_weights: Array) -> tuple[int, float]:
    """Of how many proposals one must be kept to be near enough, and its gap."""
    proposals = 1
    while (gap := kept_gap(log_weights, proposals)) > NEAR and proposals < MOST_PROPOSALS:
        proposals *= 2
    return proposals, gap


@torch.no_grad()
def _own_draws(pool: Pool, reached: Climb, lam: float, generator: torch.Generator) -> Draws:
    law = reached.mixture_at(lam, reached.centres_at(lam, generator))
    u = law.rsample(DRAWS, generator)
    f = torch.cat([pool.potential.value(part) for part in torch.split(u, 512)])
    return Draws(u, f.double().numpy(), -law.log_ratio(u).double().numpy())


def _figures(draws: Draws, lam: float) -> tuple[float, float, float]:
    """KL(q ‖ p̂_λ), ESS / N and log Z."""
    estimate, _ = draws.estimate(lam)
    gap = estimate.log_z - float(np.mean(lam * draws.f + draws.log_ratio))
    return gap, estimate.ess / estimate.samples, estimate.log_z
