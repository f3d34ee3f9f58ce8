"""Cells of any length into half-hours: the mean of all parts, or nothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import STEP_MINUTES


def part_minutes(step_minutes: int) -> int:
    """Length of the cells that readings of this step are kept in: they make up half-hours.

    A reading longer than its cells is spread over them evenly.

    >>> [part_minutes(step) for step in (10, 20, 30, 60)]
    [10, 10, 30, 30]
    """
    return math.gcd(step_minutes, STEP_MINUTES)


def to_half_hours(
    watts: NDArray[np.floating], minutes: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean power [R, W · minutes / 30] of each half-hour of which every part is finite.

    Also returns the cells [R, W] that are there although their half-hour is not whole.
    """
    parts = STEP_MINUTES // minutes
    if parts == 1:
        power = watts.astype(np.float32)
        power[np.isinf(power)] = np.nan
        return power, np.zeros((len(watts), 0), np.bool_)
    finite = np.isfinite(watts)
    cut = (len(watts), watts.shape[1] // parts, parts)
    whole = finite.reshape(cut).all(axis=2)
    power = np.where(whole, watts.reshape(cut).mean(axis=2, dtype=np.float64), np.nan)
    lonely = (finite.reshape(cut) & ~whole[:, :, None]).reshape(watts.shape)
    return power.astype(np.float32), lonely


def from_counter(
    counts: NDArray[np.float64], watts_per_unit: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Mean power [R, W] between two readings of a counter, and where it ran backwards."""
    finite = np.where(np.isfinite(counts), counts, np.nan)
    grown = np.diff(finite, axis=1, append=np.nan)
    backwards = grown < 0
    watts = np.where(backwards, np.nan, grown * watts_per_unit).round(2)
    return watts, backwards
