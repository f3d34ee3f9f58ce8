"""The whole weeks of a household set, as arrays ready for sums and samplers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.calendar import week_id
from lvm_studio.data.errors import DataError
from lvm_studio.data.units import NEUTRAL_TEMPERATURE_C, STEP, WATTS_PER_KW, WEEK, WEEK_SPAN

_A_MONDAY = np.datetime64("1970-01-05T00:00", "m")


@dataclass(frozen=True, eq=False)
class Weeks:
    """N whole Monday–Sunday UTC weeks of H households.

    ``power_w`` [H, N, 336] is a view of the readings in W, NaN = missing; ``complete`` [H, N] is
    true where every half-hour is present. ``temperature_c`` [N, 336] has its gaps interpolated.
    ``starts`` [N] are Mondays 00:00 UTC.
    """

    ids: tuple[str, ...]
    power_w: NDArray[np.float32]
    complete: NDArray[np.bool_]
    temperature_c: NDArray[np.float32]
    starts: NDArray[np.datetime64]

    @cached_property
    def power_kw(self) -> NDArray[np.float32]:
        """Power [H, N, 336] in kW, 0 where a reading is missing: use it with ``complete``.

        Made when it is first wanted: a set may fill half of the memory.
        """
        power = self.power_w / np.float32(WATTS_PER_KW)
        power[np.isnan(power)] = 0
        return power

    def index(self, week: str) -> int:
        """Position of the ISO week `week`."""
        try:
            return self.ids.index(week)
        except ValueError:
            span = f"{self.ids[0]} to {self.ids[-1]}" if self.ids else "no whole week"
            raise DataError(f"Week '{week}' is not in the data, which holds {span}.") from None

    def indices(self, weeks: tuple[str, ...]) -> NDArray[np.int64]:
        """Positions of several weeks, in their order."""
        return np.array([self.index(week) for week in weeks], dtype=np.int64)


def cut_weeks(
    power_w: NDArray[np.float32], temperature_c: NDArray[np.float32], start: np.datetime64
) -> Weeks:
    """The whole weeks within readings [H, T] in W (NaN = missing) that begin at `start`."""
    first_monday = start + (_A_MONDAY - start) % WEEK_SPAN
    offset = int((first_monday - start) // STEP)
    count = max(0, (power_w.shape[1] - offset) // WEEK)
    inside = slice(offset, offset + count * WEEK)
    readings = power_w[:, inside].reshape(len(power_w), count, WEEK)
    complete = np.array([~np.isnan(curves).any(axis=1) for curves in readings], np.bool_)
    starts = first_monday + np.arange(count) * WEEK_SPAN
    return Weeks(
        ids=tuple(week_id(monday) for monday in starts),
        power_w=readings,
        complete=complete.reshape(len(power_w), count),
        temperature_c=fill_temperature(temperature_c)[inside].reshape(count, WEEK),
        starts=starts,
    )


def fill_temperature(temperature_c: NDArray[np.float32]) -> NDArray[np.float32]:
    """Temperatures [T] with gaps interpolated in time; 11 °C throughout if none is known."""
    known = np.isfinite(temperature_c)
    if not known.any():
        return np.full_like(temperature_c, NEUTRAL_TEMPERATURE_C)
    where = np.arange(len(temperature_c))
    return np.interp(where, where[known], temperature_c[known]).astype(np.float32)
