"""One latent dimension as a row: name, slider over the prior's quantiles, field, bits, buttons."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QLabel,
    QSlider,
    QStyle,
    QToolButton,
    QWidget,
)

from lvm_studio.studio.numerals import percent
from lvm_studio.studio.theme import MUTED, theme
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.signed_field import SignedField

REACH = 4.0
"""Sliders run from −REACH to REACH: all but one in 16,000 of a standard normal."""
STEPS_PER_UNIT = 100
INACTIVE_BITS = 0.01
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Of the prior; drawn under every slider, and where a snapping slider rests."""
HANDLE_RADIUS = 5.0


@dataclass(frozen=True)
class Dimension:
    """A latent dimension as a slider shows it: its place in u, its name, its bits."""

    index: int
    name: str
    bits: float


def quantile(share: float) -> float:
    """Where a standard normal has this share below.

    >>> round(quantile(0.95), 3)
    1.645
    """
    return NormalDist().inv_cdf(share)


def nearest_quantile(value: float) -> float:
    """The nearest of the prior's quantiles that are drawn.

    >>> nearest_quantile(0.2)
    0.0
    """
    return min((quantile(share) for share in QUANTILES), key=lambda q: abs(q - value))


class ResettingSlider(QSlider):
    """A slider around zero; a press jumps there, a double click, Delete or Home means zero.

    Paints itself: sixty of the style's own sliders cost more than all else in a drag on the map,
    and theirs are filled from the left, where here zero is in the middle.
    """

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        reach = round(REACH * STEPS_PER_UNIT)
        self.setRange(-reach, reach)
        self.setSingleStep(10)
        self.setPageStep(50)
        self.setMinimumWidth(60)

    def _x(self, position: int) -> float:
        """Where a position lies, pixels from the left."""
        room = self.width() - 2 * HANDLE_RADIUS - 2
        share = (position - self.minimum()) / (self.maximum() - self.minimum())
        return HANDLE_RADIUS + 1 + share * room

    def _position(self, x: float) -> int:
        """The position that lies at x."""
        offset, room = round(x - HANDLE_RADIUS - 1), round(self.width() - 2 * HANDLE_RADIUS - 2)
        return QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), offset, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove, filled from zero to the handle, over small marks at the prior's quantiles."""
        colours = theme().colours
        with QPainter(self) as painter:
            middle = self.height() / 2
            zero, here = self._x(0), self._x(self.value())
            ends = self._x(self.minimum()), self._x(self.maximum())
            painter.setPen(QColor(colours.muted))
            for share in QUANTILES:
                x = round(self._x(round(quantile(share) * STEPS_PER_UNIT)))
                length = 5 if share == 0.5 else 3
                painter.drawLine(x, self.height() - length, x, self.height() - 1)
            painter.fillRect(
                QRectF(ends[0], middle - 1, ends[1] - ends[0], 3), QColor(colours.grid)
            )
            active = QColor(colours.accent if self.isEnabled() else colours.muted)
            painter.fillRect(QRectF(min(zero, here), middle - 1, abs(here - zero), 3), active)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(active if self.hasFocus() else QColor(colours.card))
            painter.setPen(QPen(active if self.isEnabled() else QColor(colours.grid), 1.5))
            painter.drawEllipse(QPointF(here, middle + 0.5), HANDLE_RADIUS, HANDLE_RADIUS)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the pointer."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self.setValue(self._position(event.position().x()))
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if self.isSliderDown():
            self.setValue(self._position(event.position().x()))
            event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self.setSliderDown(False)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to zero."""
        self.setValue(0)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home, Delete and 0 go back to zero; arrows move by 0.1, pages by 0.5."""
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_0):
            self.setValue(0)
            return
        super().keyPressEvent(event)


class Rows(Protocol):
    """What a row tells of itself, and what it asks: those it stands among."""

    snap: QCheckBox
    """Whether values go to the nearest quantile."""

    def take(self, index: int, value: float) -> None:
        """The person wants u[index] = value."""

    def swing(self, row: SliderRow | None) -> None:
        """Let this row alone swing, or none."""


