"""The figures beside the fan: energy, peak and its time, of the base, tuned and measured week."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from lvm_studio.analysis.fan import Fan, Spread
from lvm_studio.data.units import HOURS_PER_STEP
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.studio.widgets.time_axis import weekday_text

ROWS = (
    (
        "Energy (kWh)",
        "Energy of the week: mean over the sampled weeks, and the range of 10–90 % of them.",
    ),
    ("Peak (kW)", "Highest half-hour: mean over the sampled weeks, and the 10–90 % range."),
    (
        "Peak at (UTC)",
        "Half-hour at which the mean curve (or the measured one) is highest.",
    ),
)
COLUMNS = ("Base", "Tuned", "Measured")
ABSENT = "–"
NUMBERS_A_CELL = 3


class Readouts(QWidget):
    """A small table of figures and one line that says how they were obtained."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("readouts")
        self._cells: dict[tuple[int, str], QLabel] = {}
        self._rooms: list[SteadyRoom] = []
        """Of the tuned law's figures."""
        self._source = QLabel(self, textFormat=Qt.TextFormat.PlainText)
        self._source.setObjectName("readouts_source")
        self._source.setForegroundRole(MUTED)
        self._source.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        self._titles = {title: self._caption(title, "") for title in COLUMNS}
        for place, heading in enumerate(self._titles.values(), start=1):
            grid.addWidget(heading, 0, place)
            grid.setColumnStretch(place, 1)
        for row, (title, tip) in enumerate(ROWS):
            grid.addWidget(self._caption(title, tip), row + 1, 0)
            for place, column in enumerate(COLUMNS, start=1):
                cell = QLabel(ABSENT, self)
                cell.setObjectName(f"readout_{column.lower()}_{row}")
                cell.setToolTip(tip)
                self._cells[row, column] = cell
                room = SteadyRoom(cell, self)
                grid.addWidget(room, row + 1, place)
                if column == "Tuned":
                    self._rooms.append(room)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(grid)
        layout.addWidget(self._source)

    def set_fan(self, fan: Fan | None) -> None:
        """Fill the columns of the base law and of the measured week."""
        self._fill("Base", fan)
        self._make_room()
        measured = None if fan is None else fan.measured
        if fan is None or measured is None:
            self._write("Measured", ABSENT, ABSENT, ABSENT)
            return
        self._write(
            "Measured",
            f"{float(np.sum(measured)) * HOURS_PER_STEP:,.0f}",
            f"{float(np.max(measured)):,.1f}",
            weekday_text(fan.times[int(np.argmax(measured))]),
        )

    def set_simulated(self, simulated: bool) -> None:
        """Call the last column by what it is: readings of meters, or of none."""
        self._titles["Measured"].setText("Simulated" if simulated else "Measured")

    def set_tuned(self, fan: Fan | None) -> None:
        """Fill the column of the tuned law."""
        self._fill("Tuned", fan)

    def set_source(self, sentence: str, unmeasured: str = "") -> None:
        """Say how the figures were obtained, and why nothing was measured if nothing was."""
        self._source.setText(f"{sentence} {unmeasured}".rstrip())
        for row, (_, tip) in enumerate(ROWS):
            self._cells[row, "Measured"].setToolTip(unmeasured or tip)

    def _make_room(self) -> None:
        """Have the tuned figures fit when they come: the first move of λ must not widen the page.

        They are a digit longer than those of the base law where they pass a power of ten.
        """
        for row, room in enumerate(self._rooms):
            room.reserve(f"{self._cells[row, 'Base'].text()}{'0' * NUMBERS_A_CELL}")

    def _caption(self, text: str, tip: str) -> QLabel:
        label = QLabel(text, self)
        label.setForegroundRole(MUTED)
        label.setToolTip(tip)
        return label

    def _fill(self, column: str, fan: Fan | None) -> None:
        if fan is None:
            self._write(column, ABSENT, ABSENT, ABSENT)
            return
        energy, peak = spread_text(fan.energy_kwh, 0), spread_text(fan.peak_kw, 1)
        self._write(column, energy, peak, weekday_text(fan.peak_time))

    def _write(self, column: str, *texts: str) -> None:
        for row, text in enumerate(texts):
            self._cells[row, column].setText(text)


def spread_text(spread: Spread, decimals: int) -> str:
    """Return "mean (p10–p90)".

    >>> spread_text(Spread(1234.4, 1100.0, 1400.0), 0)
    '1,234 (1,100–1,400)'
    """
    mean, low, high = (f"{v:,.{decimals}f}" for v in (spread.mean, spread.p10, spread.p90))
    return f"{mean} ({low}–{high})"
