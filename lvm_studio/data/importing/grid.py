"""Readings on a grid of households and cells of time that grows with what comes.

Households are kept in groups of 256 rows, each with its own stretch of time, so that a file in
any order (by household, by time, in none) needs little more memory than its readings take, and
a group can be given back as soon as it has been used.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ROWS = 256
#: Two readings of one time differed: neither is used.
CONFLICT = np.inf
_SPAN = 3840  # cells by which a group grows: whole half-hours whatever the cell
_MOST_CELLS = 2_000_000_000


class GridTooLargeError(Exception):
    """The readings of some households span more time than readings do, or than memory holds."""


@dataclass(frozen=True, eq=False)
class Collisions:
    """Readings for which the place was taken.

    ``repeated`` and ``differing`` are positions among what was put; ``dropped`` pairs household
    rows and cells of readings that had been there and are not used any more.
    """

    repeated: NDArray[np.int64]
    differing: NDArray[np.int64]
    dropped: NDArray[np.int64]


_NONE = np.zeros(0, np.int64)
_CLEAR = Collisions(_NONE, _NONE, _NONE.reshape(0, 2))


@dataclass
class Group:
    """Up to 256 households: ``values`` [R, W], NaN = nothing; column 0 is cell ``first``."""

    values: NDArray[np.floating]
    first: int = 0

    def cover(self, rows: int, low: int, high: int) -> int:
        """Make room for this many rows and for cells low..high; return the cells added."""
        first, width = self.first, self.values.shape[1]
        start = min(first, low // _SPAN * _SPAN) if width else low // _SPAN * _SPAN
        end = max(first + width if width else start, (high // _SPAN + 1) * _SPAN)
        room = len(self.values)
        if rows > room:
            room = min(ROWS, max(rows, 2 * room))
        if (room, end - start) == self.values.shape:
            return 0
        before = self.values.size
        grown = np.full((room, end - start), np.nan, self.values.dtype)
        grown[: len(self.values), first - start : first - start + width] = self.values
        self.values, self.first = grown, start
        return grown.size - before


@dataclass
class ReadingGrid:
    """Values of households (rows) at cells of time; ``dtype`` is that of a value.

    No household may span more than ``longest`` cells.
    """

    longest: int
    dtype: type[np.floating] = np.float32
    groups: dict[int, Group] = field(default_factory=dict)
    cells: int = 0

    def put(
        self, rows: NDArray[np.int64], cells: NDArray[np.int64], values: NDArray[np.floating]
    ) -> Collisions:
        """Take finite readings over; the first of several equal ones counts.

        Raises GridTooLargeError if they are further apart than memory allows.
        """
        groups = rows // ROWS
        if not len(rows):
            return _CLEAR
        if groups[0] == groups[-1] and (groups == groups[0]).all():
            return self._put_group(int(groups[0]), rows, cells, values)
        order = np.argsort(groups.astype(np.uint32), kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        found = []
        for part in np.split(order, starts[1:]):
            met = self._put_group(int(groups[part[0]]), rows[part], cells[part], values[part])
            if met is not _CLEAR:
                found.append(Collisions(part[met.repeated], part[met.differing], met.dropped))
        return _joined(found) if found else _CLEAR

    def _put_group(
        self,
        number: int,
        rows: NDArray[np.int64],
        cells: NDArray[np.int64],
        values: NDArray[np.floating],
    ) -> Collisions:
        group = self.groups.get(number)
        if group is None:
            group = self.groups[number] = Group(np.empty((0, 0), self.dtype))
        low, high = int(cells.min()), int(cells.max())
        local = rows - number * ROWS
        self._check_room(group, int(local.max()) + 1, low, high)
        self.cells += group.cover(int(local.max()) + 1, low, high)
        flat = local * group.values.shape[1] + (cells - group.first)
        target = group.values.reshape(-1)
        before = target[flat]
        if np.isnan(before).all() and _all_different(flat):
            target[flat] = values
            return _CLEAR
        return _settle(group, target, flat, before, values.astype(self.dtype), number * ROWS)

    def _check_room(self, group: Group, rows: int, low: int, high: int) -> None:
        width = group.values.shape[1]
        if width:
            low, high = min(low, group.first), max(high, group.first + width)
        wanted = max(rows, len(group.values)) * (high - low)
        if high - low > self.longest or self.cells - group.values.size + wanted > _MOST_CELLS:
            raise GridTooLargeError


def _all_different(flat: NDArray[np.int64]) -> bool:
    rising = np.diff(flat) > 0
    return bool(rising.all() or (np.diff(np.sort(flat)) > 0).all())


def _settle(
    group: Group,
    target: NDArray[np.floating],
    flat: NDArray[np.int64],
    before: NDArray[np.floating],
    values: NDArray[np.floating],
    first_row: int,
) -> Collisions:
    """Put readings some of which meet others: in the grid, or among themselves."""
    _, first, which = np.unique(flat, return_index=True, return_inverse=True)
    empty = np.isnan(before)
    leads = np.zeros(len(flat), np.bool_)
    leads[first] = True
    held = np.where(empty, values[first[which]], before)
    target[flat[leads & empty]] = values[leads & empty]
    late = ~(leads & empty)
    if not late.any():
        return _CLEAR
    differing = late & (held != values)
    lost = np.unique(flat[differing & np.isfinite(held)])
    target[flat[differing]] = CONFLICT
    width = group.values.shape[1]
    dropped = np.stack([lost // width + first_row, lost % width + group.first], axis=1)
    return Collisions(np.flatnonzero(late & ~differing), np.flatnonzero(differing), dropped)


def _joined(found: list[Collisions]) -> Collisions:
    return Collisions(
        np.sort(np.concatenate([one.repeated for one in found])),
        np.sort(np.concatenate([one.differing for one in found])),
        np.concatenate([one.dropped for one in found]),
    )
