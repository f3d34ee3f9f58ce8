"""How far the encoding of observations is, with a button that ends it or begins it again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.time_left import TimeLeft

PERCENT = 100
CANCEL_HELP = "End the encoding; the map that was there stays"
AGAIN_HELP = "Encode real observations for the map"


class EncodingBar(QWidget):
    """Hidden at rest.

    Signals:
        cancel_asked(): end the encoding. again_asked(): begin it after all.
    """

    cancel_asked = Signal()
    again_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.progress = QProgressBar(maximum=PERCENT, textVisible=False)
        self.left = QLabel()
        self.left.setForegroundRole(MUTED)
        self.button = QPushButton()
        self.button.setObjectName("encoding_button")
        self.button.clicked.connect(self._ask)
        self._clock = TimeLeft()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress, 1)
        row.addWidget(self.left)
        row.addWidget(self.button)
        self.hide()

    def begin(self) -> None:
        """An encoding begins."""
        self._clock.begin()
        self._offer("Cancel", CANCEL_HELP, busy=True)
        self.show_share(0.0)

    def show_share(self, share: float) -> None:
        """Show how far it is, and how long the rest may take."""
        self.progress.setValue(round(PERCENT * share))
        self.left.setText(self._clock.words(share))

    def offer_again(self) -> None:
        """It was cancelled: offer to begin again."""
        self._offer("Encode", AGAIN_HELP, busy=False)

    def _offer(self, text: str, tip: str, *, busy: bool) -> None:
        self.button.setText(text)
        self.button.setToolTip(tip)
        for widget in (self.progress, self.left):
            widget.setVisible(busy)
        self._busy = busy
        self.show()

    def _ask(self) -> None:
        (self.cancel_asked if self._busy else self.again_asked).emit()
