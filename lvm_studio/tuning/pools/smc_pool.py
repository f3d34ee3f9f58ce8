"""All rungs of an SMC run as one pool: sums over stored f answer any λ, with errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.tuning.pools.estimates import Moments, TunedEstimate
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.weights import Array


@dataclass(frozen=True, eq=False)
class SmcPool:
    """Draws of all rungs, counted together against the mixture of the laws that they are of.

    Attributes:
        draws: u [n, dim], f [n], log p - log q_mix [n]: like those of any other source.
        island: [n], 0 … islands - 1; islands share their proposals, not their draws.
        lams: [rungs], rising; the last one several times.
        decodes: what the run cost; seconds: how long it took, on the clock.
    """

    draws: Draws
    island: NDArray[np.int64]
    lams: Array
    decodes: int
    seconds: float

    @property
    def lam_max(self) -> float:
        """The last rung."""
        return float(self.lams.max())

    def moments(self, lam: float) -> Moments:
        """E f, KL, variance and third moment at λ, for the solver."""
        return self.draws.moments(lam)

    def estimate(self, lam: float) -> tuple[TunedEstimate, Array]:
        """The tuned law at λ and the draws' weights [n]; the error is that between islands.

        The effective size is what their spread of E f leaves of the one that the weights promise.
        """
        estimate, share = self.draws.estimate(lam)
        error = _standard_error([each.expectation for each in self._by_island(lam)])
        worth = estimate.moments.variance / max(error**2, 1e-300)
        return replace(estimate, standard_error=error, ess=min(estimate.ess, worth)), share

    def log_z_at(self, lam: float) -> tuple[float, float]:
        """log Z and its standard error between islands, nats."""
        each = [lam * at.expectation - at.kl for at in self._by_island(lam)]
        at = self.draws.moments(lam)
        return lam * at.expectation - at.kl, _standard_error(each)

    def errors(self, lam: float) -> Moments:
        """Standard errors of the moments between islands."""
        each = np.array([_row(at) for at in self._by_island(lam)])
        return Moments(*(_standard_error(column) for column in each.T))

    def _by_island(self, lam: float) -> list[Moments]:
        return [draws.moments(lam) for draws in self.islands]

    @cached_property
    def islands(self) -> tuple[Draws, ...]:
        """Each island's draws."""
        return tuple(self._island(number) for number in range(int(self.island.max()) + 1))

    def _island(self, number: int) -> Draws:
        mine = self.island == number
        rows = torch.from_numpy(np.flatnonzero(mine))
        return Draws(self.draws.u[rows], self.draws.f[mine], self.draws.log_ratio[mine])


def _row(at: Moments) -> tuple[float, float, float, float]:
    return at.expectation, at.kl, at.variance, at.third


def _standard_error(values: Sequence[float] | Array) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))
