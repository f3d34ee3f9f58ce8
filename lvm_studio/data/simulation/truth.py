"""The exact law of simulated curves given labels, temperature and calendar: what to judge by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.simulation.draw import draw_curves, draw_shared
from lvm_studio.data.simulation.habits import habits_of
from lvm_studio.data.simulation.moments import WeekMoments
from lvm_studio.data.simulation.residents import (
    CONTRACTS,
    GROUPS,
    KINDS,
    LEVEL_SPREAD,
    Label,
    Residents,
    draw_residents_like,
    kind_law,
)
from lvm_studio.data.simulation.week import week_frame
from lvm_studio.data.units import WEEK

Who: TypeAlias = Sequence[Label] | Residents
_ROWS = 4096  # household-weeks drawn at once


class StreetTruth:
    """Mean, covariance and samples of the summed week of a multi-set of simulated households.

    ``who`` is a sequence of `Label`s, or `Residents` whose traits and levels are known. Given
    labels, everything nobody is told is averaged over: traits, level, days out, weeks away,
    clouds, matches. The same label twice means two households; so does the same resident
    twice. All share one street: its clouds and matches make their curves dependent.

    ``temperature_c`` [336] (or 7 daily means) in °C and ``start``, the Monday 00:00 UTC, are
    what is known of the week. Curves are in kW, [336]; the mean and covariance are exact.
    Readings of a simulated set differ from this law only in being rounded to whole Wh.

    >>> from lvm_studio.data.calendar import week_start
    >>> who = [Label("base", 6.0, "none")] * 10
    >>> cold = StreetTruth().mean(who, np.full(7, -5.0), week_start("2016-W03"))
    >>> mild = StreetTruth().mean(who, np.full(7, 15.0), week_start("2016-W03"))
    >>> bool(cold.mean() > 1.5 * mild.mean())
    True
    """

    def mean(self, who: Who, temperature_c: ArrayLike, start: np.datetime64) -> NDArray[np.float64]:
        """Mean of the sum [336] in kW."""
        total: NDArray[np.float64] = self.part_means(who, temperature_c, start).sum(axis=0)
        return total

    def part_means(
        self, who: Who, temperature_c: ArrayLike, start: np.datetime64
    ) -> NDArray[np.float64]:
        """Mean of each household [K, 336] in kW."""
        parts, moments = _parts(who), _moments_of(temperature_c, start)
        means = np.empty((len(parts.contract), WEEK))
        for contract, group, rows in parts.tariffs():
            means[rows] = parts.mean_weights[rows] @ moments.mean(contract, group)
        return means

    def covariance(
        self, who: Who, temperature_c: ArrayLike, start: np.datetime64
    ) -> NDArray[np.float64]:
        """Covariance of the sum [336, 336] in kW²."""
        parts, moments = _parts(who), _moments_of(temperature_c, start)
        weights, covariance = {}, np.zeros((WEEK, WEEK))
        for contract, group, rows in parts.tariffs():
            means, kinds = moments.mean(contract, group), parts.mean_weights[rows]
            covariance -= means.T @ (kinds.T @ kinds) @ means
            weights[contract, group] = parts.second_weights[rows].sum(axis=0)
        covariance += moments.second_moment(weights)
        return covariance + _between_households(parts.mean_weights, moments)

    def variance(
        self, who: Who, temperature_c: ArrayLike, start: np.datetime64
    ) -> NDArray[np.float64]:
        """Variance of the sum [336] in kW²."""
        return np.diagonal(self.covariance(who, temperature_c, start)).copy()

    def sample(
        self, who: Who, temperature_c: ArrayLike, start: np.datetime64, count: int, seed: int
    ) -> NDArray[np.float32]:
        """`count` sums [count, 336] in kW; labels get new households for every sum."""
        if not len(who):
            raise DataError("A sum needs at least one household.")
        generator, frame = np.random.default_rng(seed), week_frame(temperature_c, start)
        habits, sums = habits_of(frame), np.empty((count, WEEK), dtype=np.float32)
        at_once = max(1, _ROWS // len(who))
        for first in range(0, count, at_once):
            streets = min(at_once, count - first)
            shared = draw_shared(frame, streets, generator).repeated(len(who))
            curves = draw_curves(_draw(who, streets, generator), habits, shared, generator)
            sums[first : first + streets] = curves.reshape(streets, len(who), WEEK).sum(axis=1)
        return sums


@dataclass(frozen=True, eq=False)
class _Parts:
    """K households as laws over kinds: weights [K, R] times E level, and times E level²."""

    contract: NDArray[np.int64]
    group: NDArray[np.int64]
    mean_weights: NDArray[np.float64]
    second_weights: NDArray[np.float64]

    def tariffs(self) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """Every pair of contract and group there is, and the rows that have it."""
        both = np.stack([self.contract, self.group], axis=1)
        for contract, group in np.unique(both, axis=0).tolist():
            yield contract, group, np.flatnonzero((both == (contract, group)).all(axis=1))


def _parts(who: Who) -> _Parts:
    if not len(who):
        raise DataError("A sum needs at least one household.")
    if isinstance(who, Residents):
        one = np.eye(KINDS)[who.kind]
        level = who.level[:, None]
        return _Parts(who.contract, who.group, level * one, level**2 * one)
    kinds = np.stack([kind_law(label) for label in who])
    return _Parts(
        np.array([CONTRACTS.index(label.contract) for label in who]),
        np.array([GROUPS.index(label.off_peak_group) for label in who]),
        kinds,
        (1 + LEVEL_SPREAD**2) * kinds,
    )


def _draw(who: Who, streets: int, generator: np.random.Generator) -> Residents:
    if isinstance(who, Residents):
        return who[np.tile(np.arange(len(who)), streets)]
    return draw_residents_like(list(who) * streets, generator)


def _between_households(weights: NDArray[np.float64], moments: WeekMoments) -> NDArray[np.float64]:
    """Covariance of every household with all others, through what the street shares."""
    together, alone = weights.sum(axis=0), weights.T @ weights
    pairs = np.outer(together, together) - alone
    covariance = np.zeros((WEEK, WEEK))
    for variance, response in zip(
        moments.shared_variance, moments.shared.transpose(1, 0, 2), strict=True
    ):
        covariance += variance * (response.T @ (pairs @ response))
    return covariance


def _moments_of(temperature_c: ArrayLike, start: np.datetime64) -> WeekMoments:
    temperature = np.asarray(temperature_c, dtype=np.float64)
    return _cached_moments(temperature.tobytes(), str(start))


@lru_cache(maxsize=4)
def _cached_moments(temperature: bytes, start: str) -> WeekMoments:
    frame = week_frame(np.frombuffer(temperature), np.datetime64(start, "m"))
    return WeekMoments(habits_of(frame))
