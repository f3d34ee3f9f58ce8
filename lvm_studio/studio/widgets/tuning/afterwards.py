"""Figures that follow the curves: painted after them, and at most thirty times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import TunedAnswer

AFTER_MS = 33


class Afterwards(QObject):
    """Shows the latest answer a moment after it came: a hand on λ waits for the curves alone.

    Labels, fields and the front take a fifth of what a move of λ costs, and nobody reads sixty of
    them in a second.
    """

    def __init__(self, show: Callable[[TunedAnswer], None], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._latest: TunedAnswer | None = None
        self._timer = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._timer.timeout.connect(self.now)

    def post(self, answer: TunedAnswer) -> None:
        """Show this, unless another comes first."""
        self._latest = answer
        if not self._timer.isActive():
            self._timer.start()

    def now(self) -> None:
        """Show what waits to be shown, if anything does."""
        latest = self._latest
        self.forget()
        if latest is not None:
            self._show(latest)

    def forget(self) -> None:
        """Show nothing more of what has come: it is of another street, or there is none."""
        self._latest = None
        self._timer.stop()
