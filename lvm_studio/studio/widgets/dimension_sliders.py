"""One slider for each latent dimension, the most informative first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.series import Floats

REACH = 4.0
"""Sliders run from −REACH to REACH: all but one in 16,000 of a standard normal."""
STEPS_PER_UNIT = 100
INACTIVE_BITS = 0.01
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Of the prior; drawn under every slider, and where a snapping slider rests."""
FRAME_MS = 33
SWEEP_SECONDS = 4.0
SWEEP_REACH = 2.0


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
    """A slider whose double click, Delete or Home means zero, where the prior is densest."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        reach = round(REACH * STEPS_PER_UNIT)
        self.setRange(-reach, reach)
        self.setSingleStep(10)
        self.setPageStep(50)
        self.setMinimumWidth(60)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The slider over small marks at the prior's quantiles."""
        painter = QPainter(self)
        painter.setPen(QColor(theme().colours.muted))
        handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
        room = self.width() - handle
        for share in QUANTILES:
            position = round(quantile(share) * STEPS_PER_UNIT)
            x = handle // 2 + QStyle.sliderPositionFromValue(
                self.minimum(), self.maximum(), position, room
            )
            length = 5 if share == 0.5 else 3
            painter.drawLine(x, self.height() - length, x, self.height() - 1)
        painter.end()
        super().paintEvent(event)

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


class SliderRow:
    """Name, slider, field, bits and reset of one dimension."""

    def __init__(self, dimension: Dimension, owner: DimensionSliders) -> None:
        self.dimension = dimension
        self._owner = owner
        self.name = QLabel(dimension.name)
        self.slider = ResettingSlider()
        self.slider.setObjectName(f"dimension_{dimension.index}")
        self.slider.setAccessibleName(f"{dimension.name}, {dimension.bits:.2f} bits")
        self.field = QDoubleSpinBox(decimals=2, minimum=-99, maximum=99, singleStep=0.1)
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
        self.lock.toggled.connect(self._locked)
        self.play = dressed(QToolButton(), text="▶", autoRaise=True, checkable=True)
        for button in (self.play, self.reset):
            button.setFixedWidth(22)
        self.play.setToolTip("Let it swing from −2 to 2 and back")
        self.play.setAccessibleName(f"Animate {dimension.name}")
        self.play.toggled.connect(lambda on: owner.swing(self if on else None))
        self.name.setBuddy(self.slider)
        tip = (
            f"{dimension.name}: real sums say {dimension.bits:.2f} bits about it "
            "(mean KL to the prior). Arrows 0.1, Page 0.5, Home or double click 0."
        )
        for widget in (self.name, self.slider, self.bits):
            widget.setToolTip(tip)
            if dimension.bits < INACTIVE_BITS:
                widget.setProperty("role", "muted")
        self.slider.valueChanged.connect(self._slid)
        self.field.valueChanged.connect(self._typed)
        self.reset.clicked.connect(lambda: self.slider.setValue(0))

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

    def show_value(self, value: float) -> None:
        """Show a value without telling anybody; costs nothing where it is shown already."""
        position = round(value * STEPS_PER_UNIT)
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            if self.slider.value() != position:
                self.slider.setValue(position)
            if self.field.value() != round(value, 2):
                self.field.setValue(value)

    def _tell_share(self, value: float) -> None:
        self.field.setToolTip(f"{NormalDist().cdf(value):.1%} of the prior lies below")

    def _locked(self, locked: bool) -> None:
        self.slider.setEnabled(not locked)
        self.reset.setEnabled(not locked)
        self.play.setEnabled(not locked)
        if locked:
            self.play.setChecked(False)

    def _slid(self, position: int) -> None:
        value = position / STEPS_PER_UNIT
        if self._owner.snap.isChecked():
            value = nearest_quantile(value)
        self.show_value(value)
        self._tell_share(value)
        self._owner.changed.emit(self.dimension.index, value)

    def _typed(self, value: float) -> None:
        self.show_value(value)
        self._tell_share(value)
        self._owner.changed.emit(self.dimension.index, value)


class DimensionSliders(QWidget):
    """Sliders in a scroll area; values are standard deviations of the prior.

    Knows a vector u by the indices of its `Dimension`s only.
    """

    changed = Signal(int, float)
    """(index, value): the person wants u[index] = value."""
    reset_all = Signal()
    """The person wants u = 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[SliderRow] = []
        self._title = QLabel()
        self._title.setToolTip(
            "Total information of the latent space: mean KL(q(u|x) ‖ N(0, I)) over real sums."
        )
        self._reset = dressed(
            QPushButton("&Reset all"), toolTip="All dimensions to 0, the prior's middle"
        )
        self._reset.setObjectName("latent_reset")
        self._reset.clicked.connect(self.reset_all)
        self.snap = QCheckBox("&Snap")
        self.snap.setToolTip("Sliders rest at 1, 5, 25, 50, 75, 95 and 99 % of the prior only")
        self._swinging: SliderRow | None = None
        self._phase = 0.0
        self._clock = QTimer(self, interval=FRAME_MS)
        self._clock.timeout.connect(self._swing_on)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.snap)
        head.addWidget(self._reset)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._scroll, 1)
        self.set_dimensions([])

    def set_dimensions(self, dimensions: Sequence[Dimension]) -> None:
        """Show one slider each, the most informative first."""
        self.swing(None)
        ordered = sorted(dimensions, key=lambda d: -d.bits)
        self.rows = [SliderRow(dimension, self) for dimension in ordered]
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(2, 2, 6, 2)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for column, text in enumerate(("", "", "u", "bits", "lock", "", "")):
            grid.addWidget(QLabel(text, alignment=Qt.AlignmentFlag.AlignRight), 0, column)
        for line, row in enumerate(self.rows, start=1):
            for column, widget in enumerate(row.widgets()):
                grid.addWidget(widget, line, column)
        grid.setRowStretch(len(self.rows) + 1, 1)
        self._scroll.setWidget(content)
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(content.minimumSizeHint().width() + bar)
        total = sum(d.bits for d in dimensions)
        self._title.setText(
            f"{len(dimensions)} dimensions, {total:.1f} bits" if dimensions else "Dimensions"
        )
        self._reset.setEnabled(bool(dimensions))

    def show_values(self, u: Floats) -> None:
        """Show u [dim] without telling anybody."""
        for row in self.rows:
            row.show_value(float(np.clip(u[row.dimension.index], -99, 99)))

    @property
    def locked(self) -> list[int]:
        """Indices of the dimensions that are to stay as they are."""
        return [row.dimension.index for row in self.rows if row.lock.isChecked()]

    # animation

    def swing(self, row: SliderRow | None) -> None:
        """Let this dimension swing, and no other; None: none."""
        for other in self.rows:
            if other is not row:
                with QSignalBlocker(other.play):
                    other.play.setChecked(False)
        self._swinging, self._phase = row, 0.0
        if row is None:
            self._clock.stop()
        else:
            self._phase = math.asin(max(-1.0, min(1.0, row.field.value() / SWEEP_REACH)))
            self._clock.start()

    def _swing_on(self) -> None:
        if self._swinging is None or not self.isVisible():
            self.swing(None)
            return
        self._phase += 2.0 * math.pi * FRAME_MS / (1000.0 * SWEEP_SECONDS)
        value = SWEEP_REACH * math.sin(self._phase)
        self._swinging.show_value(value)
        self.changed.emit(self._swinging.dimension.index, value)
