"""From one picked point to another: two pins, a slider between them, and the weeks on the way."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.latent.curve_strip import CurveStrip

SLIDER_STEPS = 100
STRAIGHT, SPHERICAL = "straight", "spherical"
HINT = (
    "Pin two points, A and B (buttons here, or keys A and B on the map), or choose two real ones "
    "above, and walk between them."
)
HERE = "where I stand"
FRAME_MS = 33
WALK_SECONDS = 4.0


class InterpolationBar(QWidget):
    """Asks for pins and places between them; which points those are, others know."""

    pin_asked = Signal(str)
    """Pin "A" or "B" where one stands."""
    real_asked = Signal(str, str)
    """(pin, title): pin the real observation of this title."""
    moved = Signal(float)
    """Stand at this share of the way from A to B."""
    kind_changed = Signal(str)
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {name: self._pin_button(name) for name in "AB"}
        self.slider = dressed(QSlider(Qt.Orientation.Horizontal), maximum=SLIDER_STEPS)
        self.slider.setObjectName("latent_between")
        self.slider.setAccessibleName("Share of the way from A to B")
        self.slider.setPageStep(10)
        self._share = QLabel("0.00")
        self.kind = dressed(QComboBox(), accessibleName="The way from A to B")
        self.kind.addItems([STRAIGHT, SPHERICAL])
        self.kind.setToolTip(
            "Straight: (1 − t) A + t B. Spherical: along the great circle; under a standard normal "
            "of many dimensions points lie near a sphere, which a straight line leaves."
        )
        self.real = {name: self._real_choice(name) for name in "AB"}
        self.play = dressed(QToolButton(), text="▶", checkable=True, toolTip="Walk to and fro")
        self.play.setAccessibleName("Animate the way from A to B")
        self._clock = QTimer(self, interval=FRAME_MS)
        self._clock.timeout.connect(self._step)
        self._forwards = True
        self.play.toggled.connect(self._play)
        self.clear = dressed(QPushButton("&Unpin"), toolTip="Forget A and B")
        self.strip = CurveStrip(HINT)
        self._build()
        self.slider.valueChanged.connect(self._slid)
        self.kind.currentTextChanged.connect(self.kind_changed)
        self.clear.clicked.connect(self.cleared)
        self.strip.cell_asked.connect(self._go_to_cell)
        self.show_pins(set())

    def _pin_button(self, name: str) -> QPushButton:
        button = QPushButton(f"Pin &{name}")
        button.setObjectName(f"latent_pin_{name.lower()}")
        button.setToolTip(f"Remember where you stand as {name}")
        button.clicked.connect(lambda: self.pin_asked.emit(name))
        return button

    def _real_choice(self, name: str) -> QComboBox:
        choice = QComboBox()
        choice.setToolTip(f"Pin a real observation as {name}")
        choice.setAccessibleName(f"Real observation as {name}")
        choice.setMinimumContentsLength(10)
        choice.activated.connect(lambda index: self._choose(name, index))
        return choice

    def set_real(self, titles: Sequence[str]) -> None:
        """Offer real observations as ends of the way."""
        for choice in self.real.values():
            choice.clear()
            choice.addItems([HERE, *titles])

    def _choose(self, name: str, index: int) -> None:
        if index == 0:
            self.pin_asked.emit(name)
        else:
            self.real_asked.emit(name, self.real[name].itemText(index))

    def _build(self) -> None:
        ends = QHBoxLayout()
        for name in "AB":
            ends.addWidget(self.buttons[name])
            ends.addWidget(self.real[name], 1)
        ends.addWidget(self.clear)
        row = QHBoxLayout()
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self._share)
        row.addWidget(self.kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(ends)
        layout.addLayout(row)
        layout.addWidget(self.strip, 1)

    def show_pins(self, pins: set[str]) -> None:
        """Enable what makes sense with these pins set."""
        both = pins == {"A", "B"}
        self.slider.setEnabled(both)
        self.kind.setEnabled(both)
        self.play.setEnabled(both)
        self.clear.setEnabled(bool(pins))
        for name, button in self.buttons.items():
            button.setText(f"{'Move' if name in pins else 'Pin'} &{name}")
        if not both:
            self.play.setChecked(False)
            self.strip.show_cells(None)

    def show_share(self, share: float) -> None:
        """Show a place on the way without telling anybody."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(share * SLIDER_STEPS))
        self._share.setText(f"{share:.2f}")

    def _slid(self, step: int) -> None:
        self._share.setText(f"{step / SLIDER_STEPS:.2f}")
        self.moved.emit(step / SLIDER_STEPS)

    def _go_to_cell(self, _row: int, column: int) -> None:
        last = max(self.strip.columns - 1, 1)
        self.slider.setValue(round(column / last * SLIDER_STEPS))

    def _play(self, on: bool) -> None:
        self.play.setText("⏸" if on else "▶")
        if on:
            self._clock.start()
        else:
            self._clock.stop()

    def _step(self) -> None:
        if not self.isVisible():
            self.play.setChecked(False)
            return
        step = max(1, round(SLIDER_STEPS * FRAME_MS / (1000.0 * WALK_SECONDS)))
        if self.slider.value() in (0, SLIDER_STEPS):
            self._forwards = self.slider.value() == 0
        self.slider.setValue(self.slider.value() + (step if self._forwards else -step))