class SliderRow:
    """Name, slider, field, bits and reset of one dimension."""

    def __init__(self, dimension: Dimension, among: Rows) -> None:
        self.dimension = dimension
        self._among = among
        self.name = QLabel(dimension.name)
        self.slider = ResettingSlider()
        self.slider.setObjectName(f"dimension_{dimension.index}")
        self.slider.setAccessibleName(f"{dimension.name}, {dimension.bits:.2f} bits")
        self.field = SignedField(decimals=2, minimum=-99, maximum=99, singleStep=0.1)
        self.field.setAccessibleName(f"Value of {dimension.name}")
        self.field.setKeyboardTracking(False)
        self.field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.field.setFixedWidth(54)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.bits = QLabel(f"{dimension.bits:.2f}", alignment=right)
        self.reset = dressed(QToolButton(), text="↺", autoRaise=True, toolTip="Back to 0")
        self.reset.setAccessibleName(f"Reset {dimension.name}")
        self.lock = dressed(QCheckBox(), toolTip="Lock: nothing but this row's field moves it")
        self.lock.setAccessibleName(f"Lock {dimension.name}")
        self.play = dressed(QToolButton(), text="▶", autoRaise=True, checkable=True)
        for button in (self.play, self.reset):
            button.setFixedWidth(22)
        self.play.setToolTip("Let it swing from −2 to 2 and back")
        self.play.setAccessibleName(f"Animate {dimension.name}")
        self.name.setBuddy(self.slider)
        self._connect()
        self._tell()

    def _connect(self) -> None:
        self.lock.toggled.connect(self._locked)
        self.play.toggled.connect(lambda on: self._among.swing(self if on else None))
        self.slider.valueChanged.connect(self._slid)
        self.field.valueChanged.connect(self._typed)
        self.reset.clicked.connect(lambda: self.slider.setValue(0))

    def _tell(self) -> None:
        tip = (
            f"{self.dimension.name}: real observations say {self.dimension.bits:.2f} bits about it "
            "(mean KL to the prior). Arrows 0.1, Page 0.5, Home or double click 0.\n"
            "Marks: 1, 5, 25, 50, 75, 95 and 99 % of the prior."
        )
        for widget in (self.name, self.slider, self.bits):
            widget.setToolTip(tip)
            if self.dimension.bits < INACTIVE_BITS:
                widget.setForegroundRole(MUTED)

    def widgets(self) -> tuple[QWidget, ...]:
        """The row's widgets from left to right."""
        return (
            self.name,
            self.slider,
            self.field,
            self.bits,
            self.lock,
            self.play,
            self.reset,
        )

    def set_visible(self, visible: bool) -> None:
        """Fold the row away, or show it."""
        for widget in self.widgets():
            widget.setVisible(visible)

    def show_value(self, value: float) -> None:
        """Show a value without telling anybody; costs nothing where it is shown already."""
        position = round(value * STEPS_PER_UNIT)
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            if self.slider.value() != position:
                self.slider.setValue(position)
            if self.field.value() != round(value, 2):
                self.field.setValue(value)

    def _tell_share(self, value: float) -> None:
        self.field.setToolTip(f"{percent(NormalDist().cdf(value), 1)} of the prior lies below")

    def _locked(self, locked: bool) -> None:
        self.slider.setEnabled(not locked)
        self.reset.setEnabled(not locked)
        self.play.setEnabled(not locked)
        if locked:
            self.play.setChecked(False)

    def _slid(self, position: int) -> None:
        value = position / STEPS_PER_UNIT
        if self._among.snap.isChecked():
            value = self._snapped(value)
        self.show_value(value)
        self._tell_share(value)
        self._among.take(self.dimension.index, value)

    def _snapped(self, value: float) -> float:
        """The nearest quantile; of a key, whose step is shorter, the next one that way."""
        nearest, before = nearest_quantile(value), self.field.value()
        if self.slider.isSliderDown() or round(nearest, 2) != before:
            return nearest
        onwards = [q for q in map(quantile, QUANTILES) if (q - nearest) * (value - before) > 0.0]
        return min(onwards, key=lambda q: abs(q - nearest), default=nearest)

    def _typed(self, value: float) -> None:
        self.show_value(value)
        self._tell_share(value)
        self._among.take(self.dimension.index, value)
