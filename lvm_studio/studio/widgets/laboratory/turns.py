"""Redraws wait for one another, and for a hand that moves: its answer is painted first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

Draw = Callable[[], None]

TURN_MS = 8
"""From one redraw to the next; a mouse tells where it is every 8 ms."""
AFTER_HAND_MS = 1
LONGEST_WAIT_MS = 25
"""However often a hand moves, something is redrawn at least so often."""


class Turns(QObject):
    """Draws what is asked for, one thing a turn; asked for again while it waits it is drawn once.

    An event that comes while something is drawn waits for it. The inputs of a moving hand come at
    a steady pace, so that there is time right after one of them has been answered, and little
    right before the next.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._due: list[Draw] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._take_turn)
        self._waited = QElapsedTimer()

    def ask(self, draw: Draw) -> None:
        """Draw this in one of the next turns."""
        if draw not in self._due:
            self._due.append(draw)
        if not self._timer.isActive():
            self._begin()

    def hand_moved(self) -> None:
        """An input is being answered: the next turn comes right after that."""
        if self._timer.isActive() and self._waited.elapsed() < LONGEST_WAIT_MS:
            self._timer.start(AFTER_HAND_MS)

    def _begin(self) -> None:
        self._waited.start()
        self._timer.start(TURN_MS)

    def _take_turn(self) -> None:
        draw = self._due.pop(0)
        if self._due:
            self._begin()
        draw()
