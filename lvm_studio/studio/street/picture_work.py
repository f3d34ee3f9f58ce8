"""The pictures beside λ, computed in slices: theory curves, difficulty, measured sums.

Runs on the compute thread alone, and only for the tab that is looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.studio.street.answers import (
    DifficultyAnswer,
    MeasuredAnswer,
    Picture,
    StreetRequest,
    TheoryAnswer,
    TheoryCurve,
)
from lvm_studio.studio.street.tuned_keys import tuning_key
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.tunings import best_source
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.boltzmann.bands import RealSums
    from lvm_studio.studio.street.tunings import Tuning
    from lvm_studio.tuning.criteria.difficulty import Difficulty
    from lvm_studio.tuning.extremes import Band, OneInN
    from lvm_studio.tuning.pools.pool import Draws
    from lvm_studio.tuning.pools.smc_pool import SmcPool
    from lvm_studio.tuning.theory import TheoryCurves

    Array = NDArray[np.float64]

LAMS = 41
"""Points of a theory curve."""
LAMS_A_SLICE = 8
GRADIENTS = 1024
"""Base draws whose gradient is taken: its 99 % quantile then rests on ten of them."""
GRADIENTS_A_SLICE = 64
SUMS, RESAMPLES = 12_000, 30
"""Measured sums of a resample of households and weeks, and how many resamples: 4 s in all."""
FORMING = "sums of as many households are being formed, again and again …"
MORE = "so rare a week needs more sums; they are being formed in the background …"
LEAST_TAIL = 20.0
"""A figure of the measured tail needs so many sums in it."""


class PictureWork:
    """Answers one picture at a time; remembers those of the last few streets."""

    def __init__(self, tunings: TunedWork) -> None:
        self._tunings = tunings
        self._difficulties: Recent[Hashable, Difficulty] = Recent(6)
        self._sums: Recent[Hashable, RealSums] = Recent(6)
        self._more: Recent[Hashable, RealSums] = Recent(3)

    def answer(
        self, request: StreetRequest, picture: Picture
    ) -> Generator[TheoryAnswer | DifficultyAnswer | MeasuredAnswer | None, None, None]:
        """Answer with the picture of this street and criterion."""
        tuning = yield from self._tunings.known(request)
        if picture == "theory":
            yield from self._theory(request, tuning)
        elif picture == "difficulty":
            yield from self._difficulty(request, tuning)
        else:
            yield from self._measured(request, tuning)

    def _theory(
        self, request: StreetRequest, tuning: Tuning
    ) -> Generator[TheoryAnswer | None, None, None]:
        from lvm_studio.tuning.theory import theory

        beyond, name, reach = _beyond(tuning)
        lams = np.linspace(0.0, max(reach, abs(request.state.lam)), LAMS)
        parts = []
        for start in range(0, LAMS, LAMS_A_SLICE):
            some = [float(lam) for lam in lams[start : start + LAMS_A_SLICE]]
            parts.append(theory(tuning.pool.draws, beyond, some))
            yield None
        yield _theory_answer(request, tuning, parts, name)

    def _difficulty(
        self, request: StreetRequest, tuning: Tuning
    ) -> Generator[DifficultyAnswer | None, None, None]:
        from lvm_studio.tuning.criteria.difficulty import difficulty_of, gradient_norms

        state, potential = request.state, tuning.pool.potential
        key = tuning_key(request)
        found = self._difficulties.get(key)
        if found is None:
            norms, u = [], tuning.pool.draws.u[:GRADIENTS]
            for start in range(0, len(u), GRADIENTS_A_SLICE):
                norms.append(gradient_norms(potential, u[start : start + GRADIENTS_A_SLICE]))
                yield None
            found = self._difficulties.put(key, difficulty_of(np.concatenate(norms)))
        yield DifficultyAnswer(state, found)

    def _measured(
        self, request: StreetRequest, tuning: Tuning
    ) -> Generator[MeasuredAnswer | None, None, None]:
        """Any households and any training week: as many as the street has."""
        unit, state = tuning.pool.potential.criterion.unit, request.state
        _, estimate, _ = best_source(tuning, abs(state.lam), state.method)
        n = float(np.exp(min(max(estimate.moments.kl, 0.0), 700.0)))
        if n < 2.0:
            yield MeasuredAnswer(state, unit, n, None, "")
            return
        yield MeasuredAnswer(state, unit, n, None, FORMING)
        try:
            sums = yield from self._real_sums(request, tuning)
        except DataError as error:
            yield MeasuredAnswer(state, unit, n, None, str(error))
            return
        text = tuning.pool.potential.criterion.name
        more = self._more.get((request.households, state.composition.size, text))
        sums = sums if n <= len(sums.f) / LEAST_TAIL or more is None else more
        most = len(sums.f) / LEAST_TAIL
        if n > most:
            wants = more is None
            why = MORE if wants else f"{len(sums.f):,} sums tell no more than 1 in {most:,.0f}."
            yield MeasuredAnswer(state, unit, n, None, why, criterion=text, wants_more=wants)
            return
        figures = yield from _figures(sums, n, tuning.sign)
        yield MeasuredAnswer(state, unit, n, figures, "", sums=len(sums.f))

    def learn_sums(self, key: Hashable, sums: RealSums) -> Generator[None, None, None]:
        """Read rare weeks off these from now on; key: households, how many, and the criterion."""
        self._more.put(key, sums)
        yield None

    def _real_sums(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, RealSums]:
        from lvm_studio.analysis.boltzmann.bands import BandSpec, real_sums

        state, households = request.state, request.households
        size, criterion = state.composition.size, tuning.pool.potential.criterion
        key = (households, size, criterion.name)
        found = self._sums.get(key)
        if found is None:
            spec = BandSpec(SUMS, RESAMPLES)
            found = yield from real_sums(households, size, criterion, spec)
            self._sums.put(key, found)
        return found


def _beyond(tuning: Tuning) -> tuple[SmcPool | Draws | None, str, float]:
    """Whose draws speak beyond the base law's, their name, and up to which λ."""
    front = float(np.abs(tuning.front.lam).max(initial=0.0))
    if tuning.reference is not None:
        return tuning.reference.pool, "reference (SMC)", max(front, tuning.reference.pool.lam_max)
    if "climb" in tuning.sources:
        return tuning.sources["climb"].draws, "mixtures fitted on the way to λ", front
    return None, "", front


