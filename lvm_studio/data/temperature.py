"""Outdoor temperature: observations at moments, brought onto the half-hourly grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import STEP

#: Farther than this from an observation nothing is said about the temperature.
LONGEST_GAP = np.timedelta64(6 * 60, "m")


def half_hourly(
    times: NDArray[np.datetime64], observed_c: NDArray[np.float64], start: np.datetime64, steps: int
) -> NDArray[np.float32]:
    """Temperature [T] in °C in the middle of each of `steps` half-hours from `start` (UTC).

    Interpolated between observations (sorted `times`, UTC); NaN beyond 6 hours from the nearest.
    """
    known = np.isfinite(observed_c)
    if not known.any():
        return np.full(steps, np.nan, np.float32)
    at = times[known].astype("datetime64[s]")
    first = start.astype("datetime64[s]") + STEP // 2
    middles: NDArray[np.datetime64] = first + np.arange(steps) * STEP
    values = np.interp(middles.astype(np.int64), at.astype(np.int64), observed_c[known])
    values[_distance(middles, at) > LONGEST_GAP] = np.nan
    return values.astype(np.float32)


def _distance(
    moments: NDArray[np.datetime64], at: NDArray[np.datetime64]
) -> NDArray[np.timedelta64]:
    after = np.searchsorted(at, moments).clip(0, len(at) - 1)
    before = (after - 1).clip(0)
    distance: NDArray[np.timedelta64] = np.minimum(
        np.abs(moments - at[before]), np.abs(at[after] - moments)
    )
    return distance
