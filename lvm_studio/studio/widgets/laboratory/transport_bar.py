"""Start, play, pause and step, as on a recorder."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget


class TransportBar(QWidget):
    """Buttons that know whether there is something to move.

    Args:
        name: begins the object names of its buttons.

    Signals:
        start_asked(), play_asked(), pause_asked(), step_asked(count).
    """

    start_asked = Signal()
    play_asked = Signal()
    pause_asked = Signal()
    step_asked = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paused = False
        self.start_button = QPushButton("St&art")
        self.start_button.setObjectName(f"{name}_start")
        self.play_button = QPushButton("&Pause")
        self.play_button.setObjectName(f"{name}_play")
        self.step_button = QPushButton("S&tep")
        self.step_button.setObjectName(f"{name}_step")
        self.count = QSpinBox(minimum=1, maximum=1000, value=1)
        self.count.setObjectName(f"{name}_step_count")
        for widget, tip in (
            (self.start_button, "Begin anew, with the settings on the left"),
            (self.play_button, "Rest between two steps, or go on"),
            (self.step_button, "Rest, and take so many steps of one batch each"),
            (self.count, "Steps at a time"),
        ):
            widget.setToolTip(tip)
        self.count.setAccessibleName("Steps at a time")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.start_button, self.play_button, self.step_button, self.count):
            row.addWidget(widget)
        row.addStretch(1)
        self.start_button.clicked.connect(self.start_asked)
        self.play_button.clicked.connect(self._play_or_pause)
        self.step_button.clicked.connect(lambda: self.step_asked.emit(self.count.value()))
        self.show_state(alive=False, paused=False)

    def show_state(self, *, alive: bool, paused: bool) -> None:
        """Whether there is something to move, and whether it rests."""
        self._paused = paused
        self.start_button.setText("Rest&art" if alive else "St&art")
        self.play_button.setText("&Play" if paused else "&Pause")
        for widget in (self.play_button, self.step_button, self.count):
            widget.setEnabled(alive)

    def _play_or_pause(self) -> None:
        (self.play_asked if self._paused else self.pause_asked).emit()
