"""“computing …”, shown only when an answer takes long enough to be noticed."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QWidget

from lvm_studio.studio.theme import MUTED

DELAY_MS = 150
TEXT = "computing …"


class ComputingLabel(QLabel):
    """Empty at rest; put it beside something that stretches."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setForegroundRole(MUTED)
        self.setAccessibleName("Computing")
        self._delay = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._delay.timeout.connect(self._show_text)

    def begin(self) -> None:
        """Something is being computed; a further beginning does not start the delay again."""
        if not self._delay.isActive():
            self._delay.start()

    def end(self) -> None:
        """The answer is on screen."""
        self._delay.stop()
        self.setText("")

    def _show_text(self) -> None:
        self.setText(TEXT)
