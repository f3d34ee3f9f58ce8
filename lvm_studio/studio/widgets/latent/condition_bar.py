"""What a conditional model is told: one row for each condition, to be seen and to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.vectors.conditions import WEEKS_PER_YEAR, Condition, places
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.training.series import Floats
from lvm_studio.studio.widgets.tuning.lam_fields import NumberField

STEPS = 400
FURTHEST = 1e9
MOST_ROWS = 6
"""More rows than these scroll."""
UNKNOWN = "unknown"
SLIDER_PIXELS = 90
FIELD_PIXELS = 112


@dataclass(frozen=True)
class Told:
    """A condition, and between which values the examples lie."""

    condition: Condition
    low: float
    high: float


def told_by(conditions: Sequence[Condition], k: Floats) -> tuple[Told, ...]:
    """Conditions with the range that n examples k [n, E] have of each; seasons have the year.

    >>> told_by((Condition("a"),), np.array([[1.0], [3.0]]))[0].high
    3.0
    """
    found = []
    for condition, place in zip(conditions, places(conditions), strict=True):
        if condition.form == "number":
            ends = float(k[:, place].min()), float(k[:, place].max())
        else:
            ends = 0.0, WEEKS_PER_YEAR
        found.append(Told(condition, *ends))
    return tuple(found)


class NumberRow:
    """A slider over the examples' range, and a field that takes any number."""

    def __init__(self, told: Told, bar: ConditionBar, place: int) -> None:
        self._told, self._bar, self._place = told, bar, place
        span = told.high - told.low
        self._span = span if span > 0 else 1.0
        self.slider = dressed(QSlider(Qt.Orientation.Horizontal), maximum=STEPS)
        self.slider.setPageStep(STEPS // 10)
        season = told.condition.form == "season"
        decimals = 1 if season else _decimals(self._span)
        ends = (0.0, told.high) if season else (-FURTHEST, FURTHEST)
        self.field = NumberField(*ends, decimals, self._span / 20)
        self.slider.setMinimumWidth(SLIDER_PIXELS)
        self.field.setFixedWidth(FIELD_PIXELS)
        self.field.setPrefix("week " if season else "")
        self.field.setSuffix(f" {told.condition.unit}" if told.condition.unit else "")
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderPressed.connect(bar.drag_started)
        self.slider.sliderReleased.connect(bar.drag_ended)
        self.field.edited.connect(lambda value: bar.edit(place, value))

    def widgets(self) -> tuple[QWidget, ...]:
        """From left to right."""
        return self.slider, self.field

    def show_value(self, value: float) -> None:
        """Show a value without telling anybody."""
        self.field.show_value(value)
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(STEPS * (value - self._told.low) / self._span))

    def _slid(self, step: int) -> None:
        value = self._told.low + self._span * step / STEPS
        self.field.show_value(value)
        self._bar.edit(self._place, value, dragged=True)


class KindRow:
    """A choice among the kinds, and 'unknown'."""

    def __init__(self, told: Told, bar: ConditionBar, place: int) -> None:
        self.choice = QComboBox()
        for index, kind in enumerate(told.condition.kinds):
            self.choice.addItem(kind, float(index))
        self.choice.addItem(UNKNOWN, -1.0)
        self.choice.activated.connect(lambda _index: bar.edit(place, self.choice.currentData()))

    def widgets(self) -> tuple[QWidget, ...]:
        """The choice alone."""
        return (self.choice,)

    def show_value(self, value: float) -> None:
        """Show a kind by its place."""
        with QSignalBlocker(self.choice):
            self.choice.setCurrentIndex(self.choice.findData(float(round(value))))


