"""The row above the fan: what is drawn in which colour, shown or hidden, and how much of it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QToolButton, QWidget

from lvm_studio.studio.theme import Colours

MAX_SHOWN = 9999
FEW_SHOWN = 12
KEYS = {
    "base": ("Base", "The model's own law (λ = 0): mean and 10–90 % band."),
    "tuned": ("Tuned", "The law tuned by λ: mean and 10–90 % band."),
    "measured": ("Measured", "Sum of what the meters of these households read."),
    "part": (
        "Selected",
        "Part of the mean curve made by the households selected on the left.",
    ),
}
SIMULATED = ("Simulated", "Sum of what was simulated of these households: no meter was read.")
LINES = ("measured", "part")
SWATCH = QSize(28, 14)
BESIDE_HELP = "Draw the tuned fan in a plot of its own, with the same axes."
DRAW_HELP = (
    "Draw with the mouse, over any stretch of the week, the curve that the tuned weeks\n"
    "shall come near to: the criterion becomes minus the distance to it (kW)."
)
SHOWN_HELP = (
    "How many of the sampled weeks are drawn as lines: the darker, the more of them run there."
)


class FanLegend(QWidget):
    """A key for each law and line, two ways to draw, and the number of sampled curves."""

    toggled = Signal()
    """A key was switched; ask `wants`."""

    beside_asked = Signal(bool)
    drawing_asked = Signal(bool)
    shown_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = {name: self._key(text, _with_click(tip)) for name, (text, tip) in KEYS.items()}
        self._beside = self._key("Beside", BESIDE_HELP)
        self._draw = self._key("Draw target", DRAW_HELP)
        self._draw.setObjectName("fan_draw")
        self._shown = self._shown_field()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name, key in self._keys.items():
            key.setObjectName(f"fan_key_{name}")
            key.setChecked(True)
            key.toggled.connect(self.toggled)
            row.addWidget(key)
        for key in (self._beside, self._draw):
            row.addWidget(key)
        row.addStretch(1)
        row.addWidget(self._shown)
        self._beside.toggled.connect(self.beside_asked)
        self._draw.toggled.connect(self.drawing_asked)
        self._shown.valueChanged.connect(self.shown_asked)

    def wants(self, name: str) -> bool:
        """Whether this is to be drawn where there is one."""
        return self._keys[name].isChecked()

    @property
    def beside(self) -> bool:
        """Whether the tuned fan is to have a plot of its own."""
        return self._beside.isChecked()

    @property
    def shown(self) -> int:
        """How many sampled curves are to be drawn."""
        return self._shown.value()

    def set_shown(self, count: int) -> None:
        """Show how many sampled curves are drawn, without asking for them."""
        with QSignalBlocker(self._shown):
            self._shown.setValue(count)

    def set_curves(self, count: int) -> None:
        """Say how many sampled curves there are."""
        self._shown.setSuffix(f" of {count:,} curves")

    def set_simulated(self, simulated: bool) -> None:
        """Call the black line by what it is: readings of meters, or of none."""
        text, tip = SIMULATED if simulated else KEYS["measured"]
        self._keys["measured"].setText(text)
        self._keys["measured"].setToolTip(_with_click(tip))

    def end_drawing(self) -> None:
        """The target has been drawn."""
        self._draw.setChecked(False)

    def show_what_there_is(self, *, base: bool, tuned: bool, measured: bool, part: bool) -> None:
        """Enable the keys of what the plot holds.

        All of them keep their places beside a fan: a key that comes with the first move of λ, or
        goes while it moves, would have the columns laid out and painted anew.
        """
        there = {"base": base, "tuned": tuned, "measured": measured, "part": part}
        for name, key in self._keys.items():
            key.setEnabled(there[name])
        self._beside.setEnabled(tuned)
        for key in (*self._keys.values(), self._beside, self._draw):
            key.setVisible(base)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        swatches = (colours.base, colours.tuned, colours.measured, colours.good)
        for (name, key), colour in zip(self._keys.items(), swatches, strict=True):
            key.setIcon(_swatch(colour, self.devicePixelRatioF(), line=name in LINES))

    def _key(self, text: str, tip: str) -> QToolButton:
        key = QToolButton(self)
        key.setText(text)
        key.setToolTip(tip)
        key.setCheckable(True)
        key.setAutoRaise(True)
        key.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return key

    def _shown_field(self) -> QSpinBox:
        field = QSpinBox(self)
        field.setObjectName("fan_shown")
        field.setAccessibleName("How many sampled curves are drawn")
        field.setToolTip(SHOWN_HELP)
        field.setRange(0, MAX_SHOWN)
        field.setValue(FEW_SHOWN)
        field.setKeyboardTracking(False)
        field.setSuffix(" curves")
        return field


def _with_click(tip: str) -> str:
    return f"{tip}\nClick to hide or show."


def _swatch(colour: str, ratio: float, *, line: bool) -> QIcon:
    """A line, or a line in its band, as the legend shows it; sharp on dense screens."""
    pixmap = QPixmap(SWATCH * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        if not line:
            band = QColor(colour)
            band.setAlphaF(0.3)
            painter.fillRect(0, 1, 28, 12, band)
        painter.fillRect(0, 6, 28, 1 if line else 2, QColor(colour))
    return QIcon(pixmap)
