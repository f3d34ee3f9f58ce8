"""From the grids of an intake to one half-hourly matrix, group by group."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.importing.faults import Faults
from lvm_studio.data.importing.grid import ROWS, Group
from lvm_studio.data.importing.half_hours import from_counter, part_minutes, to_half_hours
from lvm_studio.data.importing.intake import Intake
from lvm_studio.data.units import STEP_MINUTES

_PART = "part of an incomplete half-hour"
_BACKWARDS = "the counter ran backwards"


@dataclass
class Assembly:
    """The readings of an intake as power [H, T] in W; the grids are emptied on the way.

    ``overlaps`` counts half-hours that came in two steps: the finer one was taken.
    """

    intake: Intake
    faults: Faults = field(default_factory=Faults)
    overlaps: int = 0

    @property
    def start(self) -> int:
        """The first half-hour, counted from 1970."""
        return self.intake.first // STEP_MINUTES

    @property
    def steps(self) -> int:
        """Number of half-hours T."""
        return math.ceil(self.intake.last / STEP_MINUTES) - self.start

    def power_w(self) -> tuple[NDArray[np.float32], int]:
        """The matrix, NaN = missing, and its first half-hour; faults are looked for on the way.

        Half-hours at both ends of which nobody has a reading (two differed) are cut off.
        """
        households = self.intake.roster.ids
        power = np.empty((len(households), self.steps), np.float32)
        some = np.zeros(self.steps, np.bool_)
        for first in range(0, len(households), ROWS):
            rows = slice(first, min(first + ROWS, len(households)))
            power[rows] = self._rows(first, rows.stop - first)
            for household, curve in zip(households[rows], power[rows], strict=True):
                self.faults.look_at(household, curve)
                some |= ~np.isnan(curve)
        filled = np.flatnonzero(some)
        if not len(filled):
            return power[:, :0], self.start
        return power[:, filled[0] : filled[-1] + 1], self.start + int(filled[0])

    def _rows(self, first: int, count: int) -> NDArray[np.float32]:
        """Some households: registers add up, of two steps the finer one counts."""
        registers = sorted({register for register, _ in self.intake.grids})
        if len(registers) == 1:
            return self._register(registers[0], first, count)
        total = np.full((count, self.steps), np.nan, np.float32)
        for register in registers:
            own = self._register(register, first, count)
            has = ~np.isnan(own).all(axis=1)
            begun = ~np.isnan(total).all(axis=1)
            total[has & begun] += own[has & begun]
            total[has & ~begun] = own[has & ~begun]
        return total

    def _register(self, register: str, first: int, count: int) -> NDArray[np.float32]:
        cells = sorted((cell for name, cell in self.intake.grids if name == register), reverse=True)
        own = None
        for cell in cells:
            group = self.intake.grids[register, cell].groups.pop(first // ROWS, None)
            if group is None:
                continue
            finer = self._onto(*self._half_hours(group, cell, first), count)
            if own is None:
                own = finer
                continue
            known = ~np.isnan(finer)
            self.overlaps += int((known & ~np.isnan(own)).sum())
            own[known] = finer[known]
        return np.full((count, self.steps), np.nan, np.float32) if own is None else own

    def _half_hours(self, group: Group, cell: int, first: int) -> tuple[NDArray[np.float32], int]:
        """A group in half-hours, and the half-hour of its first column."""
        values, minutes = group.values, cell
        if self.intake.mapping.cumulative:
            factor = self.intake.mapping.watts_per_unit
            watts, backwards = from_counter(values.astype(np.float64), factor)
            self._list(backwards, group.first, cell, first, _BACKWARDS)
            minutes = part_minutes(cell)
            values = np.repeat(watts, cell // minutes, axis=1)
        power, lonely = to_half_hours(values, minutes)
        if not self.intake.mapping.cumulative:
            self._list(lonely, group.first, cell, first, _PART)
        return power, group.first * cell // STEP_MINUTES

    def _list(self, bad: NDArray[np.bool_], start: int, cell: int, first: int, reason: str) -> None:
        for row in np.flatnonzero(bad.any(axis=1)) if bad.size else ():
            cells = np.flatnonzero(bad[row]) + start
            times = np.datetime_as_string((cells * cell).astype("datetime64[m]"))
            said = [time.replace("T", " ") for time in times.tolist()]
            self.intake.ledger.reject_taken(self.intake.roster.ids[first + row], said, reason)

    def _onto(self, found: NDArray[np.float32], offset: int, count: int) -> NDArray[np.float32]:
        """Place half-hours that begin at `offset` into the span of the set."""
        out = np.full((count, self.steps), np.nan, np.float32)
        low, high = max(self.start, offset), min(self.start + self.steps, offset + found.shape[1])
        if low < high:
            rows = min(count, len(found))
            out[:rows, low - self.start : high - self.start] = found[
                :rows, low - offset : high - offset
            ]
        return out
