"""The tunings that were kept: to look at, to go back to, to throw away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.storage.kept_tuning import KeptTuning
from lvm_studio.studio.numerals import counted, percent, with_decimals
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.row_table import by_rows
from lvm_studio.studio.widgets.tuning.criteria_help import help_of

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import TunedAnswer

COLUMNS = ("Name", "λ", "KL (nats)", "E f", "ESS/N", "Sound")


class TuningHistory(QWidget):
    """A table of kept tunings; Enter or a double click goes back to one, Delete forgets it."""

    keep_asked = Signal()
    recall_asked = Signal(str)
    forget_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tuning_history")
        self.keep_button = QPushButton("&Keep this tuning", self)
        self.keep_button.setToolTip("Note street, week, criterion and λ with what they gave.")
        self._hint = QLabel("Enter or double click: go back to it. Delete: forget it.", self)
        self._hint.setForegroundRole(MUTED)
        self.table = QTableWidget(0, len(COLUMNS), self)
        self.table.setObjectName("kept_tunings")
        self.table.setHorizontalHeaderLabels(COLUMNS)
        by_rows(self.table, "Kept tunings", stretched=0)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.keep_button)
        top.addWidget(self._hint, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        self.keep_button.clicked.connect(self.keep_asked)
        self.table.cellDoubleClicked.connect(lambda row, _column: self._recall(row))

    def show_tunings(self, tunings: Mapping[str, KeptTuning]) -> None:
        """List these, the newest first; the chosen one stays chosen."""
        chosen, names = self._name(self.table.currentRow()), list(tunings)[::-1]
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            kept = tunings[name]
            for column, text in enumerate(_cells(name, kept)):
                item = QTableWidgetItem(text)
                if column:
                    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    item.setTextAlignment(right)
                self.table.setItem(row, column, item)
        if chosen in names:
            self.table.selectRow(names.index(chosen))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.table.currentRow()
        if row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._recall(row)
        elif row >= 0 and event.key() == Qt.Key.Key_Delete:
            self.forget_asked.emit(self._name(row))
        else:
            super().keyPressEvent(event)

    def _recall(self, row: int) -> None:
        self.recall_asked.emit(self._name(row))

    def _name(self, row: int) -> str:
        item = self.table.item(row, 0)
        return "" if item is None else item.text()


def _cells(name: str, kept: KeptTuning) -> tuple[str, ...]:
    return (
        name,
        with_decimals(kept.state.lam, 2),
        f"{kept.kl:.2f}",
        f"{with_decimals(kept.base_expectation, 1)} → {with_decimals(kept.expectation, 1)} "
        f"{kept.unit}",
        f"{percent(kept.ess_share)}",
        "yes" if kept.sound else "no",
    )


def tuning_name(kept: KeptTuning) -> str:
    """What a kept tuning is called: criterion, households, week.

    >>> from lvm_studio.storage.street_state import StreetState
    >>> state = StreetState(week="2013-W03", criterion="peak")
    >>> tuning_name(KeptTuning(state, 2.0, 1.0, "kW", 1.0, "flow", 0.5, 0.1, True))
    'Peak, 0 households, 2013-W03'
    """
    state = kept.state
    title = help_of(state.criterion).title
    if state.second:
        title += f" and {help_of(state.second).symbol}"
    title += {"w": " by Σw", "z": " by z"}.get(state.tuned, "")
    return f"{title}, {counted(state.composition.size, 'household')}, {state.week}"


def kept_of(answer: TunedAnswer) -> KeptTuning:
    """Return what the history keeps of an answer."""
    certificate, pair = answer.certificate, answer.pair
    alone = (answer.expectation, answer.base_expectation, answer.unit)
    # of two criteria the first one's
    told = alone if pair is None else (pair.expectation[0], pair.base[0], pair.units[0])
    return KeptTuning(
        state=answer.state,
        expectation=told[0],
        base_expectation=told[1],
        unit=told[2],
        kl=answer.kl,
        method=answer.method,
        ess_share=certificate.ess_share,
        khat=certificate.khat,
        sound=certificate.ok,
    )
