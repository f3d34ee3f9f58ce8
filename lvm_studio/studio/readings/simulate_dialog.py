"""Simulate a street…: how many households and weeks, then a process of its own and a bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.quality import quality_summary
from lvm_studio.data.simulated import FULL_STREET, SimulationJob, StreetSpec, WeeksSimulated
from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.dressed import dressed

if TYPE_CHECKING:
    from lvm_studio.studio.session import Session

MOST_HOUSEHOLDS, MOST_WEEKS, MOST_SEEDS = 10_000, 1_000, 2**31 - 1
FEWEST_WEEKS = 10
BYTES_A_WEEK = 336 * 4
ABOUT = (
    "Invents households with habits, appliances, heating and contracts, and the weather they live "
    "in. No meter was read: the set is named and marked as simulated wherever it goes. Its law is "
    "known exactly, so that “lvm-studio judge” holds a model of it against the truth."
)

StartThread = Callable[[SimulationJob, QObject], JobThread]


class SimulateDialog(QDialog):
    """Asks how large a street, has it simulated elsewhere, and gives it to the session.

    Args:
        session: gets the set.
        parent: the window; it ends the process when it closes.
        start_thread: makes the thread of a job (tests give their own).
    """

    def __init__(
        self, session: Session, parent: QWidget, start_thread: StartThread | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("simulate_dialog")
        self.setWindowTitle("Simulate a street")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        self._session, self._window = session, parent
        self._start_thread = start_thread or _thread
        self._thread: JobThread | None = None
        self._left = TimeLeft()
        full = FULL_STREET
        self.households = dressed(
            QSpinBox(), minimum=1, maximum=MOST_HOUSEHOLDS, value=full.households
        )
        self.weeks = dressed(QSpinBox(), minimum=FEWEST_WEEKS, maximum=MOST_WEEKS, value=full.weeks)
        self.seed = dressed(QSpinBox(), maximum=MOST_SEEDS, value=full.seed)
        self.extent = QLabel()
        self.message = QLabel(wordWrap=True)
        self.progress = QProgressBar(textVisible=False)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = QPushButton("&Simulate", default=True)
        self.buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.ActionRole)
        self._name_and_explain()
        self._lay_out()
        self._connect()
        self._show_size()
        self._set_busy(False)

    def _name_and_explain(self) -> None:
        for widget, name, tip in (
            (self.households, "simulate_households", "One in five is held out of training"),
            (self.weeks, "simulate_weeks", "From 2015-W02 on; one in five is held out"),
            (self.seed, "simulate_seed", "The same sizes and seed give the same readings"),
            (self.accept_button, "simulate_accept", "Simulate in the background"),
            (self.progress, "simulate_progress", "Weeks that are done"),
            (self.message, "simulate_message", ""),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        self.extent.setForegroundRole(MUTED)
        for field in (self.households, self.weeks, self.seed):
            field.setMinimumHeight(field.sizeHint().height())  # what is said below may grow
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("&Households", self.households)
        form.addRow("&Weeks", self.weeks)
        form.addRow("S&eed", self.seed)
        form.addRow("", self.extent)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(ABOUT, wordWrap=True))
        layout.addLayout(form)
        layout.addWidget(self.progress)
        layout.addWidget(self.message)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.accept_button.clicked.connect(self.start)
        self.buttons.rejected.connect(self._cancel)
        self.finished.connect(self._leave)
        for field in (self.households, self.weeks):
            field.valueChanged.connect(self._show_size)

    @property
    def running(self) -> bool:
        """Whether a street is being simulated."""
        return self._thread is not None

    @property
    def spec(self) -> StreetSpec:
        """What is asked for."""
        return StreetSpec(self.households.value(), self.weeks.value(), self.seed.value())

    def start(self) -> None:
        """Simulate in a process of its own."""
        if self._thread is not None:
            return
        thread = self._start_thread(SimulationJob(self.spec), self._window)
        self._thread = thread
        thread.reports.connect(self._take_reports)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._stopped)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        self._left.begin()
        self.message.setText("Starting…")
        self._set_busy(True)
        thread.start()

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        last = reports[-1]
        if isinstance(last, WeeksSimulated):
            self.progress.setRange(0, last.total)
            self.progress.setValue(last.done)
            done = f"{last.done} of {last.total} weeks simulated"
            self.message.setText(self._left.after(done, last.done / last.total))

    def _complete(self, result: object) -> None:
        self._thread = None
        if isinstance(result, HouseholdSet):
            self._session.add_dataset(result)
            self.message.setText("\n".join(quality_summary(result).sentences()))
            self._set_busy(False)
            self.accept_button.hide()
            self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Close")
            self.adjustSize()  # the sentences need more room than was kept for one

    def _stopped(self, _path: object) -> None:
        self._thread = None
        self.message.setText("Cancelled: nothing was simulated.")
        self._set_busy(False)

    def _fail(self, sentence: str, _details: str) -> None:
        self._thread = None
        self.message.setText(sentence)
        self._set_busy(False)

    def _cancel(self) -> None:
        """While it works: stop that, and keep the form; else leave."""
        if self._thread is None:
            self.reject()
        else:
            self._thread.kill()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape does what Cancel does."""
        if event.matches(QKeySequence.StandardKey.Cancel) and self.running:
            self._cancel()
        else:
            super().keyPressEvent(event)

    def _leave(self, _result: int) -> None:
        if self._thread is not None:
            self._thread.kill()

    def _set_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.progress.setRange(0, 0)
        for widget in (self.households, self.weeks, self.seed, self.accept_button):
            widget.setEnabled(not busy)

    def _show_size(self) -> None:
        megabytes = self.households.value() * self.weeks.value() * BYTES_A_WEEK / 1e6
        years = self.households.value() * self.weeks.value() * 7 / 365.25
        self.extent.setText(f"{years:,.0f} household-years, {megabytes:,.0f} MB")


def _thread(job: SimulationJob, parent: QObject) -> JobThread:
    return JobThread(job, None, parent, niceness=5)
