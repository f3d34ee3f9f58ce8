"""Moments of one week of every kind of household, by enumeration; nothing is sampled.

Given its kind and the week, a household of level 1 uses a sum of independent things: standby;
Poisson events; at most one start a day of some appliances; heating times a daily thermostat.
They depend on the occupancy of each day, on being away, and linearly on what the street shares
(clouds, matches). The laws of total expectation and covariance do the rest. Second moments are
linear in the weights of the kinds, so those of a whole street are added up before any matrix is
built: the cost does not depend on how many households there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.simulation import habits as h
from lvm_studio.data.simulation.appliances import DAILY, REPEATED, add_kernel, spread_out
from lvm_studio.data.simulation.residents import (
    CAR_OF,
    OCCUPANTS_OF,
    RHYTHM_OF,
    TANK_OF,
    TRAITS_SHAPE,
)
from lvm_studio.data.simulation.week import CLOUDS_VARIANCE
from lvm_studio.data.units import DAY, DAYS, WEEK

Array: TypeAlias = NDArray[np.float64]
#: Weights [R] of the kinds, by position of contract and group.
Weights: TypeAlias = Mapping[tuple[int, int], Array]

#: Tank and car change nothing that depends on occupancy: one kind [L] stands for each of the rest.
_LIVING = np.flatnonzero((TANK_OF == 0) & (CAR_OF == 0))
_THERMOSTAT_VARIANCE = h.THERMOSTAT_SPREAD**2 * (1 + h.CLOUDS_ON_HEATING**2 * CLOUDS_VARIANCE)


class WeekMoments:
    """First and second moments of a week for each of the R kinds of household at level 1.

    ``shared`` [R, 10, 336]: what the mean gains in kW per unit of the 7 clouds and the 3
    matches; ``shared_variance`` [10].
    """

    def __init__(self, habits: h.Habits) -> None:
        self._habits = habits
        self._gone = habits.frame.away[OCCUPANTS_OF]
        self._occupancy = habits.occupancy[OCCUPANTS_OF[_LIVING]].transpose(0, 2, 1)  # [L, 3, 7]
        # What depends on the day and its occupancy, as weeks: [L, 3, 7, 336].
        self._heat = _on_days(habits.heating)[RHYTHM_OF[_LIVING]] * _kw_per_degree(4)
        self._lights = self._power_of(h.LIGHTS_AT)
        others = sum(self._power_of(at) for at in range(len(REPEATED)) if at != h.LIGHTS_AT)
        self._lived = others + self._lights + self._heat
        self._clouded = h.CLOUDS_ON_LIGHTS * self._lights + h.CLOUDS_ON_HEATING * self._heat
        self._heat_away = _on_days(habits.heating_away) * _kw_per_degree(3)  # [L, 7, 336]
        self._match = self._match_power()  # [3, 336] per viewer
        self.shared = self._shared()
        law = habits.frame.match_law
        self.shared_variance = np.concatenate([np.full(DAYS, CLOUDS_VARIANCE), law * (1 - law)])
        self._means: dict[tuple[int, int], tuple[Array, Array]] = {}

    def mean(self, contract: int, group: int) -> Array:
        """Mean week of each kind [R, 336] in kW, over being away and what is shared."""
        home, away = self._home_and_away(contract, group)
        gone = self._gone[:, None]
        return (1 - gone) * home + gone * away

    def second_moment(self, weights: Weights) -> Array:
        """Sum over contracts, groups and kinds of weight times E[Y Yᵀ], [336, 336] in kW²."""
        total = np.zeros((WEEK, WEEK))
        for (contract, group), weight in weights.items():
            home, away = self._home_and_away(contract, group)
            total += _outer(home, weight * (1 - self._gone)) + _outer(away, weight * self._gone)
            self._add_daily(total, contract, group, weight * (1 - self._gone))
        everybody = np.sum(list(weights.values()), axis=0)
        self._add_days(total, everybody)
        self._add_matches(total, everybody)
        self._add_repeated(total, everybody)
        return total

    def _home_and_away(self, contract: int, group: int) -> tuple[Array, Array]:
        if (contract, group) not in self._means:
            daily = np.einsum(
                "adr,adt->rt",
                self._habits.daily_law(contract),
                _daily_power(self._habits.daily_starts(group)),
            )
            living = np.einsum("lod,lodt->lt", self._occupancy, self._lived)
            viewing = self._habits.frame.match_law @ self._match
            home = h.STANDBY_KW[:, None] + _for_all(living) + daily
            home += h.VIEWERS[:, None] * viewing
            self._means[contract, group] = home, self._mean_away()
        return self._means[contract, group]

    def _mean_away(self) -> Array:
        standby = h.STANDBY_AWAY * h.STANDBY_KW[:, None]
        cold = REPEATED[h.COLD_AT]
        running = spread_out(self._habits.repeated[h.COLD_AT, 0, 0].reshape(WEEK), cold.mean_shape)
        scaled = h.REPEATED_SCALE[h.COLD_AT][:, None] * running
        away: Array = standby + scaled + _for_all(self._heat_away.sum(axis=1))
        return away

    def _power_of(self, at: int) -> Array:
        """Mean power of a `REPEATED` appliance by living kind, occupancy, day [L, 3, 7, 336]."""
        starts = _on_days(self._habits.repeated[at])
        power = spread_out(starts, REPEATED[at].mean_shape)[RHYTHM_OF[_LIVING]]
        scaled: Array = power * h.REPEATED_SCALE[at, _LIVING][:, None, None, None]
        return scaled

    def _match_power(self) -> Array:
        frame, power = self._habits.frame, np.zeros((len(self._habits.frame.match_law), WEEK))
        for row, kick_off, half_time in zip(power, frame.kick_off, frame.half_time, strict=True):
            screens, kettles = np.zeros(WEEK), np.zeros(WEEK)
            screens[kick_off], kettles[half_time] = 1.0, h.KETTLES_PER_VIEWER
            row += spread_out(screens, REPEATED[h.SCREENS_AT].mean_shape)
            row += spread_out(kettles, REPEATED[h.KETTLE_AT].mean_shape)
        return power

    def _shared(self) -> Array:
        gone = self._gone[:, None, None]
        clouds_home = _for_all(np.einsum("lod,lodt->ldt", self._occupancy, self._clouded))
        clouds_away = _for_all(h.CLOUDS_ON_HEATING * self._heat_away)
        clouds = (1 - gone) * clouds_home + gone * clouds_away
        matches = (1 - gone) * h.VIEWERS[:, None, None] * self._match
        return np.concatenate([clouds, matches], axis=1)

    def _add_days(self, total: Array, weights: Array) -> None:
        """What varies from day to day: occupancy, thermostat, clouds."""
        home = _living(weights * (1 - self._gone))[:, None, None]
        away = _living(weights * self._gone)[:, None]
        each, usual = (
            home * self._occupancy,
            np.einsum("lod,lodt->ldt", self._occupancy, self._lived),
        )
        total += _outer(self._lived, each)
        total -= _outer(usual, np.broadcast_to(home[..., 0], usual.shape[:2]))
        total += _outer(self._heat, _THERMOSTAT_VARIANCE * each)
        total += _outer(self._clouded, CLOUDS_VARIANCE * each)
        alone = _THERMOSTAT_VARIANCE + CLOUDS_VARIANCE * h.CLOUDS_ON_HEATING**2
        total += _outer(self._heat_away, np.broadcast_to(alone * away, usual.shape[:2]))

    def _add_matches(self, total: Array, weights: Array) -> None:
        viewers = float((weights * (1 - self._gone)) @ h.VIEWERS**2)
        total += _outer(self._match, viewers * self.shared_variance[DAYS:])

    def _add_repeated(self, total: Array, weights: Array) -> None:
        home = weights * (1 - self._gone)
        frame = self._habits.frame
        for at, appliance in enumerate(REPEATED):
            present = weights if at == h.COLD_AT else home
            scaled = _living(present * h.REPEATED_SCALE[at])
            by_rhythm = self._habits.repeated[at][RHYTHM_OF[_LIVING]]
            starts = np.einsum("l,lod,lodt->dt", scaled, self._occupancy, by_rhythm).reshape(WEEK)
            viewers = float(home @ h.VIEWERS) * frame.match_law
            if at == h.SCREENS_AT:
                starts[frame.kick_off] += viewers
            if at == h.KETTLE_AT:
                starts[frame.half_time] += h.KETTLES_PER_VIEWER * viewers
            add_kernel(total, starts, appliance.second_moment)

    def _add_daily(self, total: Array, contract: int, group: int, home: Array) -> None:
        """One start or none: the kernel of the starts, less the square of the day's mean."""
        law = self._habits.daily_law(contract)
        starts = self._habits.daily_starts(group)
        expected = np.einsum("adr,r,adt->adt", law, home, starts).reshape(len(DAILY), WEEK)
        for appliance, when in zip(DAILY, expected, strict=True):
            add_kernel(total, when, appliance.second_moment)
        total -= _outer(_daily_power(starts), np.einsum("adr,r->ad", law**2, home))


