"""The line below the figures: what is worked out behind them, and a button to cancel it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from lvm_studio.studio.street.background_work import Background
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.studio.widgets.tuning.lam_words import BACKGROUND_HELP

DELAY_MS = 700
"""What is done sooner is not spoken of: a line that comes and goes with every move is noise."""
CANCEL, AGAIN = "Cancel", "Fit again"
CANCEL_HELP = "End what is fitted in the background; the curves stay as they are"
SPARE = 18
"""Pixels around the words of the button."""
AGAIN_HELP = "Fit in the background again, on this street and every other"


class BackgroundLine(QWidget):
    """Shows what is worked out once that takes a moment.

    Signals:
        cancel_asked(): end it. again_asked(): begin again what was cancelled.
    """

    cancel_asked = Signal()
    again_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(wordWrap=True)
        self.label.setToolTip(BACKGROUND_HELP)
        self.label.setObjectName("lam_flow")
        self.label.setAccessibleName("Background fits")
        self.label.setForegroundRole(MUTED)
        self.button = QPushButton(CANCEL)
        self.button.setObjectName("lam_background")
        policy = self.button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what comes and goes moves nothing else
        self.button.setSizePolicy(policy)
        metrics = self.button.fontMetrics()
        width = max(map(metrics.horizontalAdvance, (CANCEL, AGAIN)))
        self.button.setFixedSize(width + SPARE, metrics.height() + SPARE // 3)
        self.button.hide()
        self.button.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(SteadyRoom(self.label, self), 1)
        layout.addWidget(self.button)
        self._background = Background()
        self._delay = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._delay.timeout.connect(self._show)

    def show_background(self, background: Background) -> None:
        """Show how it stands; work that begins is shown after a moment, all else at once."""
        begins = background.running and not self._background.running
        self._background = background
        if begins:
            self._delay.start()
        elif not background.running:
            self._delay.stop()
        if not self._delay.isActive():
            self._show()

    def _show(self) -> None:
        background = self._background
        self.label.setText(background.sentence)
        self.button.setText(AGAIN if background.cancelled else CANCEL)
        self.button.setToolTip(AGAIN_HELP if background.cancelled else CANCEL_HELP)
        self.button.setVisible(background.running or background.cancelled)

    def _ask(self) -> None:
        (self.again_asked if self._background.cancelled else self.cancel_asked).emit()
