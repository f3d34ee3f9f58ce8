"""Fresh draws of p̂_λ at one λ, within a tenth of a nat of it, and nothing is fitted for them.

What a climb has seen tells Gaussians of this λ at once; where these are not near enough alone, one
of two, four … of their proposals is kept. For a pad of two criteria, where a flow had to be told
all directions: fitted for 300 s on ten households it needs half as many proposals as these
Gaussians do, after 80 s on a street, whose sixty dimensions it learns slowly, twice as many.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import torch

from lvm_studio.tuning.certificate import certify
from lvm_studio.tuning.criteria.potential import CHUNK, Potential
from lvm_studio.tuning.pools.kept import kept_draws, kept_gap
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.smc_fit import closer
from lvm_studio.tuning.pools.stages import Climb
from lvm_studio.tuning.pools.weights import Array, effective_sample_size, normalised

KEPT_DRAWS = 512
"""At least so many: enough for a certificate."""
NEAR = 0.1
"""Nats from p̂_λ that are near enough."""
MOST_PROPOSALS = 16
_ROUNDS = (4, 4, 8, MOST_PROPOSALS)
"""Proposals a draw at most, before Gaussians are fitted to all of them too."""
_COMPONENTS = 16
_LEAST_SHARE = 1e-3
"""Of each of them."""
_TOLD_BY = 0.97
"""Of the weight: the draws behind the rest cost as much and tell little."""
_SURE = 0.05
"""Nats of log Z that all proposals may be in doubt about."""
_TRIED = 256
"""Draws by which the better of two laws is chosen."""


@dataclass(frozen=True, eq=False)
class Kept:
    """Draws [n] of p̂_λ, each the one kept of so many proposals, counted against their own law.

    near: whether they are within NEAR, and nothing speaks against their weights.
    """

    proposals: int
    draws: Draws
    near: bool


def keeping(
    potential: Potential, reached: Climb, lam: float, n: int, seed: int
) -> Generator[None, None, Kept]:
    """Return n draws at λ > 0, which the climb has reached; pauses every some 50 ms of a street."""
    work = _Keeping(potential, reached, lam, torch.Generator().manual_seed(seed))
    law = work.by_slopes()
    for most in _ROUNDS:
        yield
        law = yield from work.better(law, work.by_places(law))
        found = yield from work.proposed(law, n, most)
        if found.near:
            break
    return found


class _Keeping:
    """Draws that tell of p̂_λ, the laws they tell, and proposals of these."""

    def __init__(
        self, potential: Potential, reached: Climb, lam: float, generator: torch.Generator
    ) -> None:
        self._potential, self._lam, self._generator = potential, lam, generator
        self._known = _heaviest(reached, lam)
        self._told = [self._known.draws]

    def by_slopes(self) -> Mixture:
        """Gaussians by how f rises: sure in the many directions that f does not feel."""
        centres = self._known.centres_at(self._lam, self._generator, _COMPONENTS)
        return self._known.mixture_at(self._lam, centres, _LEAST_SHARE)

    def by_places(self, law: Mixture) -> Mixture:
        """The same moved by EM: nearer where ways to be extreme run into each other.

        The climb's draws tell it and all proposals so far, each set as much as it is worth.
        """
        shares = [draws.estimate(self._lam)[1] for draws in self._told]
        worth = np.array([effective_sample_size(share) for share in shares])
        share = np.concatenate([part * w for part, w in zip(shares, worth, strict=True)])
        return closer(law, torch.cat([draws.u for draws in self._told]), share / worth.sum())

    def better(self, one: Mixture, other: Mixture) -> Generator[None, None, Mixture]:
        """Of two laws the one whose draws are worth more."""
        worth = []
        for law in (one, other):
            yield
            draws = yield from self._drawn(law, _TRIED)
            worth.append(effective_sample_size(normalised(self._log_weights(draws))))
        return other if worth[1] > worth[0] else one

    def proposed(self, law: Mixture, n: int, most: int) -> Generator[None, None, Kept]:
        """Independent draws of the law, n times as many as one must be kept of, or the most."""
        proposals, draws = 1, (yield from self._drawn(law, n))
        while not (found := self._looked_at(proposals, draws)).near and proposals < most:
            more = yield from self._drawn(law, n * proposals)
            draws = Draws(
                torch.cat([draws.u, more.u]),
                np.concatenate([draws.f, more.f]),
                np.concatenate([draws.log_ratio, more.log_ratio]),
            )
            proposals *= 2
        self._told.append(draws)
        return found

    def _looked_at(self, proposals: int, draws: Draws) -> Kept:
        """Keep one of so many; near by all proposals, and by the certificate of what is kept.

        What all proposals say of log Z must be sound too: the weights of what is kept rest on it.
        """
        kept = kept_draws(draws, self._lam, proposals, self._generator)
        read, of_all = (certify(self._lam, each.f, each.log_ratio) for each in (kept, draws))
        gap = max(read.kl_to_target, kept_gap(self._log_weights(draws), proposals))
        sure = of_all.log_z_error <= _SURE
        return Kept(proposals, kept, read.ok and of_all.ok and sure and gap <= NEAR)

    def _drawn(self, law: Mixture, n: int) -> Generator[None, None, Draws]:
        u = law.rsample(n, self._generator)
        f = []
        for part in torch.split(u, CHUNK):
            f.append(self._potential.values(part))
            yield
        return Draws(u, torch.cat(f).numpy(), -law.log_ratio(u).double().numpy())

    def _log_weights(self, draws: Draws) -> Array:
        weights: Array = self._lam * draws.f + draws.log_ratio
        return weights


def _heaviest(reached: Climb, lam: float) -> Climb:
    """Of a climb only the draws that carry nearly all of the weight at λ."""
    draws = reached.draws
    share = draws.estimate(lam)[1]
    order = np.argsort(share)[::-1]
    rows = order[: int(np.searchsorted(np.cumsum(share[order]), _TOLD_BY)) + 1].copy()
    picked = torch.from_numpy(rows)
    few = Draws(draws.u[picked], draws.f[rows], draws.log_ratio[rows])
    return replace(reached, draws=few, gradient=reached.gradient[picked])