def _outer(rows: Array, weights: Array) -> Array:
    """Sum of weight [...] times the row [..., 336] times its transpose."""
    flat = rows.reshape(-1, WEEK)
    product: Array = flat.T @ (weights.reshape(-1, 1) * flat)
    return product


def _on_days(daily: Array) -> Array:
    """Curves of single days [..., 7, 48] as weeks that are 0 on all other days [..., 7, 336]."""
    weeks = np.zeros((*daily.shape[:-1], DAYS, DAY))
    days = np.arange(DAYS)
    weeks[..., days, days, :] = daily
    return weeks.reshape(*daily.shape[:-1], WEEK)


def _daily_power(starts: Array) -> Array:
    """Mean power of each appliance of `DAILY` on the day it is used [4, 7, 336]."""
    return np.stack(
        [
            spread_out(weeks, appliance.mean_shape)
            for appliance, weeks in zip(DAILY, _on_days(starts), strict=True)
        ]
    )


def _kw_per_degree(dimensions: int) -> Array:
    """Heating of the living kinds in kW per degree, to be broadcast [L, 1, …]."""
    heating: Array = h.HEATING_KW_PER_DEGREE[_LIVING]
    return heating.reshape(-1, *[1] * (dimensions - 1))


def _living(weights: Array) -> Array:
    """Weights [R] added up over tank and car [L]."""
    added: Array = weights.reshape(TRAITS_SHAPE).sum(axis=(2, 3)).reshape(-1)
    return added


@lru_cache(maxsize=1)
def _living_of() -> NDArray[np.int64]:
    """Which living kind stands for each kind [R]."""
    numbered = np.arange(len(_LIVING)).reshape(*TRAITS_SHAPE[:2], 1, 1, TRAITS_SHAPE[-1])
    stands: NDArray[np.int64] = np.broadcast_to(numbered, TRAITS_SHAPE).reshape(-1)
    return stands


def _for_all(by_living: Array) -> Array:
    """Values of the living kinds [L, ...] for all kinds [R, ...]."""
    return by_living[_living_of()]
