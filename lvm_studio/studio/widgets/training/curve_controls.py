"""How training curves are shown: smoothing, unit, axes, colours, as a row of controls."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from lvm_studio.studio.widgets.dressed import dressed, label_for
from lvm_studio.studio.widgets.training.curve_line import CurveOptions

X_AXIS_HELP = (
    "What the x axis counts: steps, minutes of training, or epochs. In an epoch as many "
    "observations are seen as the training data hold; of data drawn afresh, 10,000 are one epoch."
)


class CurveControls(QWidget):
    """A row of controls; what they say is a change of `CurveOptions`.

    Args:
        options: what they show at first.
        last: stands at the end of the row.
    """

    changed = Signal(dict)
    """Fields of `CurveOptions` and what they are now."""

    def __init__(self, options: CurveOptions, last: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.smoothing = dressed(QSlider(Qt.Orientation.Horizontal), maximum=99)
        self.smoothing.setValue(round(100 * options.smoothing))
        self.smoothing.setFixedWidth(80)
        self._smoothing_value = QLabel(f"{options.smoothing:.2f}")
        self._smoothing_value.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.99"))
        self.unit = _combo("Unit", ["nats", "bits"], "1 bit = ln 2 nats = 0.693 nats")
        self.x_axis = _combo("Along x", ["step", "epoch", "minutes"], X_AXIS_HELP)
        self.colour_by = _combo(
            "Colour by",
            ["quantity", "run"],
            "What a colour stands for; by run is best with one quantity alone",
        )
        self.bands = QCheckBox("seeds as &band")
        self.log_x = QCheckBox("log &x")
        self.log_y = QCheckBox("log &y")
        self.ignore_outliers = dressed(QCheckBox("&ignore outliers"), checked=True)
        self.fit = QToolButton()
        self.fit.setText("Fit")
        self._explain()
        self._build(last)
        self._connect()

    def _explain(self) -> None:
        self.smoothing.setToolTip(
            "Weight of the past in an exponential moving average of the training lines, debiased "
            "at the start; the raw line stays behind it. Held-out lines are never smoothed."
        )
        self.bands.setToolTip(
            "Runs that differ in their seed alone become one line, their mean, with a band from "
            "the lowest to the highest of them. The chosen run and pinned ones stay visible."
        )
        self.log_y.setToolTip("A pane with values of zero or less gets a symmetric logarithm.")
        self.ignore_outliers.setToolTip(
            "Fit the height to the settled part, not to the first steps."
        )
        self.fit.setToolTip("Show everything and follow the run (Home, double-click)")

    def _build(self, last: QWidget) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label_for(self.smoothing, "Smoothin&g"))
        row.addWidget(self.smoothing)
        row.addWidget(self._smoothing_value)
        for widget in (self.unit, self.x_axis, self.log_x, self.log_y, self.ignore_outliers):
            row.addWidget(widget)
        row.addWidget(self.bands)
        row.addWidget(label_for(self.colour_by, "co&lour"))
        row.addWidget(self.colour_by)
        row.addStretch(1)
        row.addWidget(self.fit)
        row.addWidget(last)

    def _connect(self) -> None:
        self.smoothing.valueChanged.connect(self._smooth)
        self.unit.currentTextChanged.connect(lambda text: self._say(unit=text))
        self.x_axis.currentTextChanged.connect(lambda text: self._say(x_axis=text))
        self.colour_by.currentTextChanged.connect(lambda text: self._say(colour_by=text))
        self.bands.toggled.connect(lambda on: self._say(bands=on))
        self.log_x.toggled.connect(lambda on: self._say(log_x=on))
        self.log_y.toggled.connect(lambda on: self._say(log_y=on))
        self.ignore_outliers.toggled.connect(lambda on: self._say(ignore_outliers=on))

    def _smooth(self, hundredths: int) -> None:
        self._smoothing_value.setText(f"{hundredths / 100:.2f}")
        self._say(smoothing=hundredths / 100)

    def _say(self, **changes: Any) -> None:
        self.changed.emit(changes)


def _combo(name: str, choices: list[str], tip: str) -> QComboBox:
    combo = dressed(QComboBox(), accessibleName=name, toolTip=tip)
    combo.addItems(choices)
    combo.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return combo
