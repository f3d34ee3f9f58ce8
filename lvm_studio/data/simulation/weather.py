"""Outdoor temperature of a place in the north of France, drawn at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, DAYS_PER_YEAR

_MEAN_C, _SEASON_C, _COLDEST_DAY = 11.5, 8.0, 20
_ANOMALY_C, _ANOMALY_PERSISTENCE = 3.2, 0.8  # from one day to the next
_SWING_C, _SUMMER_SWING_C, _WARMEST_HOUR = 3.0, 1.5, 15  # half the daily range; UTC
_RIPPLE_C, _RIPPLE_PERSISTENCE = 0.4, 0.9  # from one half-hour to the next


def draw_temperature(
    start: np.datetime64, days: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Half-hourly temperatures [48 · days] in °C from `start` (UTC midnight) on.

    A season, a persistent daily anomaly (AR(1), 3.2 °C), a daily swing whose size changes from
    day to day, and a ripple; rounded to 0.1 °C as stations do.
    """
    season = _season(start.astype("datetime64[D]") + np.arange(days + 1))
    anomaly = _persistent(days + 1, _ANOMALY_C, _ANOMALY_PERSISTENCE, generator)
    noon_to_noon = _MEAN_C - _SEASON_C * season + anomaly
    swing = (_SWING_C - _SUMMER_SWING_C * season[:days]) * generator.gamma(4, 1 / 4, days)
    when = np.arange(DAY * days) / DAY
    rhythm = np.cos(2 * np.pi * (when - _WARMEST_HOUR / 24))
    temperature = (
        np.interp(when, np.arange(days + 1), noon_to_noon)
        + np.interp(when, np.arange(days) + 0.5, swing) * rhythm
        + _persistent(DAY * days, _RIPPLE_C, _RIPPLE_PERSISTENCE, generator)
    )
    return np.round(temperature, 1).astype(np.float32)


def _season(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """1 on the coldest day of the year, −1 half a year later."""
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    season: NDArray[np.float64] = np.cos(2 * np.pi * (day_of_year - _COLDEST_DAY) / DAYS_PER_YEAR)
    return season


def _persistent(
    count: int, spread: float, persistence: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Stationary AR(1) with standard deviation `spread`."""
    from scipy.signal import lfilter  # takes half a second, which the window would wait for

    shocks = generator.standard_normal(count) * np.sqrt(1 - persistence**2)
    shocks[0] /= np.sqrt(1 - persistence**2)
    walk: NDArray[np.float64] = spread * lfilter([1.0], [1.0, -persistence], shocks)
    return walk
