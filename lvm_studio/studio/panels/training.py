"""The training page: what to train, how it goes, and the runs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.studio.devices import DeviceProbe, Devices
from lvm_studio.studio.job_thread import JobState
from lvm_studio.studio.runs import Run, RunRegistry
from lvm_studio.studio.widgets.run_banner import RunBanner
from lvm_studio.studio.widgets.runs_table import RunRow, RunsTable
from lvm_studio.studio.widgets.series import format_value
from lvm_studio.studio.widgets.training_curves import TrainingCurves
from lvm_studio.studio.widgets.training_form import TrainingForm
from lvm_studio.training.recipes import RECIPES

if TYPE_CHECKING:
    from lvm_studio.studio.session import Session

REDRAW_MS = 200
"""Curves are redrawn at most this often while a run reports thirty times a second."""
PROGRESS_STEPS = 1000
STATE_TITLES = {
    JobState.STARTING: "starting (a few seconds)",
    JobState.RUNNING: "training",
    JobState.PAUSED: "paused",
    JobState.STOPPING: "stopped, writing its checkpoint",
    JobState.FINISHED: "finished",
    JobState.STOPPED: "stopped",
    JobState.FAILED: "failed",
}

USE_HELP = (
    "Compose and tune with the model this run became.\n"
    "A run becomes a model at its end: continue one that was stopped."
)


class TrainingPanel(QWidget):
    """Start, watch, pause, stop and continue trainings.

    Args:
        session: what is open.
        registry: the session's runs; by default one of its own.
    """

    def __init__(
        self,
        session: Session,
        registry: RunRegistry | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("training_panel")
        self._session = session
        self.registry = registry or RunRegistry(session, parent=self)
        self._shown = ""
        self._states: dict[str, JobState] = {}
        self._news: set[str] = set()
        """Runs whose progress has not been shown yet."""
        self._probe = DeviceProbe(self)
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self.form = TrainingForm(RECIPES)
        self.start_button = QPushButton("&Start training", default=True)
        self.pause_button = QPushButton("&Pause")
        self.stop_button = QPushButton("S&top")
        self.continue_button = QPushButton("Co&ntinue")
        self.use_button = QPushButton("&Use this model")
        self.table = RunsTable()
        self.banner = RunBanner()
        self.progress = QProgressBar(maximum=PROGRESS_STEPS, textVisible=False)
        self.status = QLabel(wordWrap=True)
        self.curves = TrainingCurves()
        self._note = QLabel(wordWrap=True)
        self._note.setProperty("role", "muted")
        self._name_and_explain()
        self._build()
        self._connect()
        self._probe_unless_early()
        self._rebuild_table()

    # building

    def _name_and_explain(self) -> None:
        for widget, name, tip in (
            (self.start_button, "train_start", "Train on the open data, in a process of its own"),
            (self.pause_button, "train_pause", "Rest between two steps; nothing is lost"),
            (self.stop_button, "train_stop", "Write a checkpoint and end; it can be continued"),
            (self.continue_button, "train_continue", "Go on from the last checkpoint"),
            (self.use_button, "train_use", USE_HELP),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        self.progress.setObjectName("train_progress")
        self.progress.setFixedHeight(8)
        self.status.setObjectName("train_status")
        self.status.setMinimumHeight(2 * self.fontMetrics().lineSpacing())

    def _build(self) -> None:
        split = QSplitter(childrenCollapsible=False)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setStretchFactor(1, 1)
        split.setSizes([340, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)

    def _left(self) -> QWidget:
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        top = QWidget()
        above = QVBoxLayout(top)
        above.setContentsMargins(0, 0, 6, 0)
        above.addWidget(self.form)
        above.addWidget(self.start_button)
        above.addStretch(1)
        scroll.setWidget(top)
        scroll.setMinimumWidth(top.minimumSizeHint().width())
        bottom = QWidget()
        below = QVBoxLayout(bottom)
        below.setContentsMargins(0, 0, 6, 0)
        below.addWidget(QLabel("<b>Runs</b>"))
        below.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.addWidget(self.continue_button)
        row.addWidget(self.use_button)
        below.addLayout(row)
        column = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        column.addWidget(scroll)
        column.addWidget(bottom)
        column.setSizes([440, 240])
        return column

    def _right(self) -> QWidget:
        right = QWidget()
        grid = QGridLayout(right)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.status, 0, 0)
        grid.addWidget(self.pause_button, 0, 1)
        grid.addWidget(self.stop_button, 0, 2)
        grid.addWidget(self.progress, 1, 0, 1, 3)
        grid.addWidget(self.banner, 2, 0, 1, 3)
        grid.addWidget(self.curves, 3, 0, 1, 3)
        grid.addWidget(self._note, 4, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(3, 1)
        return right

    def _connect(self) -> None:
        self.form.changed.connect(self._refresh_buttons)
        self.start_button.clicked.connect(self.start)
        self.pause_button.clicked.connect(self._pause_or_resume)
        self.stop_button.clicked.connect(self._stop)
        self.continue_button.clicked.connect(self._continue)
        self.banner.continue_asked.connect(self._continue)
        self.use_button.clicked.connect(self._use)
        self.table.chosen.connect(self._choose)
        self.table.ticks_changed.connect(self._redraw_soon)
        self._redraw.timeout.connect(self._show_news)
        self.registry.runs_changed.connect(self._rebuild_table)
        self.registry.run_changed.connect(self._run_changed)
        self.registry.run_grew.connect(self._run_grew)
        self.registry.failed.connect(self._note.setText)
        self.curves.saved.connect(self._note.setText)
        self.curves.failed.connect(self._note.setText)
        self._session.workspace_changed.connect(self._refresh_buttons)
        self._session.state_changed.connect(self._refresh_buttons)
        self._session.model_ready.connect(self._probe.ask)
        self._probe.found.connect(self._show_devices)

    def _probe_unless_early(self) -> None:
        """Ask for devices only when torch is there already: importing it costs seconds."""
        self.form.set_devices("Looked for once the model has been loaded.", has_cuda=True)
        if self._session.trained_model() is not None:
            self._probe.ask()

    def _show_devices(self, devices: Devices) -> None:
        self.form.set_devices(devices.sentence(), has_cuda=bool(devices.gpus))

    # verbs

    def start(self) -> None:
        """Start what the form asks for, and look at it."""
        self._note.setText("")
        try:
            spec = self.form.spec()
        except DataError as error:
            self._note.setText(str(error))
            return
        name = self.registry.start(spec)
        if name is not None:
            self._look_at(name)

    def _pause_or_resume(self) -> None:
        run = self._run()
        if run is None:
            return
        if run.record.state is JobState.PAUSED:
            run.resume()
        else:
            run.pause()

    def _stop(self) -> None:
        run = self._run()
        if run is not None:
            self.status.setText("Stopping after a last checkpoint…")
            run.stop()

    def _continue(self) -> None:
        self._note.setText("")
        if self._shown:
            self.registry.continue_run(self._shown)

    def _use(self) -> None:
        if self._shown:
            self.registry.use_model(self._shown)
            self._note.setText("The compose and latent pages use this model now.")

    # what is looked at

    def _run(self) -> Run | None:
        return self.registry.runs.get(self._shown)

    def _look_at(self, name: str) -> None:
        self._shown = name
        self._rebuild_table()

    def _choose(self, name: str) -> None:
        self._shown = name
        self._refresh()

    def _rebuild_table(self) -> None:
        runs = list(self.registry.runs)[::-1]
        if self._shown not in self.registry.runs:
            self._shown = runs[0] if runs else ""
        self.table.show_rows([_row(self.registry.runs[name]) for name in runs], self._shown)
        self._refresh()

    def _run_changed(self, name: str) -> None:
        """Show another state at once, progress with the next drawing."""
        state = self.registry.runs[name].record.state
        if self._states.get(name) is not state:
            self._states[name] = state
            self._show_progress(name)
        else:
            self._news.add(name)
            self._redraw_soon()

    def _run_grew(self, name: str) -> None:
        if name == self._shown or name in self.table.ticked:
            self._redraw_soon()

    def _redraw_soon(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _show_news(self) -> None:
        for name in self._news & set(self.registry.runs):
            self._show_progress(name)
        self._news.clear()
        self._draw()

    def _show_progress(self, name: str) -> None:
        if not self.isVisible():
            return
        self.table.update_row(_row(self.registry.runs[name]))
        if name == self._shown:
            self._refresh_status()
            self._refresh_buttons()

    def _refresh(self) -> None:
        self._refresh_status()
        self._refresh_buttons()
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was left undone while the page was hidden."""
        super().showEvent(event)
        self._rebuild_table()

    def _draw(self) -> None:
        if not self.isVisible():
            return
        names = [self._shown, *(name for name in self.table.ticked if name != self._shown)]
        runs = [self.registry.runs[name].history for name in names if name in self.registry.runs]
        self.curves.set_runs(runs)

    def _refresh_status(self) -> None:
        run = self._run()
        if run is None:
            self.status.setText("Nothing is training.")
            self.progress.setValue(0)
            self.banner.say("")
            return
        record = run.record
        self.progress.setValue(round(PROGRESS_STEPS * record.progress))
        self.status.setText(_status(run))
        step = record.checkpoint_step if record.can_continue else 0
        self.banner.say(
            record.sentence if record.state is JobState.FAILED else "", record.details, step
        )

    def _refresh_buttons(self, *_: object) -> None:
        run = self._run()
        state = run.record.state if run is not None else JobState.FINISHED
        going = state in (JobState.RUNNING, JobState.PAUSED)
        self.start_button.setEnabled(self._can_start())
        self.pause_button.setEnabled(going)
        paused = state is JobState.PAUSED
        self.pause_button.setText("&Resume" if paused else "&Pause")
        self.stop_button.setEnabled(going or state is JobState.STARTING)
        self.continue_button.setEnabled(run is not None and run.record.can_continue)
        composes = run is not None and run.record.spec.needs_households
        model = run.record.model if run is not None and composes else ""
        known = model in self._session.workspace.models
        self.use_button.setEnabled(known and model != self._session.state.model)

    def _can_start(self) -> bool:
        """Whether the form describes a run, and the data it needs are open."""
        try:
            spec = self.form.spec()
        except DataError:
            return False
        return self._session.has_households or not spec.needs_households


