"""Rival methods on the composition page: the best of the base weeks, and Langevin chains.

Their draws carry no weights, so that they know neither KL nor log Z: these are those of the best
source there is, and the mark is red. Runs on the compute thread alone.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.tuned_keys import tuning_key
from lvm_studio.studio.street.tunings import Tuning, best_source
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    import torch

    from lvm_studio.tuning.certificate import Certificate
    from lvm_studio.tuning.pools.estimates import TunedEstimate
    from lvm_studio.tuning.pools.references import ReferenceDraws

RIVALS = ("rejection", "langevin")
CHAINS, STEPS = 128, 100
"""Of the chains: about 4 s on one core for the shipped model."""
STEPS_A_SLICE = 2


@dataclass(frozen=True, eq=False)
class Rival:
    """Draws u [n, dim] of one rival at one λ, all counting the same; what it says, and costs."""

    u: torch.Tensor
    estimate: TunedEstimate
    certificate: Certificate
    sentence: str


class RivalsWork:
    """Remembers the last few chains."""

    def __init__(self) -> None:
        self._known: Recent[Hashable, Rival] = Recent(6)

    def at(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, Rival | None]:
        """The rival that the page asks for, at its λ; None where it asks for none."""
        state = request.state
        if state.method not in RIVALS or state.lam == 0.0:
            return None
        key = (tuning_key(request), state.lam, state.method)
        found = self._known.get(key)
        if found is None:
            lam = abs(state.lam)
            _, level, _ = best_source(tuning, lam)
            if state.method == "rejection":
                draws = kept_base(tuning, level.moments.kl)
            else:
                draws = yield from _chains(tuning, lam, state.seed)
            unit = tuning.pool.potential.criterion.unit
            found = self._known.put(key, rival_of(draws, level, tuning, unit))
        return found


def kept_base(tuning: Tuning, kl: float) -> ReferenceDraws:
    """The best e^{-KL} of the base draws that are there."""
    from lvm_studio.tuning.pools.references import kept_best

    return kept_best(tuning.pool.draws.u, tuning.pool.draws.f, kl, seconds=0.0)


def _chains(tuning: Tuning, lam: float, seed: int) -> Generator[None, None, ReferenceDraws]:
    from lvm_studio.tuning.pools.references import langevin_in_slices

    potential = tuning.pool.potential
    for draws in langevin_in_slices(potential, lam, CHAINS, STEPS, seed, every=STEPS_A_SLICE):
        if draws is not None:
            return draws
        yield None
    raise AssertionError("the last slice is the draws")


def rival_of(draws: ReferenceDraws, level: TunedEstimate, tuning: Tuning, unit: str) -> Rival:
    """What a rival says, beside the KL and the log Z that others tell of this λ."""
    from lvm_studio.tuning.certificate import uncertified

    moments = replace(level.moments, expectation=draws.expectation)
    estimate = replace(
        level,
        moments=moments,
        standard_error=draws.standard_error,
        ess=draws.effective,
        khat=np.inf,
        samples=draws.decodes,
    )
    error = abs(tuning.pool.potential.scale) * draws.standard_error
    told = "Best of the base weeks" if draws.method == "rejection" else "Plain Langevin chains"
    sentence = (
        f"{told}: {draws.effective:,.0f} curves that count, of {draws.decodes:,} decoded "
        f"({draws.decodes_each:,.0f} a curve); E f ± {error:.2g} {unit}."
    )
    share = draws.effective / draws.decodes
    certificate = replace(uncertified(draws.caveat), ess_share=share, samples=draws.decodes)
    return Rival(draws.u, estimate, certificate, sentence)
