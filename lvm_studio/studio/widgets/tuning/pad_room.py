"""Room for the pad of two criteria, taken from the fan above it while there are two."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSplitter

SHARE = 0.42
"""Of the page's height: enough to aim with the pointer, and the fan can still be read."""


class PadRoom(QObject):
    """Moves the handle between two rows when it is needed, and back to where it stood.

    Args:
        rows: the fan's row, and that of the pad.
    """

    def __init__(self, rows: QSplitter) -> None:
        super().__init__(rows)
        self._rows = rows
        self._before: list[int] | None = None

    def set_needed(self, needed: bool) -> None:
        """Whether there is a pad."""
        sizes = self._rows.sizes()
        if needed and self._before is None:
            self._before = sizes
            below = max(sizes[1], round(SHARE * sum(sizes)))
            self._rows.setSizes([sum(sizes) - below, below])
        elif not needed and self._before is not None:
            self._rows.setSizes(self._before)
            self._before = None
