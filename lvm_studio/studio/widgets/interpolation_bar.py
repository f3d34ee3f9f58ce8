"""From one picked point to another: two pins, a slider between them, and the weeks on the way."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.widgets.curve_strip import CurveStrip
from lvm_studio.studio.widgets.dressed import dressed

SLIDER_STEPS = 100
STRAIGHT, SPHERICAL = "straight", "spherical"
HINT = "Pin two points, A and B (buttons here, or keys A and B on the map), and walk between them."


class InterpolationBar(QWidget):
    """Asks for pins and places between them; which points those are, others know."""

    pin_asked = Signal(str)
    """Pin "A" or "B" where one stands."""
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
        self.kind = QComboBox()
        self.kind.addItems([STRAIGHT, SPHERICAL])
        self.kind.setToolTip(
            "Straight: (1 − t) A + t B. Spherical: along the great circle; under a standard normal "
            "of many dimensions points lie near a sphere, which a straight line leaves."
        )
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

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.buttons["A"])
        row.addWidget(self.slider, 1)
        row.addWidget(self._share)
        row.addWidget(self.buttons["B"])
        row.addWidget(self.kind)
        row.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.strip, 1)

    def show_pins(self, pins: set[str]) -> None:
        """Enable what makes sense with these pins set."""
        both = pins == {"A", "B"}
        self.slider.setEnabled(both)
        self.kind.setEnabled(both)
        self.clear.setEnabled(bool(pins))
        for name, button in self.buttons.items():
            button.setText(f"{'Move' if name in pins else 'Pin'} &{name}")
        if not both:
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
