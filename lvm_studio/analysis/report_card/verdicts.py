"""From a distance, a floor and a limit to a verdict in words. Free of torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a figure of the model stands; the value is what people read."""

    AS_REAL = "as good as real"
    GOOD = "good enough"
    SHORT = "falls short"
    UNTOLD = "cannot be told"


MEANINGS = {
    Verdict.AS_REAL: "no further off than one half of the real households is from the other",
    Verdict.GOOD: "further off than real halves are from each other, but within the limit",
    Verdict.SHORT: "beyond the limit",
    Verdict.UNTOLD: "too little data to say",
}


@dataclass(frozen=True)
class Limit:
    """How far off is still good enough: the larger of `absolute` and `times_floor` x floor.

    `reason` says why there.
    """

    reason: str
    absolute: float = 0.0
    times_floor: float = 0.0

    def at(self, floor: float) -> float:
        """The limit beside this floor; nan where it hangs on a floor that nobody knows.

        >>> Limit("why", absolute=0.05, times_floor=1.5).at(0.02)
        0.05
        """
        if self.times_floor == 0.0:
            return self.absolute
        return max(self.absolute, self.times_floor * floor) if math.isfinite(floor) else math.nan


def verdict(distance: float, floor: float, limit: float) -> Verdict:
    """Beyond the limit falls short; else no further off than the floor is as good as real.

    >>> verdict(0.9, 1.0, 1.5).value, verdict(1.2, 1.0, 1.5).value, verdict(1.2, 1.4, 1.0).value
    ('as good as real', 'good enough', 'falls short')
    """
    if not (math.isfinite(distance) and math.isfinite(limit)):
        return Verdict.UNTOLD
    if distance > limit:
        return Verdict.SHORT
    return Verdict.AS_REAL if distance <= floor else Verdict.GOOD


CLOSE = 2.0
"""Standard errors within which a distance from its limit is a close call."""


def is_close(distance: float, limit: float, se: float) -> bool:
    """Whether other held-out weeks might have brought the other side of the limit."""
    return bool(math.isfinite(se) and abs(distance - limit) < CLOSE * se)
