"""A hand that drags a slider, and how long each of its inputs waits for its answer on screen.

The inputs come from a process of their own through a pipe, as they come from a display: whatever
keeps the window busy does not keep the hand from moving, and the wait for the pipe to be read is
counted.
"""

import os
import struct
import subprocess
import sys
import time
from collections import deque

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, QSocketNotifier, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionSlider
from studio_at_hand import wait

EVERY_SECONDS = 0.008
"""A usual mouse tells where it is 125 times a second."""
PIXELS = 3
"""From one input to the next: every input has something to answer."""
MOVER = f"""
import os, struct, sys, time
due = time.monotonic()
for _ in range(int(sys.argv[1])):
    due += {EVERY_SECONDS}
    time.sleep(max(0.0, due - time.monotonic()))
    os.write(1, struct.pack("d", time.monotonic()))
"""
PAINTED = QEvent.Type(QEvent.registerEventType())
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class Hand(QObject):
    """Drags the handle of a slider to and fro."""

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self._moves = 0
        self._unanswered: deque[float] = deque()
        self._shown = 0
        self.waits: list[float] = []
        """From each input until the slider has been painted after it, in milliseconds."""
        option = QStyleOptionSlider()
        slider.initStyleOption(option)
        part = QStyle.SubControl.SC_SliderHandle
        control = QStyle.ComplexControl.CC_Slider
        self._grip = slider.style().subControlRect(control, option, part, slider).center()
        slider.installEventFilter(self)

    def drag(self, inputs: int) -> list[float]:
        """Move so many times; return the waits."""
        self._send(QEvent.Type.MouseButtonPress, self._grip, LEFT, LEFT)
        command = [sys.executable, "-S", "-c", MOVER, str(inputs)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as mover:
            assert mover.stdout is not None
            pipe = mover.stdout.fileno()
            notifier = QSocketNotifier(pipe, QSocketNotifier.Type.Read)
            notifier.activated.connect(lambda: self._read(pipe))
            wait(lambda: mover.poll() is not None and not self._unanswered)
            notifier.setEnabled(False)
        self._send(QEvent.Type.MouseButtonRelease, self._place(), LEFT, NONE)
        return self.waits

    def _read(self, pipe: int) -> None:
        told = os.read(pipe, 1024)
        stamps = [stamp for (stamp,) in struct.iter_unpack("d", told)]
        self._unanswered.extend(stamps)
        self._moves += len(stamps)
        if stamps:
            self._send(QEvent.Type.MouseMove, self._place(), NONE, LEFT)

    def _place(self) -> QPoint:
        low, span = self._slider.width() // 6, 2 * self._slider.width() // 3
        way = (PIXELS * self._moves + span // 2) % (2 * span)
        return QPoint(low + (way if way < span else 2 * span - way), self._grip.y())

    def _send(
        self, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        there = QPointF(self._slider.mapToGlobal(at))
        keys = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(
            self._slider, QMouseEvent(kind, QPointF(at), there, button, held, keys)
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._unanswered:
            # Taken once all that is painted in this turn is on screen.
            self._shown = len(self._unanswered)
            QCoreApplication.postEvent(
                self, QEvent(PAINTED), Qt.EventPriority.HighEventPriority.value
            )
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() != PAINTED:
            return super().event(event)
        now = time.monotonic()
        while self._shown:
            self.waits.append(1e3 * (now - self._unanswered.popleft()))
            self._shown -= 1
        return True
