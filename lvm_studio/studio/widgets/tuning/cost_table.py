"""What each method costs: a table that is filled when somebody asks for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.numerals import counted, with_error
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.time_left import about_left
from lvm_studio.studio.widgets.row_table import by_rows
from lvm_studio.studio.widgets.tuning.criteria_help import help_of

if TYPE_CHECKING:
    from lvm_studio.analysis.boltzmann.cost_job import CostProgress
    from lvm_studio.analysis.boltzmann.costs import MethodCost
    from lvm_studio.studio.street.cost_service import MeasuredCosts

COLUMNS = ("Method", "Decodes first", "Decodes a curve", "Time a curve", "E f")
COLUMN_HELP = (
    "",
    "Curves decoded before the first one counts.",
    "Curves decoded for every one that counts (ESS), after the setup.",
    "Time for every one that counts, after the setup.",
    "E f at KL 6.91 with its standard error.",
)
COST_HELP = (
    "What people would otherwise use, beside what is used here, all at KL 6.91 (1 week in 1,000)\n"
    "in one run: the best 1 in 1,000 of base weeks (another law of the same KL), base weeks\n"
    "reweighted, plain Langevin chains (biased by their steps), tempered SMC, and with exact\n"
    "weights a Gaussian mixture, the flow for all λ, and a flow for this λ alone, fitted anew as\n"
    "λ is sought (Algorithm 10.1). * : something speaks against it; point at the row."
)
HINT = "Measured at 1 week in 1,000 of this street when you ask: a few minutes, in the background."


class CostTable(QWidget):
    """Emits wishes, shows progress and what was measured."""

    measure_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("costs")
        self.setToolTip(COST_HELP)
        self.button = QPushButton("Mea&sure", self)
        self.button.setObjectName("measure_costs")
        self.button.setToolTip(COST_HELP)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("cancel_costs")
        self.status = QLabel(HINT, self)
        self.status.setObjectName("cost_status")
        self.status.setWordWrap(True)
        self.status.setForegroundRole(MUTED)
        self.table = QTableWidget(0, len(COLUMNS), self)
        self.table.setObjectName("cost_table")
        self.table.setHorizontalHeaderLabels(COLUMNS)
        by_rows(self.table, "Cost of each method", stretched=0, several=True)
        for column, tip in enumerate(COLUMN_HELP):
            title = self.table.horizontalHeaderItem(column)
            assert title is not None  # every column has been given one
            title.setToolTip(tip)
        self.words = QLabel(self)
        self.words.setObjectName("cost_words")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.setSpacing(6)
        for widget in (self.button, self.cancel):
            top.addWidget(widget)
        top.addWidget(self.status, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 2, 0, 0)
        rows.setSpacing(2)
        rows.addLayout(top)
        rows.addWidget(self.table, 1)
        rows.addWidget(self.words)
        rows.addStretch()  # what is asked for stands at the top while there is no table
        self.button.clicked.connect(self.measure_asked)
        self.cancel.clicked.connect(self.cancel_asked)
        self.show_running(running=False)

    def show_running(self, *, running: bool) -> None:
        """Whether something is being measured."""
        self.button.setEnabled(not running)
        self.cancel.setVisible(running)
        self.status.setText("Measuring: about to begin." if running else HINT)

    def show_progress(self, progress: CostProgress) -> None:
        """Say what is being measured, and how long the rest may take."""
        self.status.setText(progress_text(progress))

    def show_costs(self, found: MeasuredCosts | None) -> None:
        """Fill the table; None: this street was not measured."""
        self.table.setVisible(found is not None)
        self.words.setVisible(found is not None)
        methods = () if found is None else found.costs.methods
        self.table.setRowCount(len(methods))
        if found is None:
            return
        for row, cost in enumerate(methods):
            for column, text in enumerate(cells(cost, found.costs.unit)):
                item = QTableWidgetItem(text)
                item.setToolTip(cost.caveat)
                if column:
                    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    item.setTextAlignment(right)
                self.table.setItem(row, column, item)
        self.words.setText(said(found))


def cells(cost: MethodCost, unit: str) -> tuple[str, ...]:
    """One row of the table."""
    mark = " *" if cost.caveat else ""
    each = cost.decodes_each
    return (
        f"{cost.method}{mark}",
        f"{cost.setup_decodes:,.0f}" if cost.setup_decodes else "–",
        _three_digits(each),
        f"{_three_digits(1000.0 * cost.seconds_each)} ms",
        f"{with_error(cost.expectation, cost.standard_error)} {unit}",
    )


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def said(found: MeasuredCosts) -> str:
    """Of what, and from how many curves on the flow pays."""
    from lvm_studio.analysis.boltzmann.costs import break_even, of_method

    state, methods = found.state, found.costs.methods
    title = help_of(state.criterion).title.lower()
    if state.second:
        title += f" and {help_of(state.second).symbol}"
    flow = of_method(methods, "flow")
    pays = ", ".join(
        f"{f'after {math.ceil(even):,}' if math.isfinite(even) else 'never'} than {name}"
        for name, even in (
            (name, break_even(flow, of_method(methods, name)))
            for name in ("rejection", "SMC", "mixture")
        )
    )
    return (
        f"KL 6.91, {title}, {counted(state.composition.size, 'household')}, {state.week}. "
        f"Curves after which the flow has decoded less in all: {pays}. "
        "* Point at the row for what speaks against it."
    )


def progress_text(progress: CostProgress) -> str:
    """What is being measured, and about how long the rest takes.

    >>> from lvm_studio.analysis.boltzmann.cost_job import CostProgress
    >>> progress_text(CostProgress("cost of SMC", 0.5, 21.0))
    'Measuring: cost of SMC; about 25 s left.'
    """
    if progress.share <= 0.0:
        return f"Measuring: {progress.sentence}."
    left = about_left(progress.seconds * (1.0 / progress.share - 1.0))
    return f"Measuring: {progress.sentence}; {left}."
