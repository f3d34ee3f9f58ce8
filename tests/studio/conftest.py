"""Fixtures for the window: no thread, timer or window outlives the test that made it."""

import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid
from window_hand import opened as opened  # the fixture of all tests of the window

GRACE_SECONDS = 3.0


class Watch:
    """Remembers which Qt objects were started during a test, and from where."""

    def __init__(self) -> None:
        self._seen: list[tuple[weakref.ref[Any], str]] = []

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, with a note of the object it was called on."""

        def watched(target: Any, *args: Any, **kwargs: Any) -> Any:
            self._seen.append((weakref.ref(target), "".join(traceback.format_stack(limit=4)[:-1])))
            return method(target, *args, **kwargs)

        return watched

    def alive(self, running: Callable[[Any], bool]) -> list[str]:
        """One line for each object that is still running."""
        found: dict[int, str] = {}
        for reference, where in self._seen:
            target = reference()
            if target is not None and isValid(target) and running(target):
                found[id(target)] = f"{target!r} of\n{where}"
        return list(found.values())


def shown(window: QWidget) -> bool:
    """Whether a window is on screen; a tooltip goes by itself."""
    return window.isVisible() and window.windowType() is not Qt.WindowType.ToolTip


@pytest.fixture(autouse=True)
def nothing_left_running(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a QThread, a QTimer or a visible window behind."""
    threads, timers, before = Watch(), Watch(), set(filter(shown, QApplication.topLevelWidgets()))
    monkeypatch.setattr(QThread, "start", threads.wrap(QThread.start))
    monkeypatch.setattr(QTimer, "start", timers.wrap(QTimer.start))
    yield

    def dangling() -> list[str]:
        return [
            *threads.alive(QThread.isRunning),
            *timers.alive(lambda timer: timer.isActive() and not timer.isSingleShot()),
            *(repr(w) for w in QApplication.topLevelWidgets() if shown(w) and w not in before),
        ]

    deadline = time.monotonic() + GRACE_SECONDS
    while dangling() and time.monotonic() < deadline:
        qapp.processEvents()
        time.sleep(0.01)
    if left := dangling():
        pytest.fail("left running:\n" + "\n".join(left))
