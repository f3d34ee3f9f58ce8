"""The training page: what to train, how it goes, and the runs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.studio.devices import DeviceProbe, Devices
from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.runs.run import Run
from lvm_studio.studio.runs.run_keeping import ModelKeeper
from lvm_studio.studio.runs.run_words import row_of, status_of, status_tip, way_on
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.training.run_banner import RunBanner
from lvm_studio.studio.widgets.training.runs_table import RunsTable
from lvm_studio.studio.widgets.training.settings_difference import SettingsDifference
from lvm_studio.studio.widgets.training.training_curves import TrainingCurves
from lvm_studio.studio.widgets.training.training_form import TrainingForm
from lvm_studio.studio.widgets.training.training_terms import RunHistory
from lvm_studio.training.recipes import RECIPES

if TYPE_CHECKING:
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session

REDRAW_MS = 200
"""Curves are redrawn at most this often while a run reports thirty times a second."""
PROGRESS_STEPS = 1000

USE_HELP = (
    "Compose and tune with the model this run became.\n"
    "A run becomes a model at its end; keep one that was stopped, or continue it."
)
KEEP_HELP = "Make a model of a stopped run as its last checkpoint stands; it can still be continued"
COMPARE_HELP = "What the chosen run and the ticked or pinned ones were told differently"
FILTER_HELP = "Show runs with these words in their name, state or settings, such as  batch = 64"
MOST_COMPARED = 12


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
        self.start_button = QPushButton("St&art training", default=True)
        self.pause_button = QPushButton("&Pause")
        self.stop_button = QPushButton("S&top")
        self.continue_button = QPushButton("Co&ntinue")
        self.use_button = QPushButton("&Use this model")
        self.keep_button = QPushButton("&Keep as a model")
        self.compare_button = QPushButton("C&ompare settings…")
        self.filter = QLineEdit(placeholderText="Filter runs", clearButtonEnabled=True)
        self.keeper = ModelKeeper(session, self.registry, parent=self)
        self.table = RunsTable()
        self.banner = RunBanner()
        self.progress = QProgressBar(maximum=PROGRESS_STEPS, textVisible=False)
        self.status = QLabel(wordWrap=True)
        self.curves = TrainingCurves()
        self._note = QLabel(wordWrap=True)
        self._note.setForegroundRole(MUTED)
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
            (self.continue_button, "train_continue", ""),
            (self.use_button, "train_use", USE_HELP),
            (self.keep_button, "train_keep", KEEP_HELP),
            (self.compare_button, "train_compare", COMPARE_HELP),
            (self.filter, "train_filter", FILTER_HELP),
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
        head = QHBoxLayout()
        head.addWidget(QLabel("<b>Runs</b>"))
        head.addWidget(self.filter, 1)
        below.addLayout(head)
        below.addWidget(self.table, 1)
        buttons = QGridLayout()
        for place, button in enumerate(
            (self.continue_button, self.use_button, self.keep_button, self.compare_button)
        ):
            buttons.addWidget(button, place // 2, place % 2)
        below.addLayout(buttons)
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
        self.keep_button.clicked.connect(self._keep)
        self.compare_button.clicked.connect(self.compare_settings)
        self.table.compare_asked.connect(self.compare_settings)
        self.filter.textChanged.connect(self.table.set_filter)
        self.keeper.said.connect(self._note.setText)
        self.keeper.changed.connect(self._refresh_buttons)
        self.curves.run_clicked.connect(self.table.choose)
        self.curves.all_runs = self._histories
        self.table.chosen.connect(self._choose)
        self.table.ticks_changed.connect(self._redraw_soon)
        self.table.ticks_changed.connect(self._refresh_buttons)
        self._redraw.timeout.connect(self._show_news)
        self.registry.runs_changed.connect(self._rebuild_table)
        self.registry.run_changed.connect(self._run_changed)
        self.registry.run_grew.connect(self._run_grew)
        self.registry.failed.connect(self._note.setText)
        self.curves.saved.connect(self._note.setText)
        self.curves.failed.connect(self._note.setText)
        self._session.workspace_changed.connect(self._refresh_buttons)
        self._session.state_changed.connect(self._follow_state)
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
            composes = self.registry.runs[self._shown].record.spec.composes
            used = "All pages use" if composes else "The page Latent space shows"
            self._note.setText(f"{used} this model now.")

    def _keep(self) -> None:
        if self.keeper.running:
            self.keeper.cancel()
        elif self._shown:
            self.keeper.keep(self._shown)

    def compare_settings(self) -> None:
        """Show what the runs that are drawn were told differently."""
        runs = self.registry.runs
        names = [name for name in self._drawn() if name in runs][:MOST_COMPARED]
        SettingsDifference(
            {name: runs[name].record.spec.model_dump() for name in names}, self
        ).open()

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
        self.table.show_rows([row_of(self.registry.runs[name]) for name in runs], self._shown)
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
        if name in self._drawn():
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
        self.table.update_row(row_of(self.registry.runs[name]))
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
        runs = self.registry.runs
        histories = [runs[name].history for name in self._drawn() if name in runs]
        self.curves.set_runs(histories, self.table.pinned)

    def _drawn(self) -> list[str]:
        """Names of the runs that are drawn, the chosen one first."""
        return list(dict.fromkeys([self._shown, *self.table.pinned, *self.table.ticked]))

    def _histories(self) -> list[RunHistory]:
        return [run.history for run in self.registry.runs.values()]

    def _refresh_status(self) -> None:
        run = self._run()
        if run is None:
            self.status.setText("Nothing is training.")
            self.status.setToolTip("")
            self.progress.setValue(0)
            self.banner.say("")
            return
        record = run.record
        self.progress.setValue(round(PROGRESS_STEPS * record.progress))
        self.status.setText(status_of(run))
        self.status.setToolTip(status_tip(run))
        step = record.checkpoint_step if record.can_continue else 0
        self.banner.say(
            record.sentence if record.state is JobState.FAILED else "", record.details, step
        )

    def _follow_state(self, new: StreetState, old: StreetState) -> None:
        if (new.model, new.dataset) != (old.model, old.dataset):
            self._refresh_buttons()

    def _refresh_buttons(self, *_: object) -> None:
        run = self._run()
        state = run.record.state if run is not None else JobState.FINISHED
        going = state in (JobState.RUNNING, JobState.PAUSED)
        self.start_button.setEnabled(self._can_start())
        self.pause_button.setEnabled(going)
        paused = state is JobState.PAUSED
        self.pause_button.setText("&Resume" if paused else "&Pause")
        self.stop_button.setEnabled(going or state is JobState.STARTING)
        title, tip = way_on(run)
        self.continue_button.setText(title)
        self.continue_button.setToolTip(tip)
        self.continue_button.setEnabled(run is not None and run.record.rests)
        keeping = self.keeper.running
        self.keep_button.setText("Cancel &keeping" if keeping else "&Keep as a model")
        self.keep_button.setEnabled(keeping or (run is not None and self.keeper.can_keep(run)))
        self.compare_button.setEnabled(len(self._drawn()) > 1)
        model = run.record.model if run is not None else ""
        known = model in self._session.workspace.models
        self.use_button.setEnabled(known and model != self._session.state.model)

    def _can_start(self) -> bool:
        """Whether the form describes a run, and the data it needs are open."""
        try:
            spec = self.form.spec()
        except DataError:
            return False
        return self._session.has_households or not spec.needs_households
