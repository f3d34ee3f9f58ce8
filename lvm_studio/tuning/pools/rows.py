"""Curves of the flow kept at a grid of λ: while λ slides nothing is decoded.

What makes a move of λ cheap: draws of q_λ' for a λ' near λ are as good a proposal for p̂_λ as
those of q_λ itself, and their weights for λ are known without decoding anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.tuning.composition_parts import whole_coordinates
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot
from lvm_studio.tuning.flows.proposals import Proposal
from lvm_studio.tuning.pools.counted import mixture_log_ratio
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.weights import (
    Array,
    effective_sample_size,
    normalised,
    systematic_resample,
)

GRID = 20
"""Places per unit of λ: of the steps of a slider by arrow keys each one falls on a place."""

MIXTURE_SHARES = (0.25, 0.5, 0.75, 1.0)
"""λ / λ_max of the flow draws that stand behind the figures."""
MOST_KEPT = 40_000
"""Curves kept at all places together: 54 MB. Of many rows only the places decoded last are kept."""
_SAME_SCALE = 1e-2
"""Normalisations of f that differ by more than this share of its spread are of other laws."""


def flow_of(snapshot: FlowSnapshot, potential: Potential) -> Proposal:
    """The flow of a snapshot, to be used on this potential.

    Raises:
        TuningError: the flow was fitted to another composition or criterion.
    """
    moved = abs(snapshot.shift - potential.shift) + abs(snapshot.scale - potential.scale)
    if moved > _SAME_SCALE * abs(potential.scale):
        raise TuningError(
            "This flow was fitted to another composition or criterion; fit a new one."
        )
    return snapshot.proposal()


@torch.no_grad()
def growing_draws(flow: Proposal, pool: Pool, n: int, seed: int) -> Iterator[Draws | None]:
    """n flow draws at each of four λ beside the pool's, counted against their mixture.

    None after each λ, the draws last.
    """
    generator = torch.Generator().manual_seed(seed)
    lams = [share * float(flow.lam_max) for share in MIXTURE_SHARES]
    latents, values = [pool.draws.u], [pool.draws.f]
    for lam in lams:
        latents.append(flow(torch.randn(n, pool.potential.dim, generator=generator), lam))
        values.append(pool.potential.value(latents[-1]).double().numpy())
        yield None
    u = torch.cat(latents)
    log_ratios = torch.stack([torch.zeros(len(u)), *(flow.log_ratio(u, lam) for lam in lams)])
    counts = [len(pool.draws.u), *(n for _ in lams)]
    yield Draws(u, np.concatenate(values), -mixture_log_ratio(log_ratios.double(), counts))


@dataclass(frozen=True, eq=False)
class Rows:
    """Draws of the flow at one λ, one a row.

    Attributes:
        u: [n, dim] of the whole street; curves_kw: [n, T].
        f: [n] normalised criterion; log_ratio: [n] log p - log q.
    """

    u: Tensor
    curves_kw: NDArray[np.float32]
    f: Array
    log_ratio: Array


@dataclass(frozen=True, eq=False)
class ShownRows:
    """Rows for p̂_λ: u [n, dim] of the whole street, curves [n, T], and what they are worth.

    weights: [n], mean one; all one where the rows were resampled by them.
    mean_log_weight: of the draws before they were resampled, E_q [λf + log p - log q].
    """

    u: Tensor
    curves_kw: NDArray[np.float32]
    weights: Array
    ess: float
    mean_log_weight: float


class FlowRows:
    """n curves of one flow at every λ of its slider, each decoded once.

    Row i comes from the base noise and the observation noise of row i of the pool at every λ: it
    bends as λ moves, and at λ = 0 it is row i of the pool.
    """

    def __init__(self, flow: Proposal, pool: Pool, n: int) -> None:
        self.flow = flow
        self.pool = pool
        self.n = min(n, len(pool.eps))
        self._places: dict[int, Rows] = {}

    def growing(self) -> Iterator[None]:
        """Decode the whole grid, a place a slice, so that no λ need wait for its own."""
        for place in range(min(self._place(float(self.flow.lam_max)) + 1, self._room)):
            self._at(place)
            yield None

    def shown(self, lam: float, seed: int, *, corrected: bool = True) -> ShownRows:
        """n rows resampled by their exact importance weights at λ ≥ 0; or as the flow drew them.

        Nothing is decoded where this place of the grid has been seen before.
        """
        rows = self._at(self._place(lam))
        log_weights = lam * rows.f + rows.log_ratio
        share = normalised(log_weights)
        ess, mean = effective_sample_size(share), float(log_weights.mean())
        if not corrected:
            return ShownRows(rows.u, rows.curves_kw, self.n * share, ess, mean)
        picked = systematic_resample(share, self.n, seed)
        alike = np.ones(self.n)
        return ShownRows(rows.u[picked], rows.curves_kw[picked], alike, ess, mean)

    @property
    def _room(self) -> int:
        return max(1, MOST_KEPT // self.n)

    def _at(self, place: int) -> Rows:
        if place not in self._places:
            self._places[place] = self._decoded(place)
            if len(self._places) > self._room:
                del self._places[next(iter(self._places))]
        return self._places[place]

    @torch.no_grad()
    def _decoded(self, place: int) -> Rows:
        lam, potential = place / GRID, self.pool.potential
        u = self.flow(self.pool.draws.u[: self.n], lam)
        decoded = potential.space.decode(u)
        f = potential.value_of(decoded).double().numpy()
        log_ratio = -self.flow.log_ratio(u, lam).double().numpy()
        eps = self.pool.eps[: self.n]
        curves = decoded.transport(eps).float().numpy()
        return Rows(whole_coordinates(potential.space, u, eps), curves, f, log_ratio)

    def _place(self, lam: float) -> int:
        """Nearest place of the grid; beyond the flow's range the last one."""
        return round(GRID * min(lam, float(self.flow.lam_max)))
