"""When things are switched on: expected starts by occupancy, rhythm, clock and contract.

A household that is not away for the week is, on each day, *out* in working hours, *in* all day,
or out in the *evening*; days run from midnight to midnight UTC, habits follow the local clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.simulation.residents import (
    CAR_OF,
    CONTRACTS,
    GROUPS,
    HEATING_OF,
    OCCUPANTS_OF,
    RHYTHM_STEPS,
    TANK_OF,
)
from lvm_studio.data.simulation.week import WeekFrame
from lvm_studio.data.units import DAY, DAYS

OUT, IN, EVENING = range(3)
_OCCUPANCY_LAW = np.array(  # by working or free day and occupants: out, in, evening
    [
        [[0.60, 0.20, 0.20], [0.62, 0.20, 0.18], [0.50, 0.42, 0.08], [0.12, 0.80, 0.08]],
        [[0.30, 0.45, 0.25], [0.30, 0.50, 0.20], [0.25, 0.65, 0.10], [0.15, 0.75, 0.10]],
    ]
)
_PRESENCE_WHEN_OUT = 0.06

#: Times each kind [R] multiplies the starts of `REPEATED` by, per appliance [5, R].
REPEATED_SCALE = np.array(
    [
        [0.8, 1.0, 1.2, 1.0],
        [0.7, 1.0, 1.2, 1.2],
        [0.6, 1.0, 1.4, 1.0],
        [0.8, 1.0, 1.8, 1.1],
        [0.7, 1.0, 1.7, 1.0],
    ]
)[:, OCCUPANTS_OF]
COLD_AT, KETTLE_AT, _COOKING_AT, SCREENS_AT, LIGHTS_AT = range(5)
_COLD_STARTS = 0.35

#: Starts of screens at kick-off, and of kettles at half-time per viewer.
VIEWERS = np.array([0.35, 0.5, 0.7, 0.45])[OCCUPANTS_OF]
KETTLES_PER_VIEWER = 0.6

STANDBY_KW = np.array([0.05, 0.07, 0.10, 0.07])[OCCUPANTS_OF]
STANDBY_AWAY = 0.6
HEATING_KW_PER_DEGREE = (
    np.array([0.0, 0.06, 0.12])[HEATING_OF] * np.array([0.75, 1.0, 1.25, 1.0])[OCCUPANTS_OF]
)
HEATING_AWAY = 0.35
_HEATING_AT_NIGHT, _HEATING_WHEN_OUT = 0.75, 0.7
#: Heating of each day and household is multiplied by a Gamma variable: mean 1, this spread.
THERMOSTAT_SPREAD = 0.25
#: Full clouds add so much to the starts of lights and to heating, in shares.
CLOUDS_ON_LIGHTS, CLOUDS_ON_HEATING = 0.4, 0.1

_DAILY_LAW = np.array(  # washing, dishes, tank, car
    [[0.25, 0.35, 0.60, 0.30], [0.15, 0.40, 0.75, 0.35], [0.80, 0.93, 0.98, 0.93], [1, 1, 1, 1]]
)[:, OCCUPANTS_OF] * np.stack([np.ones_like(TANK_OF), np.ones_like(TANK_OF), TANK_OF, CAR_OF])
_WASHING_BY_DAY = {"base": (0.8, 1.3), "off-peak": (0.8, 1.3), "weekend": (0.25, 1.6)}
_CAR_BY_DAY = (0.5, 0.35)
_CHEAP_FROM = {"A": 44, "B": 47, "C": 2, "D": 25}  # local half-hours: 22:00, 23:30, 1:00, 12:30


@dataclass(frozen=True, eq=False)
class Habits:
    """Expected behaviour in one week.

    ``occupancy`` [4, 7, 3]: law of the day's occupancy by occupants; ``repeated``
    [5, 3, 3, 7, 48]: expected starts of `REPEATED` by rhythm and occupancy, before
    `REPEATED_SCALE`; ``heating`` [3, 3, 7, 48]: degrees that are heated, by rhythm and
    occupancy; ``heating_away`` [7, 48].
    """

    frame: WeekFrame
    occupancy: NDArray[np.float64]
    repeated: NDArray[np.float64]
    heating: NDArray[np.float64]
    heating_away: NDArray[np.float64]

    def daily_law(self, contract: int) -> NDArray[np.float64]:
        """Probability of a start of each `DAILY` appliance by day and kind [4, 7, R]."""
        free = self.frame.free.astype(np.int64)
        by_day = np.ones((4, DAYS))
        by_day[0] = np.array(_WASHING_BY_DAY[CONTRACTS[contract]])[free]
        by_day[3] = np.array(_CAR_BY_DAY)[free]
        law: NDArray[np.float64] = by_day[:, :, None] * _DAILY_LAW[:, None, :]
        return law

    def daily_starts(self, group: int) -> NDArray[np.float64]:
        """Law of the half-hour in which a `DAILY` appliance starts [4, 7, 48], given it does."""
        starts = _starts_by_clock(group)[:, self.frame.local]
        law: NDArray[np.float64] = starts / starts.sum(axis=-1, keepdims=True)
        return law


def habits_of(frame: WeekFrame) -> Habits:
    """What may be expected of a week."""
    shifted = (frame.local - np.array(RHYTHM_STEPS)[:, None, None]) % DAY  # [3, 7, 48]
    activity = _activity()[frame.free.astype(np.int64)[None, :, None], shifted]  # [3, 7, 48, 4]
    presence = _presence()[:, shifted]  # [3 occupancies, 3 rhythms, 7, 48]
    starts = np.moveaxis(activity, -1, 0)[:, :, None] * np.moveaxis(presence, 0, 1)
    starts[-1] *= frame.dark
    cold = np.full((1, *starts.shape[1:]), _COLD_STARTS)
    return Habits(
        frame=frame,
        occupancy=np.moveaxis(_OCCUPANCY_LAW[frame.free.astype(np.int64)], 0, 1),
        repeated=np.concatenate([cold, starts]),
        heating=np.moveaxis(_heating()[:, shifted], 0, 1) * frame.degrees,
        heating_away=HEATING_AWAY * frame.degrees,
    )


_HOUR = np.arange(DAY) / 2


def _bump(centre: float, width: float) -> NDArray[np.float64]:
    distance = (_HOUR - centre + 12) % 24 - 12
    bump: NDArray[np.float64] = np.exp(-0.5 * (distance / width) ** 2)
    return bump


@lru_cache(maxsize=1)
def _activity() -> NDArray[np.float64]:
    """Starts of kettle, cooking, screens, lights by working or free day and clock [2, 48, 4]."""
    awake = 1 / (1 + np.exp(-(_HOUR - 6.2) * 3)) / (1 + np.exp((_HOUR - 23) * 3))
    working = (
        0.35 * _bump(7, 0.7) + 0.08 * _bump(13, 2) + 0.20 * _bump(17, 1.5) + 0.1 * _bump(21, 1),
        0.05 * _bump(7.2, 0.6) + 0.18 * _bump(12.5, 0.6) + 0.38 * _bump(19.3, 0.8),
        0.10 * _bump(8, 1) + 0.12 * _bump(14, 3) + 0.45 * _bump(20.5, 1.5),
        0.9 * awake,
    )
    free = (
        0.35 * _bump(9, 1.0) + 0.10 * _bump(13, 2) + 0.20 * _bump(17, 1.5) + 0.1 * _bump(21, 1),
        0.04 * _bump(9, 0.8) + 0.30 * _bump(12.7, 0.7) + 0.34 * _bump(19.6, 0.9),
        0.12 * _bump(10, 1.5) + 0.18 * _bump(15, 3) + 0.45 * _bump(20.5, 1.7),
        0.9 * awake,
    )
    return np.stack([np.stack(working, axis=-1), np.stack(free, axis=-1)])


@lru_cache(maxsize=1)
def _presence() -> NDArray[np.float64]:
    """Share of the usual activity by occupancy and clock [3, 48]."""
    presence = np.ones((3, DAY))
    presence[OUT, (_HOUR >= 8.5) & (_HOUR < 17.5)] = _PRESENCE_WHEN_OUT
    presence[EVENING, (_HOUR >= 18.5) & (_HOUR < 23.5)] = _PRESENCE_WHEN_OUT
    return presence


@lru_cache(maxsize=1)
def _heating() -> NDArray[np.float64]:
    """Share of the full heating by occupancy and clock [3, 48]."""
    share = np.ones((3, DAY))
    share[:, (_HOUR >= 23) | (_HOUR < 5.5)] = _HEATING_AT_NIGHT
    share[OUT, (_HOUR >= 8.5) & (_HOUR < 16.5)] = _HEATING_WHEN_OUT
    return share


@lru_cache(maxsize=len(GROUPS))
def _starts_by_clock(group: int) -> NDArray[np.float64]:
    """Weights of the local half-hours in which `DAILY` appliances start [4, 48]."""
    washing = _bump(11, 2) + 0.6 * _bump(17, 2)
    dishes = _bump(20.5, 0.7) + 0.2 * _bump(14, 0.7)
    tank, car = _bump(7.5, 0.6), _bump(18.5, 1.0)
    usual = np.stack([w / w.sum() for w in (washing, dishes, tank, car)])
    if GROUPS[group] == "none":
        return usual
    cheap = np.roll(_staggered(), _CHEAP_FROM[GROUPS[group]], axis=-1)
    share = np.array([0.5, 0.5, 1.0, 1.0])[:, None]  # of those who wait for the cheap hours
    weights: NDArray[np.float64] = share * cheap + (1 - share) * usual
    return weights


def _staggered() -> NDArray[np.float64]:
    """How soon after the cheap hours begin each `DAILY` appliance starts [4, 48]."""
    soon = np.zeros((4, DAY))
    soon[:, :3] = [[0.3, 0.4, 0.3], [0.4, 0.4, 0.2], [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]]
    return soon
