"""Which week the curves are for: a list of all whole weeks, with arrows to the next and last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget


@dataclass(frozen=True)
class WeekEntry:
    """One week as the list shows it: ISO id, first day (UTC), mean temperature in °C."""

    week_id: str
    start: np.datetime64
    mean_c: float
    held_out: bool

    def text(self) -> str:
        """One line: date, id, temperature, whether it was kept from training.

        >>> WeekEntry("2013-W02", np.datetime64("2013-01-07"), 4.12, True).text()
        '7 Jan 2013 (W02), 4.1 °C, held out'
        """
        day = self.start.astype("datetime64[D]").item()
        parts = [f"{day.day} {day:%b %Y} ({self.week_id.partition('-')[2]})"]
        if not np.isnan(self.mean_c):
            parts.append(f"{self.mean_c:.1f} °C".replace("-", "−"))
        return ", ".join([*parts, "held out"] if self.held_out else parts)


class WeekChooser(QWidget):
    """Combo box and two arrows; emits the ISO id a person chose, never what the program set."""

    week_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QComboBox(self)
        self.box.setObjectName("week_box")
        self.box.setAccessibleName("Week")
        self.box.setMinimumContentsLength(12)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setToolTip(
            "The week whose calendar and temperature the curves are for.\n"
            "Held-out weeks were never trained on."
        )
        self._back = self._arrow(Qt.ArrowType.LeftArrow, "Week before", -1)
        self._next = self._arrow(Qt.ArrowType.RightArrow, "Week after", 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._back)
        layout.addWidget(self.box, 1)
        layout.addWidget(self._next)
        self.box.activated.connect(self._emit)
        self.box.currentIndexChanged.connect(self._enable_arrows)

    def set_weeks(self, weeks: Sequence[WeekEntry]) -> None:
        """Replace the list."""
        with QSignalBlocker(self.box):
            self.box.clear()
            for week in weeks:
                self.box.addItem(week.text(), week.week_id)
        self._enable_arrows()

    def set_week(self, week_id: str) -> None:
        """Show a week of the list (or none)."""
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(week_id))
        self._enable_arrows()

    def _arrow(self, arrow: Qt.ArrowType, tip: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setArrowType(arrow)
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: self._step(step))
        return button

    def _step(self, step: int) -> None:
        place = self.box.currentIndex() + step
        if 0 <= place < self.box.count():
            self.box.setCurrentIndex(place)
            self._emit()

    def _emit(self) -> None:
        self.week_chosen.emit(self.box.currentData())

    def _enable_arrows(self) -> None:
        place = self.box.currentIndex()
        self._back.setEnabled(place > 0)
        self._next.setEnabled(0 <= place < self.box.count() - 1)