def _theory_answer(
    request: StreetRequest, tuning: Tuning, parts: list[TheoryCurves], beyond: str
) -> TheoryAnswer:
    potential = tuning.pool.potential

    def joined(name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    def natural(values: Array) -> Array:
        return potential.natural(0.0) + potential.scale * values

    return TheoryAnswer(
        state=request.state,
        unit=potential.criterion.unit,
        lam=tuning.sign * joined("lam"),
        expectation=TheoryCurve(
            natural(joined("expectation")), np.sort(natural(joined("expectation_band")), axis=0)
        ),
        kl=TheoryCurve(joined("kl"), joined("kl_band")),
        variance=TheoryCurve(
            potential.scale**2 * joined("variance"), potential.scale**2 * joined("variance_band")
        ),
        by_base=joined("by_base").astype(np.bool_),
        known=joined("known").astype(np.bool_),
        beyond=beyond,
    )


def _figures(sums: RealSums, n: float, sign: float) -> Generator[None, None, OneInN]:
    """The figures and their bands; of the low tail where sign is −1."""
    from lvm_studio.tuning.extremes import banded, one_in_n_figures

    here = one_in_n_figures(sign * sums.f, n)
    each = []
    for values in sums.resampled:
        yield None
        each.append(one_in_n_figures(sign * values, n))
    found = banded(here, each)
    return found if sign > 0.0 else _mirrored(found)


def _mirrored(figures: OneInN) -> OneInN:
    """The figures of f, of those of −f."""
    from lvm_studio.tuning.extremes import OneInN

    def turned(band: Band | None) -> Band | None:
        return None if band is None else (-band[1], -band[0])

    return OneInN(
        figures.n,
        -figures.quantile,
        -figures.mean_beyond,
        -figures.tilted_mean,
        turned(figures.quantile_band),
        turned(figures.mean_beyond_band),
        turned(figures.tilted_mean_band),
    )
