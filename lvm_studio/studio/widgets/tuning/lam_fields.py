"""Number fields of the λ strip that report only what a person changed."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRect, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from lvm_studio.studio.street.answers import LAM_MAX
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.signed_field import SignedField

LAM_TYPED_MAX: Final = 20.0
STEPS_PER_LAM: Final = 100
LEAST_END: Final = 0.5
KL_MAX: Final = 99.99
ODDS_MAX: Final = 10_000_000
"""More is not told apart: nothing so rare can be vouched for."""
ROUND_ODDS: Final = (1, 2, 5)
GROOVE_HEIGHT: Final = 3


class NumberField(SignedField):
    """Spin box that reports typed and stepped values with `edited`, and `show_value` silently."""

    edited = Signal(float)

    def __init__(
        self, low: float, high: float, decimals: int, step: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setRange(low, high)
        self.setDecimals(decimals)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.grey = False
        """Whether the value shown must not be trusted."""
        self.valueChanged.connect(self.edited)

    def show_value(self, value: float) -> None:
        """Show a value without reporting it; leaves alone what a person is typing."""
        if self.hasFocus() and self.lineEdit().isModified():
            return
        with QSignalBlocker(self):
            self.setValue(value if math.isfinite(value) else self.maximum())

    def set_grey(self, grey: bool) -> None:
        """Grey the number, or show it as it is; it can be typed over in any case."""
        if grey == self.grey:
            return
        self.grey = grey
        palette = QPalette()
        if grey:
            palette.setColor(QPalette.ColorRole.Text, self.palette().placeholderText().color())
        self.lineEdit().setPalette(palette)  # it does not take over that of its field


class OddsField(NumberField):
    """“1 week in N”; steps go 1, 2, 5, 10, 20, 50 …"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(1.0, ODDS_MAX, 0, 1.0, parent)
        self.setPrefix("1 week in ")

    def textFromValue(self, value: float) -> str:
        return "> 10⁷" if value >= ODDS_MAX else super().textFromValue(value)

    def stepBy(self, steps: int) -> None:
        for _ in range(abs(steps)):
            self.setValue(next_odds(self.value(), up=steps > 0))


def next_odds(value: float, *, up: bool) -> float:
    """Return the next round number of 1, 2, 5, 10, 20 … above or below, at least 1.

    >>> [next_odds(n, up=True) for n in (1, 7, 10)], next_odds(1000, up=False)
    ([2.0, 10.0, 20.0], 500.0)
    """
    decade = math.floor(math.log10(max(value, 1.0)))
    ladder = [m * 10.0**d for d in range(decade - 1, decade + 2) for m in ROUND_ODDS]
    if up:
        return min(rung for rung in ladder if rung > value)
    return max(max((rung for rung in ladder if rung < value), default=1.0), 1.0)


class LamSlider(QSlider):
    """λ from −end to an end that moves, by 0.01 (more can be typed).

    The scale changes only while λ is 0, in the middle of any of them: nowhere else would the
    handle stay where it is. Arrow keys go by 0.05, page keys by 0.5, Home to 0.
    """

    edited = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(-round(LAM_MAX * STEPS_PER_LAM), round(LAM_MAX * STEPS_PER_LAM))
        self.setValue(0)
        self.setSingleStep(STEPS_PER_LAM // 20)
        self.setPageStep(STEPS_PER_LAM // 2)
        self.setTickInterval(STEPS_PER_LAM // 2)
        self.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.setMinimumWidth(120)
        self._next_end = self.maximum()
        self.valueChanged.connect(self._report)

    def lam(self) -> float:
        """λ at the handle."""
        return self.value() / STEPS_PER_LAM

    def end(self) -> float:
        """λ at the right end."""
        return self.maximum() / STEPS_PER_LAM

    def show_lam(self, lam: float) -> None:
        """Move the handle without reporting it; not while a hand is on it."""
        if not self.isSliderDown():
            with QSignalBlocker(self):
                self.setValue(round(lam * STEPS_PER_LAM))
            self._rescale()

    def set_end(self, lam: float) -> None:
        """End at ± this λ, in 0.5 to LAM_MAX, as soon as λ is 0 and no hand on the handle."""
        self._next_end = round(min(max(lam, LEAST_END), LAM_MAX) * STEPS_PER_LAM)
        self._rescale()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Home:
            self.setValue(0)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style's ticks and handle on a groove that is filled from 0, not from its left end."""
        option, colours = QStyleOptionSlider(), theme().colours
        with QPainter(self) as painter:
            self.initStyleOption(option)
            groove = self._part(option, QStyle.SubControl.SC_SliderGroove)
            handle = self._part(option, QStyle.SubControl.SC_SliderHandle).center().x()
            line = QRect(groove.left(), groove.center().y() - 1, groove.width(), GROOVE_HEIGHT)
            painter.fillRect(line, QColor(colours.grid))
            zero = groove.center().x()  # ends are the same λ on both sides
            line.setLeft(min(zero, handle))
            line.setWidth(abs(handle - zero))
            painter.fillRect(line, QColor(colours.accent if self.isEnabled() else colours.muted))
            option.subControls = (
                QStyle.SubControl.SC_SliderTickmarks | QStyle.SubControl.SC_SliderHandle
            )
            self.style().drawComplexControl(QStyle.ComplexControl.CC_Slider, option, painter, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on the ticks, which Qt would not hear, is one on the groove above them."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        groove = self._part(option, QStyle.SubControl.SC_SliderGroove)
        pressed = QMouseEvent(
            event.type(),
            QPointF(event.position().x(), groove.center().y()),
            event.globalPosition(),
            event.button(),
            event.buttons(),
            event.modifiers(),
        )
        super().mousePressEvent(pressed)

    def _part(self, option: QStyleOptionSlider, part: QStyle.SubControl) -> QRect:
        """Where the style has this part of the slider."""
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)

    def _rescale(self) -> None:
        if self.value() == 0 and not self.isSliderDown():
            self.setRange(-self._next_end, self._next_end)

    def _report(self) -> None:
        self.edited.emit(self.lam())