def _row(run: Run) -> RunRow:
    record, heldout = run.record, run.history.heldout.term("elbo")
    elbo = format_value(float(heldout[-1])) if len(heldout) else "–"
    settings = record.spec.model_dump(exclude={"model"}, exclude_none=True)
    tip = "\n".join(f"{key} = {value}" for key, value in settings.items())
    steps = f"{record.step:,}"
    if record.spec.minutes is None:
        steps += f" of {record.spec.steps:,}"
    return RunRow(record.name, STATE_TITLES[record.state], steps, elbo, tip)


def _status(run: Run) -> str:
    """What the run is doing, how far it is, and how long it will take."""
    record = run.record
    parts = [f"<b>{record.name}</b>: {STATE_TITLES[record.state]}"]
    if record.step:
        parts.append(f"step {record.step:,}")
        parts.append(f"{duration(record.seconds)} trained")
    left = run.time_left()
    if left is not None and record.state is JobState.RUNNING:
        parts.append(f"about {duration(left)} left")
        parts.append(f"{_pace(run):.1f} steps/s")
        if record.peak:
            gigaflops, share = record.flops / 1e9, _pace(run) * record.flops / record.peak
            parts.append(f"{gigaflops:.2g} GFLOP a step, {share:.1%} of the device's peak")
    if record.device:
        parts.append(record.device)
    if record.state is JobState.STOPPED and record.checkpoint_step:
        parts.append(f"can continue from step {record.checkpoint_step:,}")
    return " · ".join(parts)


def _pace(run: Run) -> float:
    steps, seconds = run.history.train.step[-50:], run.history.train.seconds[-50:]
    elapsed = float(np.ptp(seconds)) if len(seconds) else 0.0
    return float(np.ptp(steps)) / elapsed if elapsed > 0 else 0.0


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(42), duration(125), duration(7260)
    ('42 s', '2 min 05 s', '2 h 01 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
