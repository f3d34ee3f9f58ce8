"""When small edits belong together: a drag, or key presses that follow one another quickly."""

from __future__ import annotations

import time
from collections.abc import Callable

IDLE_SECONDS = 1.0


class Burst:
    """Hands out the same gesture number until the hand rests, so that undo takes one step.

    Args:
        new_gesture: makes a fresh gesture number (Session.new_gesture).
        clock: seconds, monotonic.

    >>> numbers = iter(range(1, 9)); now = [0.0]
    >>> burst = Burst(lambda: next(numbers), clock=lambda: now[0])
    >>> first = burst.current(); now[0] += 0.5; second = burst.current(); now[0] += 5.0
    >>> (first, second, burst.current())
    (1, 1, 2)
    """

    def __init__(
        self, new_gesture: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._new_gesture = new_gesture
        self._clock = clock
        self._gesture: int | None = None
        self._last = 0.0
        self._held = False

    def hold(self) -> None:
        """A drag begins: all until `release` is one gesture, however long it takes."""
        self._gesture = self._new_gesture()
        self._held = True

    def release(self) -> None:
        """The drag ended; the next edit is another gesture."""
        self._held = False
        self._gesture = None

    def current(self) -> int:
        """Return the gesture an edit made now belongs to."""
        now = self._clock()
        rested = not self._held and now - self._last > IDLE_SECONDS
        if self._gesture is None or rested:
            self._gesture = self._new_gesture()
        self._last = now
        return self._gesture
