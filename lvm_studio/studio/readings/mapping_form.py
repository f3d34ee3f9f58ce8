"""The form that says how the columns of somebody's file are to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

if TYPE_CHECKING:
    from lvm_studio.data.importing.columns import ColumnMapping

LAYOUTS = {
    "long": "One row a reading",
    "wide": "One column a household",
    "files": "One file a household",
    "days": "One row a household and day",
}
INTERVALS = {"start": "the start of the interval", "end": "the end of the interval"}
UNITS = ("W", "kW", "Wh", "kWh")
STEPS = (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60)
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Sydney",
)
_NONE = "(none)"


class MappingForm(QWidget):
    """Shows a guessed mapping and lets the person correct it.

    Signals:
        changed(): something has been corrected.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._guess: ColumnMapping | None = None
        self._columns: tuple[str, ...] = ()
        self.name = QLineEdit()
        self.layout_box = _choices(LAYOUTS)
        self.time, self.household, self.value = QComboBox(), QComboBox(), QComboBox()
        self.clock, self.step_column = QComboBox(), QComboBox()
        self.temperature_column = QComboBox()
        self.columns = QLabel(wordWrap=True)
        self.kept = QLabel(wordWrap=True)
        self.unit = _choices(dict(zip(UNITS, UNITS, strict=True)))
        self.cumulative = QCheckBox("Values are meter readings that only grow")
        self.interval = _choices(INTERVALS)
        self.step = _choices({step: f"{step} min" for step in STEPS})
        self.time_zone = _editable(ZONES)
        self.lives_in = _editable(("", *ZONES))
        self.country = QLineEdit(placeholderText="GB, FR … or empty", maxLength=2)
        self.time_format = _editable(())
        self.decimal_comma = QCheckBox("Numbers are written with a comma")
        self._lay_out()
        self._connect()

    def set_guess(self, mapping: ColumnMapping, columns: tuple[str, ...], name: str) -> None:
        """Fill the form with a guess for a file with these columns."""
        from lvm_studio.data.importing.columns import TIME_FORMATS

        self._guess, self._columns = mapping, columns
        self.blockSignals(True)
        self.name.setText(name)
        for box in (self.time, self.household, self.value):
            box.clear()
            box.addItems(list(columns))
        for box in (self.clock, self.step_column, self.temperature_column):
            box.clear()
            box.addItems([_NONE, *columns])
        self.time_format.clear()
        self.time_format.addItems(list(TIME_FORMATS))
        self._fill(mapping)
        self.blockSignals(False)
        self._show_layout()

    def choose(self, field: str, column: str) -> None:
        """Take a column for a field: time, clock, household, value, step or temperature."""
        box = {
            "time": self.time,
            "clock": self.clock,
            "household": self.household,
            "value": self.value,
            "step": self.step_column,
            "temperature": self.temperature_column,
        }[field]
        box.setCurrentText(column)

    def mapping(self) -> ColumnMapping:
        """Return the mapping as corrected; what the form does not show stays as guessed.

        Raises:
            DataError: something does not fit, e.g. an unknown time zone.
        """
        from lvm_studio.data.importing.columns import make_mapping

        layout = self.layout_box.currentData()
        named, valued = layout in ("long", "days"), layout in ("long", "files")
        hidden = self._guess.model_dump() if self._guess is not None else {}
        return make_mapping(
            hidden
            | {
                "layout": layout,
                "time": self.time.currentText(),
                "clock": "" if layout == "days" else _column(self.clock),
                "household": self.household.currentText() if named else "",
                "value": self.value.currentText() if valued else "",
                "households": self._cells("wide"),
                "slots": self._cells("days"),
                "step": _column(self.step_column) if valued else "",
                "temperature": _column(self.temperature_column),
                "cumulative": self.cumulative.isChecked(),
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

    def _fill(self, mapping: ColumnMapping) -> None:
        for box, text in (
            (self.time, mapping.time),
            (self.household, mapping.household),
            (self.value, mapping.value),
            (self.clock, mapping.clock or _NONE),
            (self.step_column, mapping.step or _NONE),
            (self.temperature_column, mapping.temperature or _NONE),
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
        self.cumulative.setChecked(mapping.cumulative)
        self.kept.setText(_kept_words(mapping))

    def _lay_out(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        for label, widget in (
            ("Name", self.name),
            ("Layout", self.layout_box),
            ("Time column", self.time),
            ("Clock column", self.clock),
            ("Household column", self.household),
            ("Value column", self.value),
            ("Value columns", self.columns),
            ("Taken over", self.kept),
            ("Values are in", self.unit),
            ("", self.cumulative),
            ("One reading each", self.step),
            ("Step of each row", self.step_column),
            ("A time marks", self.interval),
            ("Times are written as", self.time_format),
            ("Time zone of the file", self.time_zone),
            ("People live in", self.lives_in),
            ("Public holidays of", self.country),
            ("Temperature column", self.temperature_column),
            ("", self.decimal_comma),
        ):
            self._form.addRow(label, widget)
        self.lives_in.setToolTip("Time zone of the households, if the times are on another clock.")
        self.clock.setToolTip("The times of day (00:30), where the time column holds days alone.")
        self.step_column.setToolTip("A column like PT30M, where steps are mixed in one file.")
        self.step.setToolTip(
            "Hours are spread evenly over their half-hours; the report says how many."
        )

    def _connect(self) -> None:
        self.layout_box.currentIndexChanged.connect(self._show_layout)
        for box in (
            self.time,
            self.clock,
            self.household,
            self.value,
            self.step_column,
            self.temperature_column,
            self.layout_box,
        ):
            box.currentIndexChanged.connect(self.changed)

    def _show_layout(self) -> None:
        layout = self.layout_box.currentData()
        named, valued = layout in ("long", "days"), layout in ("long", "files")
        for widget, shown in (
            (self.household, named),
            (self.value, valued),
            (self.step_column, valued),
            (self.temperature_column, valued),
            (self.columns, not valued),
            (self.clock, layout != "days"),
            (self.step, layout != "days"),
            (self.cumulative, layout != "days"),
            (self.kept, bool(self.kept.text())),
        ):
            self._form.setRowVisible(widget, shown)
        self.columns.setText(_listed(self._cells(layout)))

    def _cells(self, layout: str) -> tuple[str, ...]:
        """The columns of values of a wide or day-wide table, () of another."""
        if layout != self.layout_box.currentData() or layout not in ("wide", "days"):
            return ()
        if self._guess is not None and self._guess.layout == layout:
            return self._guess.households or self._guess.slots
        other = {self.time.currentText(), self.clock.currentText()}
        if layout == "days":
            other.add(self.household.currentText())
        return tuple(column for column in self._columns if column not in other)


def _column(box: QComboBox) -> str:
    return "" if box.currentText() == _NONE else box.currentText()


def _kept_words(mapping: ColumnMapping) -> str:
    """What of the rows is taken over, where a profile says it."""
    said = [f"rows where {c} is {' or '.join(kept)}" for c, kept in mapping.keep.items()]
    if mapping.parts:
        said.append(f"readings of one household that differ in {mapping.parts} add up")
    said += [f"label {name} from {column}" for name, column in mapping.labels.items()]
    return "; ".join(said)


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
