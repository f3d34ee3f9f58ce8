"""Progress of a long verb: one line on standard error, rewritten in place on a terminal."""

from __future__ import annotations

import sys
import time

SECONDS_BETWEEN_LINES = 10.0
"""Where nobody rewrites lines (a log file), one is printed this often."""
SECONDS_BETWEEN_FRAMES = 0.2


class Progress:
    """Shows the latest sentence at a pace that a person or a log can bear.

    >>> progress = Progress()
    >>> progress.say("step 1 of 2")
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._pause = SECONDS_BETWEEN_FRAMES if self._terminal else SECONDS_BETWEEN_LINES
        self._shown_at = -self._pause

    def say(self, sentence: str) -> None:
        """Show this sentence, unless another one was shown a moment ago."""
        now = time.monotonic()
        if now - self._shown_at >= self._pause:
            self._shown_at = now
            sys.stderr.write(f"\r\033[K{sentence}" if self._terminal else f"{sentence}\n")
            sys.stderr.flush()

    def done(self, sentence: str) -> None:
        """Show the last sentence, whenever the one before it was shown."""
        sys.stderr.write(f"\r\033[K{sentence}\n" if self._terminal else f"{sentence}\n")
        sys.stderr.flush()
