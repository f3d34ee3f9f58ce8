"""Ctrl+C as a wish to stop: what runs ends at its next step, and keeps what it has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

_STDERR = 2
_SAID = b"\nstopping at the next step; Ctrl+C again stops at once and keeps nothing\n"


@contextmanager
def asking_to_stop() -> Iterator[Event]:
    """An event that Ctrl+C sets; a second Ctrl+C interrupts as ever. For the main thread."""
    asked = Event()

    def ask(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        os.write(_STDERR, _SAID)  # print() may be what was interrupted

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
