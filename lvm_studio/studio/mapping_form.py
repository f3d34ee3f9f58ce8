"""The form that says how the columns of somebody's file are to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

if TYPE_CHECKING:
    from lvm_studio.data.columns import ColumnMapping

LAYOUTS = {"long": "One row a reading", "wide": "One column a household"}
INTERVALS = {"start": "the start of the interval", "end": "the end of the interval"}
UNITS = ("W", "kW", "Wh", "kWh")
STEPS = (1, 5, 10, 15, 30)
ZONES = ("UTC", "Europe/London", "Europe/Paris", "Europe/Berlin", "America/New_York")


class MappingForm(QWidget):
    """Shows a guessed mapping and lets the person correct it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._guess: ColumnMapping | None = None
        self.name = QLineEdit()
        self.layout_box = _choices(LAYOUTS)
        self.time = QComboBox()
        self.household = QComboBox()
        self.value = QComboBox()
        self.columns = QLabel(wordWrap=True)
        self.unit = _choices(dict(zip(UNITS, UNITS, strict=True)))
        self.interval = _choices(INTERVALS)
        self.step = _choices({step: f"{step} min" for step in STEPS})
        self.time_zone = _editable(ZONES)
        self.lives_in = _editable(("", *ZONES))
        self.country = QLineEdit(placeholderText="GB, FR … or empty", maxLength=2)
        self.time_format = _editable(())
        self.decimal_comma = QCheckBox("Numbers are written with a comma")
        self._lay_out()
        self.layout_box.currentIndexChanged.connect(self._show_layout)

    def set_guess(self, mapping: ColumnMapping, columns: tuple[str, ...], name: str) -> None:
        """Fill the form with a guess for a file with these columns."""
        from lvm_studio.data.columns import TIME_FORMATS

        self._guess = mapping
        self.name.setText(name)
        for box in (self.time, self.household, self.value):
            box.clear()
            box.addItems(list(columns))
        self.time_format.clear()
        self.time_format.addItems(list(TIME_FORMATS))
        for box, text in (
            (self.time, mapping.time),
            (self.household, mapping.household),
            (self.value, mapping.value),
            (self.time_format, mapping.time_format),
            (self.time_zone, mapping.time_zone),
            (self.lives_in, mapping.lives_in),
        ):
            box.setCurrentText(text)
        for box, data in (
            (self.layout_box, mapping.layout),
            (self.unit, mapping.unit),
            (self.interval, mapping.interval),
            (self.step, mapping.step_minutes),
        ):
            box.setCurrentIndex(box.findData(data))
        self.country.setText(mapping.country)
        self.decimal_comma.setChecked(mapping.decimal_comma)
        self.columns.setText(_listed(mapping.households))
        self._show_layout()

    def mapping(self) -> ColumnMapping:
        """Return the mapping as corrected.

        Raises:
            DataError: something does not fit, e.g. an unknown time zone.
        """
        from lvm_studio.data.columns import make_mapping

        wide = self.layout_box.currentData() == "wide"
        return make_mapping(
            {
                "layout": self.layout_box.currentData(),
                "time": self.time.currentText(),
                "household": "" if wide else self.household.currentText(),
                "value": "" if wide else self.value.currentText(),
                "households": self._wide_columns() if wide else (),
                "unit": self.unit.currentData(),
                "interval": self.interval.currentData(),
                "time_zone": self.time_zone.currentText().strip(),
                "lives_in": self.lives_in.currentText().strip(),
                "country": self.country.text().strip().upper(),
                "step_minutes": self.step.currentData(),
                "time_format": self.time_format.currentText().strip(),
                "decimal_comma": self.decimal_comma.isChecked(),
            }
        )

    def _lay_out(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        for label, widget in (
            ("Name", self.name),
            ("Layout", self.layout_box),
            ("Time column", self.time),
            ("Household column", self.household),
            ("Value column", self.value),
            ("Household columns", self.columns),
            ("Values are in", self.unit),
            ("One reading each", self.step),
            ("A time marks", self.interval),
            ("Times are written as", self.time_format),
            ("Clock of the times", self.time_zone),
            ("People live in", self.lives_in),
            ("Public holidays of", self.country),
            ("", self.decimal_comma),
        ):
            self._form.addRow(label, widget)
        self.lives_in.setToolTip("Time zone of the households, if the times are on another clock.")

    def _show_layout(self) -> None:
        wide = self.layout_box.currentData() == "wide"
        for widget, shown in ((self.household, not wide), (self.value, not wide)):
            self._form.setRowVisible(widget, shown)
        self._form.setRowVisible(self.columns, wide)
        self.columns.setText(_listed(self._wide_columns()))

    def _wide_columns(self) -> tuple[str, ...]:
        if self._guess is not None and self._guess.layout == "wide":
            return self._guess.households
        every = [self.time.itemText(row) for row in range(self.time.count())]
        return tuple(column for column in every if column != self.time.currentText())


def _choices(choices: dict[object, str] | dict[str, str] | dict[int, str]) -> QComboBox:
    box = QComboBox()
    for data, text in choices.items():
        box.addItem(text, data)
    return box


def _editable(texts: tuple[str, ...]) -> QComboBox:
    box = QComboBox(editable=True)
    box.addItems(list(texts))
    return box


def _listed(columns: tuple[str, ...]) -> str:
    shown = ", ".join(columns[:3])
    return shown if len(columns) <= 3 else f"{shown} … ({len(columns)} columns)"