class ConditionBar(QWidget):
    """Shows k [E] as a form; knows nothing of models.

    Signals:
        edited(place, value, dragged): the person wants condition `place` to have this value.
        drag_started(), drag_ended(): of a slider.
        nearest_asked(): take what the real observation nearest to here is told.
        middle_asked(): take what is usual.
    """

    edited = Signal(int, float, bool)
    drag_started = Signal()
    drag_ended = Signal()
    nearest_asked = Signal()
    middle_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("latent_conditions")
        self.rows: list[NumberRow | KindRow] = []
        self._told: tuple[Told, ...] = ()
        self.whose = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.whose.setForegroundRole(MUTED)
        self.nearest = dressed(QPushButton("&Nearest"), objectName="latent_told_nearest")
        self.nearest.setToolTip("Tell what the real observation nearest to where you stand is told")
        self.middle = dressed(QPushButton("Us&ual"), objectName="latent_told_usual")
        self.middle.setToolTip("Tell the medians, and the most frequent kinds, of all observations")
        self.nearest.clicked.connect(self.nearest_asked)
        self.middle.clicked.connect(self.middle_asked)
        head = QHBoxLayout()
        title = QLabel("Told, k")
        title.setToolTip(
            "The model is p(x | z, k): decoder and encoder are told k, and z keeps to what k does "
            "not say (8.4.2). What is decoded, here and in the strips, is decoded under this k."
        )
        head.addWidget(title)
        head.addWidget(self.whose, 1)
        head.addWidget(self.nearest)
        head.addWidget(self.middle)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._scroll)
        self.set_conditions(())

    def set_conditions(self, told: Sequence[Told]) -> None:
        """Show a row for each; without any the form hides."""
        self._told = tuple(told)
        self.rows = [
            KindRow(one, self, place)
            if one.condition.form == "kinds"
            else NumberRow(one, self, place)
            for place, one in enumerate(self._told)
        ]
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(2, 2, 6, 2)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for line, (one, row) in enumerate(zip(self._told, self.rows, strict=True)):
            self._fill(grid, line, one, row)
        self._scroll.setWidget(content)
        rows = min(len(self.rows), MOST_ROWS)
        high = content.sizeHint().height() * rows // max(len(self.rows), 1)
        self._scroll.setFixedHeight(high + 2 * self._scroll.frameWidth())
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(content.minimumSizeHint().width() + bar)
        self.setVisible(bool(self.rows))

    def _fill(self, grid: QGridLayout, line: int, told: Told, row: NumberRow | KindRow) -> None:
        name = QLabel(told.condition.name)
        widgets = row.widgets()
        name.setBuddy(widgets[0])
        grid.addWidget(name, line, 0)
        for column, widget in enumerate(widgets, start=1):
            widget.setAccessibleName(f"Told: {told.condition.name}")
            widget.setToolTip(_tip(told))
            grid.addWidget(widget, line, column, 1, 2 if len(widgets) == 1 else 1)
        widgets[0].setObjectName(f"told_{line}")

    def show_code(self, k: Floats, whose: str) -> None:
        """Show k [E], and in words whose it is."""
        conditions = [one.condition for one in self._told]
        for row, condition, place in zip(self.rows, conditions, places(conditions), strict=True):
            row.show_value(condition.value(k[place]))
        self.whose.setText(whose)
        self.whose.setToolTip(whose)

    def edit(self, place: int, value: float, *, dragged: bool = False) -> None:
        """A row was changed by hand (rows call this)."""
        self.edited.emit(place, value, dragged)


def _decimals(span: float) -> int:
    """Digits that tell a four-hundredth of a span apart, 6 at most.

    >>> _decimals(20.0), _decimals(0.2)
    (2, 4)
    """
    return int(np.clip(np.ceil(-np.log10(span / STEPS)), 0, 6))


def _tip(told: Told) -> str:
    condition = told.condition
    if condition.form == "kinds":
        return f"{condition.name}: one of {', '.join(condition.kinds)}"
    if condition.form == "season":
        return "The week of the year, told as sine and cosine: week 52 lies beside week 1"
    unit = f" {condition.unit}" if condition.unit else ""
    return (
        f"{condition.name}: from {told.low:.4g} to {told.high:.4g}{unit} among the observations; "
        "beyond that the model was never told anything. Arrows step, Page steps further."
    )
