"""Weeks of given households, drawn by letting them live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.simulation import habits as h
from lvm_studio.data.simulation.appliances import DAILY, REPEATED, Appliance
from lvm_studio.data.simulation.residents import OCCUPANTS_OF, RHYTHM_OF, Residents
from lvm_studio.data.simulation.week import CLOUDS, CLOUDS_LAW, MATCH_DAYS, WeekFrame
from lvm_studio.data.units import DAY, DAYS, WEEK


@dataclass(frozen=True, eq=False)
class SharedEvents:
    """What is the same for all households of a street and told to nobody.

    ``clouds`` [S, 7] and ``matches`` [S, 3] (0 or 1) of S streets.
    """

    clouds: NDArray[np.float64]
    matches: NDArray[np.float64]

    def repeated(self, times: int) -> SharedEvents:
        """Each street's events once for each of its households [S · times, …]."""
        return SharedEvents(
            np.repeat(self.clouds, times, axis=0), np.repeat(self.matches, times, axis=0)
        )


def draw_shared(frame: WeekFrame, count: int, generator: np.random.Generator) -> SharedEvents:
    """Clouds and matches of `count` streets that live through the same week."""
    clouds = generator.choice(CLOUDS, (count, DAYS), p=CLOUDS_LAW)
    matches = generator.random((count, len(MATCH_DAYS))) < frame.match_law
    return SharedEvents(clouds, matches.astype(np.float64))


def draw_curves(
    residents: Residents,
    habits: h.Habits,
    shared: SharedEvents,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """One week of each household [H, 336] in kW; `shared` has one row, or one for each."""
    kind = residents.kind
    home = generator.random(len(kind)) >= habits.frame.away[OCCUPANTS_OF[kind]]
    law = habits.occupancy[OCCUPANTS_OF[kind]].cumsum(axis=-1)
    occupancy = (generator.random((len(kind), DAYS, 1)) >= law[..., :2]).sum(axis=-1)
    curves = _heating(residents, habits, shared, home, occupancy, generator)
    curves += (h.STANDBY_KW[kind] * np.where(home, 1.0, h.STANDBY_AWAY))[:, None, None]
    curves = curves.reshape(-1)
    for appliance, starts in zip(
        REPEATED, _repeated_starts(residents, habits, shared, home, occupancy), strict=True
    ):
        _switch_on(curves, appliance, _poisson_positions(starts, generator), generator)
    for appliance, positions in zip(
        DAILY, _daily_positions(residents, habits, home, generator), strict=True
    ):
        _switch_on(curves, appliance, positions, generator)
    return residents.level[:, None] * curves.reshape(-1, WEEK)


def _heating(
    residents: Residents,
    habits: h.Habits,
    shared: SharedEvents,
    home: NDArray[np.bool_],
    occupancy: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Heating [H, 7, 48] in kW."""
    days = np.arange(DAYS)
    degrees = habits.heating[RHYTHM_OF[residents.kind][:, None], occupancy, days]
    degrees = np.where(home[:, None, None], degrees, habits.heating_away)
    spread = h.THERMOSTAT_SPREAD**2
    thermostat = generator.gamma(1 / spread, spread, (len(home), DAYS))
    daily = thermostat * (1 + h.CLOUDS_ON_HEATING * shared.clouds)
    daily = daily * h.HEATING_KW_PER_DEGREE[residents.kind][:, None]
    heating: NDArray[np.float64] = degrees * daily[:, :, None]
    return heating


def _repeated_starts(
    residents: Residents,
    habits: h.Habits,
    shared: SharedEvents,
    home: NDArray[np.bool_],
    occupancy: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    """Expected starts [H, 336] of each appliance of `REPEATED`."""
    kind, frame = residents.kind, habits.frame
    rhythm, days = RHYTHM_OF[kind][:, None], np.arange(DAYS)
    expected = []
    for at, unit in enumerate(habits.repeated):
        scale = h.REPEATED_SCALE[at, kind] * (home if at != h.COLD_AT else 1.0)
        starts = unit[rhythm, occupancy, days] * scale[:, None, None]
        if at == h.LIGHTS_AT:
            starts *= (1 + h.CLOUDS_ON_LIGHTS * shared.clouds)[:, :, None]
        expected.append(starts.reshape(-1, WEEK))
    viewers = (h.VIEWERS[kind] * home)[:, None] * shared.matches
    expected[h.SCREENS_AT][:, frame.kick_off] += viewers
    expected[h.KETTLE_AT][:, frame.half_time] += h.KETTLES_PER_VIEWER * viewers
    return expected


def _poisson_positions(
    starts: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Flat positions of events, Poisson in every cell: their number first, then their places."""
    reached = starts.reshape(-1).cumsum()
    count = generator.poisson(reached[-1])
    # Uniform places in ascending order: looked up several times faster than in random order.
    gaps = generator.standard_exponential(count + 1).cumsum()
    where = np.searchsorted(reached, gaps[:-1] / gaps[-1] * reached[-1], side="right")
    places: NDArray[np.int64] = np.minimum(where, len(reached) - 1)
    return places


def _daily_positions(
    residents: Residents,
    habits: h.Habits,
    home: NDArray[np.bool_],
    generator: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Flat positions of the starts of each appliance of `DAILY`."""
    happens = np.empty((len(DAILY), len(home), DAYS), dtype=np.bool_)
    slot = np.empty(happens.shape, dtype=np.int64)
    for contract, group in np.unique(
        np.stack([residents.contract, residents.group], axis=1), axis=0
    ):
        rows = np.flatnonzero((residents.contract == contract) & (residents.group == group))
        law = habits.daily_law(contract)[:, :, residents.kind[rows]].transpose(0, 2, 1)
        happens[:, rows] = generator.random(law.shape) < law
        reached = habits.daily_starts(group).cumsum(axis=-1)
        for at, day in np.ndindex(len(DAILY), DAYS):
            where = np.searchsorted(reached[at, day], generator.random(len(rows)), side="right")
            slot[at, rows, day] = np.minimum(where, DAY - 1)
    happens &= home[:, None]
    flat = np.arange(len(home))[:, None] * WEEK + np.arange(DAYS) * DAY + slot
    return [flat[at][happens[at]] for at in range(len(DAILY))]


def _switch_on(
    curves: NDArray[np.float64],
    appliance: Appliance,
    positions: NDArray[np.int64],
    generator: np.random.Generator,
) -> None:
    """Add the power of events that start at flat `positions` to flat curves [H · 336]."""
    power, length = appliance.draw(len(positions), generator)
    after_start = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
    start = np.repeat(positions, length)
    week = start // WEEK * WEEK
    where = week + (start - week + after_start) % WEEK
    curves += np.bincount(where, weights=np.repeat(power, length), minlength=len(curves))
