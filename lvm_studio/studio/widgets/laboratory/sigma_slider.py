"""σ by hand: a slider on a logarithmic scale beside a number; both say when a person moved them."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QWidget

LOW, HIGH, TICKS = 1e-3, 10.0, 800
TIP = (
    "σ, the noise of p(x|z), in the unit of the data. Grab it while the model trains:\n"
    "a noise that learns goes on from where you let it go, a fixed one stays (7.3)."
)


def tick_of(sigma: float) -> int:
    """Position of the slider.

    >>> tick_of(LOW), tick_of(0.1), tick_of(HIGH)
    (0, 400, 800)
    """
    share = math.log(sigma / LOW) / math.log(HIGH / LOW)
    return round(TICKS * min(max(share, 0.0), 1.0))


def sigma_of(tick: int) -> float:
    """σ at a position of the slider."""
    return LOW * math.exp(tick / TICKS * math.log(HIGH / LOW))


class SigmaSlider(QWidget):
    """Follows the σ of a run while nobody holds it.

    Signals:
        grabbed(float): a person has put σ here.
    """

    grabbed = Signal(float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, TICKS)
        self.slider.setPageStep(40)
        self.slider.setObjectName(f"{name}_slider")
        self.slider.setAccessibleName("σ")
        self.number = QDoubleSpinBox(decimals=4, minimum=LOW, maximum=HIGH)
        self.number.setObjectName(f"{name}_number")
        self.number.setAccessibleName("σ")
        self.number.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.number.setKeyboardTracking(False)
        label = QLabel("σ")
        label.setBuddy(self.slider)
        for widget in (label, self.slider, self.number):
            widget.setToolTip(TIP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.slider.valueChanged.connect(self._slide)
        self.number.valueChanged.connect(self._type)

    def follow(self, sigma: float) -> None:
        """Show the σ of the run, unless a hand is on it."""
        typing = self.number.hasFocus() and self.number.lineEdit().isModified()
        if self.slider.isSliderDown() or typing or not sigma > 0:
            return
        self._show(sigma, tick_of(sigma))

    def _show(self, sigma: float, tick: int) -> None:
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
        self.slider.setValue(tick)
        self.number.setValue(sigma)
        for widget in (self.slider, self.number):
            widget.blockSignals(False)

    def _slide(self, tick: int) -> None:
        self._show(sigma_of(tick), tick)
        self.grabbed.emit(sigma_of(tick))

    def _type(self, sigma: float) -> None:
        self._show(sigma, tick_of(sigma))
        self.grabbed.emit(sigma)
