"""What looks wrong in readings that were taken: said, and left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY

#: One value that is not 0, repeated this long, is a meter that hangs rather than a household.
STUCK_STEPS = DAY


@dataclass
class Faults:
    """Counts gaps and stuck meters, one household's curve [T] in W after the other."""

    gap_households: int = 0
    gap_steps: int = 0
    longest_gap: tuple[int, str] = (0, "")
    stuck_households: int = 0
    stuck_steps: int = 0
    longest_stuck: tuple[int, str] = (0, "")

    def look_at(self, household: str, curve: NDArray[np.float32]) -> None:
        """Count the gaps between this household's first and last reading, and where it hangs."""
        present = np.flatnonzero(~np.isnan(curve))
        if not len(present):
            return
        inside = curve[present[0] : present[-1] + 1]
        missing = len(inside) - len(present)
        if missing:
            self.gap_households += 1
            self.gap_steps += missing
            longest = int(np.diff(present).max()) - 1
            self.longest_gap = max(self.longest_gap, (longest, household))
        runs = stuck_runs(inside)
        if len(runs):
            self.stuck_households += 1
            self.stuck_steps += int(runs.sum())
            self.longest_stuck = max(self.longest_stuck, (int(runs.max()), household))

    def sentences(self) -> Iterable[str]:
        """What to tell, if anything."""
        if self.gap_steps:
            steps, household = self.longest_gap
            yield (
                f"{self.gap_steps:,} half-hours are missing within the records of "
                f"{self.gap_households:,} households (longest: {household}, {_duration(steps)}); "
                "they stay missing."
            )
        if self.stuck_steps:
            steps, household = self.longest_stuck
            yield (
                f"{self.stuck_households:,} households repeat one value for a day or longer, "
                f"{self.stuck_steps:,} half-hours in all (longest: {household}, "
                f"{_duration(steps)}); such readings look stuck and were kept."
            )


def stuck_runs(curve: NDArray[np.float32]) -> NDArray[np.int64]:
    """Lengths of the runs of one value above 0 that last `STUCK_STEPS` or longer.

    >>> stuck_runs(np.repeat(np.array([0, 3, 1], np.float32), [60, 50, 2])).tolist()
    [50]
    """
    starts = np.flatnonzero(np.diff(curve, prepend=np.float32(-1)) != 0)
    lengths = np.diff(starts, append=len(curve))
    held = (lengths >= STUCK_STEPS) & (curve[starts] > 0)
    return lengths[held].astype(np.int64)


def _duration(steps: int) -> str:
    if steps >= 2 * DAY:
        return f"{steps / DAY:.0f} days"
    return "1 hour" if steps == 2 else f"{steps / 2:g} hours"
