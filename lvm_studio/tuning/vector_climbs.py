"""Climbs of the vector λ in all directions, until every tuned law up to a KL is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.pools.counted import Counted
from lvm_studio.tuning.pools.mixtures import MOST_COMPONENTS, Mixture
from lvm_studio.tuning.pools.smc_fit import fitted_mixture
from lvm_studio.tuning.pools.stages import reach
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.vector import (
    DIRECTIONS,
    VectorDraws,
    VectorPool,
    VectorPotential,
    directions,
    slope_gaussians,
)

STAGE_DRAWS = 512
BETWEEN = 8
"""Of the climbs, those that go where the ones before have left most room."""
_WIDEN = 1.1
_REACH_ESS = 0.4
_MOST_STAGES = 14
_STANDSTILL = 0.05
_CLOSE = 0.97


def vector_climbs(
    potential: VectorPotential,
    base: VectorDraws,
    *,
    kl_max: float,
    generator: torch.Generator,
    along: Array | None = None,
    draws: int = STAGE_DRAWS,
) -> Iterator[VectorPool]:
    """Climb along each direction up to KL ≈ kl_max; after each, all draws counted together.

    Every climb starts from all that those before it have found, so that neighbours help. Half of
    the draws are of Gaussians fitted to the other half, as in SMC: fitted to their own, they would
    put log Z too low.
    """
    known = _Known(potential, base.u[: 4 * draws])
    for direction in _all_around(known, base.root, kl_max) if along is None else along:
        lam = 0.0
        for _ in range(_MOST_STAGES):
            seen = known.draws().along(direction)
            reached = reach(seen, 2.0 * lam + 2.0, kl_max, _REACH_ESS * draws)
            if reached <= (1.0 + _STANDSTILL) * lam or (
                lam > 0.0 and seen.moments(reached).kl > _CLOSE * kl_max
            ):
                break
            lam = reached
            known.rise(direction, lam, draws, generator)
        yield VectorPool(potential, known.draws(), known.gradient, kl_max)


def _all_around(known: _Known, root: Array, kl_max: float) -> Iterator[Array]:
    """Directions to climb: some with even tilts, then those between laws that are far apart.

    Where the surface of E f is nearly flat a little turn of λ leads from one of its ends to the
    other, and draws of neither tell of the laws between them.
    """
    m = len(root)
    first = DIRECTIONS - BETWEEN if m == 2 else DIRECTIONS  # only a circle has neighbours
    evening = np.linalg.inv(root)
    tilts = list(directions(m, first))
    yield from (tilt @ evening for tilt in tilts)
    ends = [known.end(tilt @ evening, kl_max) for tilt in tilts] if m == 2 else []
    while len(tilts) < DIRECTIONS:
        apart = np.linalg.norm(np.roll(ends, -1, axis=0) - np.array(ends), axis=1)
        place = int(apart.argmax())
        middle = tilts[place] + tilts[(place + 1) % len(tilts)]
        tilt = middle / np.linalg.norm(middle)
        yield tilt @ evening
        tilts.insert(place + 1, tilt)
        ends.insert(place + 1, known.end(tilt @ evening, kl_max))


class _Half:
    """Half of the draws of all stages of all climbs, counted against the laws that they are of."""

    def __init__(self, potential: VectorPotential, base: Tensor) -> None:
        self.potential = potential
        self.counted = Counted(potential.dim)
        m = len(potential.potentials)
        self.f, self.gradient = torch.empty(0, m), torch.empty(0, m, potential.dim)
        self._add(Mixture.standard(potential.dim), base)

    def draw(self, law: Mixture, n: int, generator: torch.Generator) -> None:
        """n more, of one more law."""
        self._add(law, law.rsample(n, generator))

    def _add(self, law: Mixture, u: Tensor) -> None:
        f, gradient = self.potential.values_and_gradients(u)
        self.f, self.gradient = torch.cat([self.f, f]), torch.cat([self.gradient, gradient])
        self.counted.add(law, u)

    def draws(self) -> VectorDraws:
        return VectorDraws(self.counted.u, self.f.double().numpy(), self.counted.log_ratio())

    def laws(
        self, direction: Array, lam: float, generator: torch.Generator
    ) -> tuple[Mixture, Mixture]:
        """p̂_λ along a direction by Gaussians: of slopes, and of places.

        Away from extremes slopes tell little of the place.
        """
        seen = self.draws().along(direction)
        along = torch.from_numpy(direction).to(self.gradient.dtype)
        slope = torch.einsum("nmd,m->nd", self.gradient, along)
        by_slope = slope_gaussians(seen, slope, lam, generator)
        by_place = fitted_mixture(seen.u, seen.estimate(lam)[1], MOST_COMPONENTS, generator)
        return by_slope.widened(_WIDEN), by_place.widened(_WIDEN)


class _Known:
    """All draws so far, in two halves."""

    def __init__(self, potential: VectorPotential, base: Tensor) -> None:
        self.halves = [_Half(potential, part) for part in base.chunk(2)]

    def rise(self, direction: Array, lam: float, n: int, generator: torch.Generator) -> None:
        """n draws for λ along a direction, of each half's by the other's Gaussians."""
        fitted = [half.laws(direction, lam, generator) for half in reversed(self.halves)]
        for half, laws in zip(self.halves, fitted, strict=True):
            for law in laws:
                half.draw(law, n // (2 * len(laws)), generator)

    def draws(self) -> VectorDraws:
        parts = [half.draws() for half in self.halves]
        return VectorDraws(
            torch.cat([part.u for part in parts]),
            np.concatenate([part.f for part in parts]),
            np.concatenate([part.log_ratio for part in parts]),
        )

    def end(self, direction: Array, kl: float) -> Array:
        """E f [m] where a direction has so many nats."""
        draws = self.draws()
        return draws.moments(draws.reach(direction, kl) * direction).expectation

    @property
    def gradient(self) -> Tensor:
        return torch.cat([half.gradient for half in self.halves])
