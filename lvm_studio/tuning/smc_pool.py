"""All rungs of an SMC run as one pool: sums over stored f answer any λ, with errors."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.tuning.estimates import Moments, TunedEstimate
from lvm_studio.tuning.mbar import mbar_log_z, mixed_log_ratio
from lvm_studio.tuning.pool import Draws
from lvm_studio.tuning.weights import Array


@dataclass(frozen=True, eq=False)
class SmcPool:
    """Draws of all rungs, counted against their mixture by MBAR.

    Attributes:
        draws: u [n, dim], f [n], log p - log q_mix [n]: like those of any other source.
        island: [n], 0 … islands - 1; islands share their proposals, not their ancestors.
        log_laws: [K, n] log of each law drawn from, over p: the base law, the Gaussians that
            proposed, the rungs; law: [n] the one that each draw is of.
        lams: [K], nan for the laws that are no rung.
        log_z: [K] of the laws, 0 where it is known.
        decodes: what the run cost; seconds: how long it took, on the clock.
    """

    draws: Draws
    island: NDArray[np.int64]
    log_laws: Array
    law: NDArray[np.int64]
    lams: Array
    log_z: Array
    decodes: int
    seconds: float

    @classmethod
    def of(
        cls,
        u: Tensor,
        f: Array,
        island: NDArray[np.int64],
        law: NDArray[np.int64],
        log_laws: Array,
        lams: Array,
        decodes: int,
        seconds: float,
    ) -> SmcPool:
        """Count the draws of all laws together; the time that takes comes on top of `seconds`."""
        began = time.perf_counter()
        ratio, log_z = _counted(log_laws, law, lams)
        spent = seconds + time.perf_counter() - began
        draws = Draws(u, f, ratio)
        return cls(draws, island, log_laws, law, lams, log_z, decodes, spent)

    @property
    def lam_max(self) -> float:
        """The last rung."""
        return float(np.nanmax(self.lams))

    def moments(self, lam: float) -> Moments:
        """E f, KL, variance and third moment at λ, for the solver."""
        return self.draws.moments(lam)

    def estimate(self, lam: float) -> tuple[TunedEstimate, Array]:
        """The tuned law at λ and the draws' weights [n]; the error is that between islands.

        Moves of one particle resemble each other: the effective size is what the islands'
        spread of E f leaves of the one that the weights promise.
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
        """Each island's draws, counted against a mixture of its own making."""
        return tuple(self._island(number) for number in range(int(self.island.max()) + 1))

    def _island(self, number: int) -> Draws:
        mine = self.island == number
        ratio, _ = _counted(self.log_laws[:, mine], self.law[mine], self.lams)
        return Draws(self.draws.u[torch.from_numpy(mine)], self.draws.f[mine], ratio)


def _counted(log_laws: Array, law: NDArray[np.int64], lams: Array) -> tuple[Array, Array]:
    """log p - log q_mix [n] and log Z [K] from draws whose laws are given; nan where none is."""
    counts = np.bincount(law, minlength=len(lams))
    there = np.flatnonzero(counts)  # an island knows the proposals of its own half alone
    log_laws, drawn = log_laws[there], counts[there].tolist()
    known = np.isnan(lams[there]) | (lams[there] == 0.0)
    found = mbar_log_z(log_laws, drawn, known.tolist())
    log_z = np.full(len(lams), np.nan)
    log_z[there] = found
    return mixed_log_ratio(log_laws, drawn, found), log_z


def _row(at: Moments) -> tuple[float, float, float, float]:
    return at.expectation, at.kl, at.variance, at.third


def _standard_error(values: Sequence[float] | Array) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))
