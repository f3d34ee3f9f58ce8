"""How long something takes yet, at the pace so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from lvm_studio.studio.numerals import duration

LEAST_SHARE, LEAST_SECONDS = 0.02, 1.0
"""Before that the pace says nothing."""
STEP_SECONDS = 5
"""Told by fives: an estimate that changes every moment cannot be read."""


class TimeLeft:
    """A clock for one piece of work at a time.

    Args:
        clock: seconds from any beginning.

    >>> times = iter((0.0, 0.5, 20.0, 21.0))
    >>> left = TimeLeft(lambda: next(times))
    >>> left.words(0.1), left.words(0.25), left.words(1.0)
    ('', 'about 1 min 00 s left', '')
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Another piece of work begins now."""
        self._begun = self._clock()

    def after(self, sentence: str, share: float) -> str:
        """A sentence without its full stop, and what is left where that is known."""
        left = self.words(share)
        return f"{sentence}, {left}." if left else f"{sentence}."

    def words(self, share: float) -> str:
        """What is left once this share is done; '' where nobody can tell yet, or it is over."""
        taken = self._clock() - self._begun
        if not LEAST_SHARE <= share < 1.0 or taken < LEAST_SECONDS:
            return ""
        return about_left(taken * (1.0 / share - 1.0))


def about_left(seconds: float) -> str:
    """How long it takes yet, in words.

    >>> about_left(12.3), about_left(123.0)
    ('about 15 s left', 'about 2 min 05 s left')
    """
    return f"about {duration(STEP_SECONDS * math.ceil(seconds / STEP_SECONDS))} left"
