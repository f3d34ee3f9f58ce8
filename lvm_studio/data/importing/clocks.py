"""A local clock as a table of its changes: thousands of times a millisecond into UTC."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: What a local time is: it comes once, twice (clocks go back) or never (clocks go forward).
ONCE, TWICE, NEVER = 0, 1, 2
_YEARS = ("1970-01-02", "2100-01-01")
_DAY, _QUARTER = 86_400, 900


@dataclass(frozen=True, eq=False)
class Clock:
    """A time zone's clock; the last state of the table holds after the last known change.

    ``edges`` [E] are local times in s since 1970 from which ``offset`` (s to take away),
    ``kind`` (`ONCE`, `TWICE`, `NEVER`) and ``gap`` (s between the two of a doubled time) hold
    [E + 1].
    """

    edges: NDArray[np.int64]
    offset: NDArray[np.int64]
    kind: NDArray[np.int8]
    gap: NDArray[np.int64]

    def to_utc(self, local: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """UTC in s (the earlier of two) and what kind of time each is."""
        if not len(self.edges):
            return local - self.offset[0], np.full(local.shape, self.kind[0])
        at = np.searchsorted(self.edges, local, side="right")
        return local - self.offset[at], self.kind[at]

    def later(self, local: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC in s, the later of two."""
        at = np.searchsorted(self.edges, local, side="right")
        later: NDArray[np.int64] = local - self.offset[at] + self.gap[at]
        return later


@cache
def clock(time_zone: str) -> Clock:
    """The clock of an IANA zone, 1970 to 2099.

    >>> autumn = np.array(["2013-10-27T01:30", "2013-10-27T02:30"], "datetime64[s]")
    >>> utc, kind = clock("Europe/London").to_utc(autumn.astype(np.int64))
    >>> kind.tolist(), str(utc[0].astype("datetime64[s]"))
    ([1, 0], '2013-10-27T00:30:00')
    """
    first, last = (int(np.datetime64(day, "s").astype(np.int64)) for day in _YEARS)
    days = np.arange(first, last, _DAY)
    offsets = _offsets(days, time_zone)
    changed = days[:-1][np.diff(offsets) != 0]
    quarters = (changed[:, None] + np.arange(0, _DAY + _QUARTER, _QUARTER)[None, :]).reshape(-1)
    fine = _offsets(quarters, time_zone)
    turns = np.flatnonzero((np.diff(fine) != 0) & (np.diff(quarters) == _QUARTER))
    return _table(quarters[turns + 1], fine[turns], fine[turns + 1], int(offsets[0]))


def _table(
    moments: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64], first: int
) -> Clock:
    """Between two changes a time comes once; around one it comes twice, or never."""
    forward = after > before
    starts = moments + np.minimum(before, after)
    ends = moments + np.maximum(before, after)
    edges = np.stack([starts, ends], axis=1).reshape(-1)
    kinds = np.where(forward, NEVER, TWICE).astype(np.int8)
    around = np.stack([kinds, np.zeros_like(kinds)], axis=1).reshape(-1)
    offsets = np.stack([before, after], axis=1).reshape(-1)
    gaps = np.stack([np.abs(after - before), np.zeros_like(before)], axis=1).reshape(-1)
    return Clock(
        edges=edges,
        offset=np.concatenate([[first], offsets]),
        kind=np.concatenate([[np.int8(ONCE)], around]).astype(np.int8),
        gap=np.concatenate([[0], gaps]),
    )


def _offsets(utc: NDArray[np.int64], time_zone: str) -> NDArray[np.int64]:
    """Seconds that local clocks are ahead of UTC."""
    stamps = pl.Series(utc * 1_000_000).cast(pl.Datetime("us", "UTC"))
    local = stamps.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    ahead: NDArray[np.int64] = local.dt.epoch("s").to_numpy() - utc
    return ahead
