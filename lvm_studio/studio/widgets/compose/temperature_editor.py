"""Own weather: seven daily means, a shift of all of them, and the way back to the measured."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.numerals import with_decimals
from lvm_studio.studio.widgets.signed_field import SignedField

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
COLDEST, WARMEST, SHIFT = -40.0, 50.0, 20.0
FIELDS_A_ROW = 4
MEASURED_TITLE, OWN_TITLE = "Temperature as measured (°C)", "Own temperature (°C)"
ASSUMED_TITLE = "Temperature unknown, assumed (°C)"


class ShiftField(SignedField):
    """A difference in °C, always with its sign."""

    def textFromValue(self, value: float) -> str:
        return with_decimals(value, 1, "+")


class TemperatureEditor(QWidget):
    """Fields for the mean temperature of each day (°C).

    `profile_edited` carries seven daily means, or None for "as measured".
    """

    profile_edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measured: tuple[float, ...] = ()
        self._days = [self._day_field(day) for day in DAYS]
        self._title = QLabel(MEASURED_TITLE, self)
        self._shift = self._shift_field()
        self._reset = QPushButton("Reset", self)
        self._reset.setObjectName("temperature_reset")
        self._reset.setToolTip("Back to the measured temperature of the week.")
        self._reset.clicked.connect(lambda: self.profile_edited.emit(None))
        self._lay_out()

    def set_profile(
        self,
        measured: Sequence[float] | None,
        own: Sequence[float] | None,
        *,
        assumed: bool = False,
    ) -> None:
        """Show the daily means of the week and the own ones that replace them.

        `assumed`: nobody measured the week's temperature; models are given these means.
        """
        self._measured = () if measured is None else tuple(float(value) for value in measured)
        shown = self._measured if own is None else tuple(own)
        for field, value in zip(self._days, shown or (0.0,) * 7, strict=True):
            with QSignalBlocker(field):
                field.setValue(value)
            field.setEnabled(bool(shown))
        self._shift.setEnabled(bool(self._measured))
        self._reset.setEnabled(own is not None)
        self._describe(own, MEASURED_TITLE if not assumed else ASSUMED_TITLE)

    def profile(self) -> tuple[float, ...]:
        """The seven daily means in the fields (°C)."""
        return tuple(field.value() for field in self._days)

    # -- inside ----------------------------------------------------------------------------

    def _describe(self, own: Sequence[float] | None, title: str) -> None:
        shift = 0.0
        if own is not None and self._measured:
            shift = sum(o - m for o, m in zip(own, self._measured, strict=True)) / len(own)
        with QSignalBlocker(self._shift):
            self._shift.setValue(shift)
        self._title.setText(title if own is None else OWN_TITLE)

    def _day_field(self, day: str) -> QDoubleSpinBox:
        field = SignedField(self)
        field.setObjectName(f"temperature_{day.lower()}")
        field.setAccessibleName(f"Mean temperature on {day} in °C")
        field.setToolTip(
            f"Mean temperature on {day} (°C, −{-COLDEST:.0f} to {WARMEST:.0f}). "
            "Type it, or use ↑ ↓."
        )
        field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        field.setRange(COLDEST, WARMEST)
        field.setDecimals(1)
        field.setSingleStep(0.5)
        field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        field.setKeyboardTracking(False)
        field.setPrefix(f"{day} ")
        field.setMinimumWidth(self.fontMetrics().horizontalAdvance("Wed −00.0") + 6)
        field.valueChanged.connect(lambda _value: self.profile_edited.emit(self.profile()))
        return field

    def _shift_field(self) -> QDoubleSpinBox:
        field = ShiftField(self)
        field.setObjectName("temperature_shift")
        field.setAccessibleName("Shift of the whole week in °C")
        field.setToolTip(
            f"How much warmer (+) or colder (−) than measured, on average (up to {SHIFT:.0f} °C)."
        )
        field.setRange(-SHIFT, SHIFT)
        field.setDecimals(1)
        field.setSingleStep(0.5)
        field.setPrefix("all ")
        field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        field.setMinimumWidth(self.fontMetrics().horizontalAdvance("all +00.0") + 6)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(self._apply_shift)
        return field

    def _apply_shift(self, shift: float) -> None:
        """Move all days alike, so that the mean difference to the measured is `shift`."""
        now = self.profile()
        already = sum(o - m for o, m in zip(now, self._measured, strict=True)) / len(now)
        moved = tuple(
            round(min(WARMEST, max(COLDEST, value + shift - already)), 3) for value in now
        )
        self.profile_edited.emit(moved)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._reset)
        grid = QGridLayout()
        grid.setSpacing(2)
        for place, field in enumerate([*self._days, self._shift]):
            grid.addWidget(field, place // FIELDS_A_ROW, place % FIELDS_A_ROW)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(grid)
