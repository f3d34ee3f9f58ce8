"""The range of an axis that follows growing series without moving at every point."""

from __future__ import annotations

Range = tuple[float, float]

AHEAD = 0.25
"""A range that was outgrown makes room for so much more, as a share of what it must hold."""

LEAST_FILLED = 0.5
"""A range filled less than this shrinks."""


class SteadyRange:
    """Moves only when it must: an axis whose numbers move is laid out anew, 2.5 ms each time.

    >>> steady = SteadyRange()
    >>> [steady.holding(wanted) for wanted in ((0.0, 1.0), (0.0, 0.9), (0.0, 1.2))]
    [(0.0, 1.0), (0.0, 1.0), (0.0, 1.5)]
    """

    def __init__(self) -> None:
        self._range: Range | None = None

    def forget(self) -> None:
        """What comes next is something else."""
        self._range = None

    def holding(self, wanted: Range) -> Range:
        """A range that shows all of `wanted`, the last one if it does."""
        kept = self._range
        if kept is None:
            kept = wanted
        elif not _fits(wanted, kept):
            room = AHEAD * (wanted[1] - wanted[0])
            low = wanted[0] - room * (wanted[0] < kept[0])
            kept = (low, wanted[1] + room * (wanted[1] > kept[1]))
        self._range = kept
        return kept


def _fits(wanted: Range, kept: Range) -> bool:
    inside = kept[0] <= wanted[0] and wanted[1] <= kept[1]
    return inside and wanted[1] - wanted[0] >= LEAST_FILLED * (kept[1] - kept[0])
