"""What a week curve is judged by besides its half-hours, each curve by itself, per household."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, HOURS_PER_STEP
from lvm_studio.tuning.criteria.criterion import CRITERIA

Array = NDArray[np.float64]

LAGS = 2 * DAY
"""Autocorrelations are drawn up to this many half-hours."""
_TINY = 1e-12  # keeps a flat curve finite: its autocorrelation is 0


@dataclass(frozen=True, eq=False)
class Features:
    """Of M curves of k households each; powers and energies per household.

    `peak`, `sustained` (16th largest half-hour) kW, `flexibility` kWh; `peak_hour` the local
    hour of day at which the peak begins; `autocorrelation` [M, LAGS + 1]; `roughness` the root
    mean square of steps from one half-hour to the next over the curve's standard deviation;
    `daily` [M, 7] mean load of each day, W; `temperature` [M, 7] mean of each day, °C.
    """

    k: Array
    peak: Array
    sustained: Array
    flexibility: Array
    peak_hour: Array
    autocorrelation: Array
    roughness: Array
    daily: Array
    temperature: Array

    def __len__(self) -> int:
        return len(self.k)

    def at(self, rows: NDArray[np.bool_]) -> Features:
        """The features of some of the curves."""
        return Features(*(getattr(self, field.name)[rows] for field in fields(self)))


def features(
    curves_kw: NDArray[np.floating],
    k: NDArray[np.integer],
    temperature_c: NDArray[np.floating],
    utc_offset_h: NDArray[np.floating],
) -> Features:
    """Features of curves [M, T] kW of whole sums of k [M] households.

    `temperature_c` [M, T] is the weather of each curve's week, `utc_offset_h` [M] what local
    clocks are ahead of UTC in it.
    """
    x = np.asarray(curves_kw, dtype=np.float64) / k[:, None]
    scores = {name: f(torch.from_numpy(x)).numpy() for name, f in CRITERIA.items()}
    start_h = x.argmax(axis=1) % DAY * HOURS_PER_STEP
    count = len(x)
    return Features(
        k=np.asarray(k, dtype=np.float64),
        **scores,
        peak_hour=np.mod(start_h + utc_offset_h, 24.0),
        autocorrelation=autocorrelation(x, LAGS),
        roughness=np.sqrt((np.diff(x) ** 2).mean(axis=1) / (x.var(axis=1) + _TINY)),
        daily=1000.0 * x.reshape(count, -1, DAY).mean(axis=2),
        temperature=np.asarray(temperature_c, dtype=np.float64)
        .reshape(count, -1, DAY)
        .mean(axis=2),
    )


def autocorrelation(x: Array, lags: int) -> Array:
    """Autocorrelations [M, lags + 1] of curves [M, T] about their own means (divisor T).

    >>> autocorrelation(np.array([[1.0, -1.0, 1.0, -1.0]]), 1).round(2).tolist()
    [[1.0, -0.75]]
    """
    centred = x - x.mean(axis=1, keepdims=True)
    variance = (centred**2).sum(axis=1) + _TINY
    length = x.shape[1]
    return np.stack(
        [
            (centred[:, : length - lag] * centred[:, lag:]).sum(axis=1) / variance
            for lag in range(lags + 1)
        ],
        axis=1,
    )


HEATING_C = 15.0
"""Below this daily mean, load is taken to answer to the cold."""
LEAST_DAYS, LEAST_SPAN_C = 10, 2.0


def temperature_response(features: Features) -> float:
    """W by which the mean load of a household rises for each °C colder, below 15 °C.

    Least squares over all days of all curves; nan with fewer than ten days, or less than two
    degrees between the coldest and the warmest.
    """
    cold = features.temperature < HEATING_C
    temperature, load = features.temperature[cold], features.daily[cold]
    if len(load) < LEAST_DAYS or np.ptp(temperature) < LEAST_SPAN_C:
        return float("nan")
    centred = temperature - temperature.mean()
    return float(-(centred @ load) / (centred @ centred))
