"""Garbage is collected on the GUI thread alone.

Python collects in whichever thread happens to allocate. Where that is the compute thread and the
garbage holds a widget, Qt destroys the widget there: a crash, or a deadlock with the GUI thread,
which waits for Qt's lock while the other waits for the interpreter.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 500
LOADED_MS = 20_000
"""By then the libraries are loaded, to stay: set aside, they no longer cost the oldest generation's
collection its 0.2 s."""
COUNTS = (700, 10, 100)
"""When each generation is collected, as in `gc.set_threshold`; the oldest seldom: it takes long."""


@contextmanager
def collecting_here(parent: QObject) -> Iterator[None]:
    """Take Python's own collecting out of force and do it twice a second in this thread."""
    was = gc.isenabled()
    gc.disable()
    timers = QTimer(parent, interval=EVERY_MS), QTimer(parent, interval=LOADED_MS, singleShot=True)
    for timer, due in zip(timers, (collect_due, gc.freeze), strict=True):
        timer.timeout.connect(due)
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.stop()
            timer.deleteLater()
        if was:
            gc.enable()


def collect_due() -> None:
    """Collect the oldest generation whose turn it is, if it is any's."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > COUNTS[generation]:
            gc.collect(generation)
            return
