"""The real window on shipped data and model, and ways to wait for it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QGraphicsView, QWidget

from lvm_studio.studio.app import SWITCH_SECONDS, make_window
from lvm_studio.studio.session import Session
from lvm_studio.studio.window import MainWindow

PATIENCE_SECONDS = 120.0
LOOK_EVERY_MS = 2


@contextmanager
def open_studio() -> Iterator[MainWindow]:
    """The window with its first fan on screen."""
    sys.setswitchinterval(SWITCH_SECONDS)
    window = make_window(Session())
    window.show()
    window.session.new()
    window.start()
    try:
        wait(lambda: window.service.fan is not None and window.service.tuned is not None)
        yield window
    finally:
        window.end()
        window.session.undo_stack.setClean()
        window.hide()
        window.deleteLater()


def wait(arrived: Callable[[], bool]) -> None:
    """Let the window live until something has arrived.

    An event loop of its own sleeps between events, as the real one does; polling would take the
    interpreter away from the compute thread that is being waited for.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    loop = QEventLoop()

    def look() -> None:
        if arrived() or time.monotonic() > deadline:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(LOOK_EVERY_MS)
    loop.exec()
    timer.stop()
    assert arrived(), "waited in vain"


def live(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() >= end)


class Frames(QObject):
    """Counts how often the fan's plots have been painted, and since when an answer is shown.

    Only a painting that came after the answer counts, and it counts once: forcing another one
    would measure the same work twice.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._painted = 0
        self._shown = 0
        fan = window.findChild(QWidget, "fan")
        assert fan is not None
        for view in fan.findChildren(QGraphicsView):
            view.viewport().installEventFilter(self)
        for ready in (window.service.fan_ready, window.service.tuned_ready):
            ready.connect(self._note)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # the painting itself follows in the same turn of the event loop as its event
        self._painted += event.type() == QEvent.Type.Paint
        return False

    def _note(self, _answer: object) -> None:
        self._shown = self._painted

    @property
    def up_to_date(self) -> bool:
        """Whether the last answer has been painted."""
        return self._painted > self._shown


def painted(window: MainWindow) -> None:
    """Paint the fan's plots now, as the next frame would."""
    fan = window.findChild(QWidget, "fan")
    assert fan is not None
    for view in fan.findChildren(QGraphicsView):
        if view.isVisible():
            view.viewport().repaint()
