"""The studies page: choose a study, let it run here or on a cluster, watch what it finds."""

from __future__ import annotations

import math
import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.storage.atomic import write_text
from lvm_studio.storage.errors import StorageError
from lvm_studio.studies.cluster import LocalCores, Place, Scheduler
from lvm_studio.studies.reports import RunLine, RunState
from lvm_studio.studies.spec import StudySpec, read_study, shipped_studies
from lvm_studio.studies.summary import results_csv, summarise
from lvm_studio.studio.file_dialogs import CSV_KIND, STUDY_KIND, ask_open, ask_save, file_name
from lvm_studio.studio.numerals import counted, format_value, with_error
from lvm_studio.studio.runs.study_run import StudyRun
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.row_table import by_rows
from lvm_studio.studio.widgets.training.study_plot import StudyPlot
from lvm_studio.studio.widgets.training.study_table import StudyTable
from lvm_studio.studio.widgets.training.study_words import (
    figure_words,
    setting_words,
    settings_text,
)
from lvm_studio.studio.widgets.training.training_curves import TrainingCurves

if TYPE_CHECKING:
    from lvm_studio.studio.session import Session

RUNS, CURVES = range(2)
NO_CURVES = (
    "No run of this study has ended yet. After Start the curves of each are drawn as it ends."
)


class StudiesPanel(QWidget):
    """A study at a time: what it varies, how far it is, what came out.

    Args:
        session: what is open; its households are learned from.
        run: the study seen from the window.
    """

    def __init__(self, session: Session, run: StudyRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("studies_panel")
        self.run = run
        run.setParent(self)
        self._studies = shipped_studies()
        self.choice = QComboBox()
        self._about = QLabel(wordWrap=True)
        self.workers = QSpinBox(minimum=1, maximum=1024)
        self.workers.setValue(os.cpu_count() or 1)
        self.scheduler = QLineEdit(placeholderText="tcp://host:8786")
        self.open_button = QPushButton("&Open study file…")
        self.start_button = QPushButton("&Start", default=True)
        self.stop_button = QPushButton("S&top")
        self.model_button = QPushButton("&Add its model to the workspace")
        self.csv_button = QPushButton("Save table as &CSV…")
        self.progress = QProgressBar(textVisible=False)
        self.status = QLabel(wordWrap=True)
        self.best = QLabel(wordWrap=True)
        self._note, self._saved = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.plot = StudyPlot()
        self.table = StudyTable()
        self._sorted = QSortFilterProxyModel(self)
        self.rows = QTableView()
        self.curves = TrainingCurves(NO_CURVES)
        self.tabs = QTabWidget(documentMode=True)
        self._time_left = TimeLeft()
        self._ended_before = 0
        """Runs that had ended when this study was started: they say nothing of its pace."""
        self._name_and_explain()
        self._build()
        self._connect()
        self._list_studies()

    # building

    def _name_and_explain(self) -> None:
        for widget, name, tip in (
            (self.choice, "study_choice", "A recipe, a space of its settings, and seeds"),
            (self.workers, "study_workers", "Processes on this machine; each uses one core"),
            (
                self.scheduler,
                "study_scheduler",
                "Address of a dask scheduler; if given, its workers compute instead of this "
                "machine's",
            ),
            (self.open_button, "study_open", "A study of your own, as a .toml or .json file"),
            (self.start_button, "study_start", "Compute the runs that have not finished yet"),
            (self.stop_button, "study_stop", "End the runs; those that have finished are kept"),
            (self.model_button, "study_model", "The model of the run chosen in the table"),
            (self.csv_button, "study_csv", "Settings, seed, state and all figures of every run"),
            (self.rows, "study_rows", ""),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        self._about.setForegroundRole(MUTED)
        self.choice.setAccessibleName("Study")
        self.progress.setFixedHeight(8)

    def _build(self) -> None:
        split = QSplitter(childrenCollapsible=False)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setStretchFactor(1, 1)
        split.setSizes([320, 920])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)

    def _left(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self.choice)
        column.addWidget(self.open_button)
        column.addWidget(self._about)
        form = QFormLayout()
        form.addRow("&Workers", self.workers)
        form.addRow("Sched&uler", self.scheduler)
        column.addLayout(form)
        column.addWidget(self.start_button)
        column.addWidget(self.stop_button)
        column.addWidget(self._note)
        column.addStretch(1)
        column.addWidget(self.best)
        column.addWidget(self.model_button)
        column.addWidget(self.csv_button)
        column.addWidget(self._saved)
        return left

    def _right(self) -> QWidget:
        self._sorted.setSourceModel(self.table)
        self._sorted.setSortRole(StudyTable.SORT_ROLE)
        self.rows.setModel(self._sorted)
        self.rows.setSortingEnabled(True)
        self.rows.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        by_rows(self.rows, "Runs of the study")
        self.rows.horizontalHeader().setStretchLastSection(True)
        found = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        found.addWidget(self.plot)
        found.addWidget(self.rows)
        found.setSizes([420, 300])
        self.tabs.addTab(found, "Runs")
        self.tabs.addTab(self.curves, "Curves")
        right = QWidget()
        grid = QGridLayout(right)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.status, 0, 0)
        grid.addWidget(self.progress, 1, 0)
        grid.addWidget(self.tabs, 2, 0)
        grid.setRowStretch(2, 1)
        return right

    def _connect(self) -> None:
        self.choice.currentIndexChanged.connect(self._choose)
        self.open_button.clicked.connect(self._ask_study)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self._stop)
        self.model_button.clicked.connect(self._take_model)
        self.csv_button.clicked.connect(self._ask_csv)
        self.scheduler.textChanged.connect(self._refresh_buttons)
        self.run.changed.connect(self._refresh)
        self.run.curves_changed.connect(self._show_curves)
        self.run.ended.connect(self._note.setText)
        self.rows.selectionModel().selectionChanged.connect(self._refresh_buttons)
        self.tabs.currentChanged.connect(self._read_curves)
        self.curves.saved.connect(self._saved.setText)
        self.curves.failed.connect(self._saved.setText)

    def _list_studies(self) -> None:
        self.choice.blockSignals(True)
        for name, study in self._studies.items():
            self.choice.addItem(study.heading, name)
        self.choice.blockSignals(False)
        self._choose()

    # verbs

    def start(self) -> None:
        """Compute what is missing of the chosen study."""
        self._note.setText("")
        try:
            self.run.start(self._place())
        except DataError as error:
            self._note.setText(str(error))
        else:
            self._time_left.begin()
            self._ended_before = self._ended()
            address = self.scheduler.text().strip()
            sought = f"Connecting to {address}" if address else "Starting workers"
            self.status.setText(f"{sought} (a few seconds)…")

    def _place(self) -> Place:
        address = self.scheduler.text().strip()
        return Scheduler(address=address) if address else LocalCores(workers=self.workers.value())

    def _stop(self) -> None:
        self.run.stop()
        self.status.setText("Stopping…")

    def open_study(self, path: Path) -> None:
        """Offer the study of a file, and choose it."""
        if self.run.running:
            self._note.setText("A study is at work; stop it, or let it finish, before another.")
            return
        try:
            study = read_study(path)
        except DataError as error:
            self._note.setText(str(error))
            return
        self._studies[study.name] = study
        place = self.choice.findData(study.name)
        if place < 0:
            self.choice.addItem(study.heading, study.name)
            place = self.choice.count() - 1
        self.choice.setCurrentIndex(place)
        self._choose()

    def _ask_study(self) -> None:
        if path := ask_open(self, "Open a study", STUDY_KIND):
            self.open_study(path)

    def _take_model(self) -> None:
        line = self._chosen()
        if line is None:
            return
        try:
            name = self.run.take_model(line.key)
        except StorageError as error:
            self._saved.setText(str(error))
        else:
            self._saved.setText(f"The workspace holds the model '{name}' now.")

    def _ask_csv(self) -> None:
        study = self.run.study
        if study is None:
            return
        suggestion = file_name(study.name, ".csv")
        if path := ask_save(self, "Save the runs of the study", suggestion, CSV_KIND):
            self.save_csv(path)

    def save_csv(self, path: Path) -> None:
        """Write the table; a sentence if that cannot be done."""
        try:
            write_text(path, results_csv(list(self.run.lines.values())))
        except StorageError as error:
            self._saved.setText(str(error))
        else:
            self._saved.setText(f"Wrote {path}.")

    # showing

    def _choose(self, *_: object) -> None:
        study = self._studies[str(self.choice.currentData())]
        self._about.setText(_described(study))
        for note in (self._note, self._saved):
            note.setText("")
        self.table.show_study(study)
        self.plot.show_study(study)
        self.run.choose(study)

    def _chosen(self) -> RunLine | None:
        rows = self.rows.selectionModel().selectedRows()
        return self.table.line(self._sorted.mapToSource(rows[0]).row()) if rows else None

    def _refresh(self) -> None:
        lines = list(self.run.lines.values())
        self.table.show_lines(lines)
        self.plot.show_lines(lines)
        ended = self._ended()
        self.progress.setMaximum(max(self.run.total, 1))
        self.progress.setValue(ended)
        self.status.setText(self._status(lines, ended))
        self._show_best(lines)
        self._refresh_buttons()
        self._read_curves()

    def _status(self, lines: list[RunLine], ended: int) -> str:
        failed = sum(line.state is RunState.FAILED for line in lines)
        going = sum(line.state is RunState.RUNNING for line in lines)
        parts = [f"{ended:,} of {self.run.total:,} runs have ended"]
        if self.run.looking:
            parts.append("reading what earlier sessions found …")
        if failed:
            parts.append(f"{failed} failed (their row says why)")
        if self.run.running:
            parts.append(f"{going} running" if self.run.where else "starting workers")
            fresh = self.run.total - self._ended_before
            parts.append(self._time_left.words((ended - self._ended_before) / max(fresh, 1)))
        if self.run.where:
            parts.append(f"{counted(self.run.workers, 'worker')} on {self.run.where}")
        return " · ".join(filter(None, parts))

    def _ended(self) -> int:
        return sum(line.state.ended for line in self.run.lines.values())

    def _show_best(self, lines: list[RunLine]) -> None:
        study = self.run.study
        found = summarise(study, lines) if study is not None else []
        if study is None or not found or found[0].seeds == 0:
            self.best.setText("")
            return
        best = found[0]
        spread = math.isfinite(best.error)
        value = with_error(best.mean, best.error) if spread else format_value(best.mean)
        self.best.setText(
            f"<b>Best so far</b><br>{escape(settings_text(best.settings))}<br>"
            f"{escape(figure_words(study.objective).title)}: "
            f"{value} ({counted(best.seeds, 'seed')})"
        )

    def _refresh_buttons(self, *_: object) -> None:
        running, line = self.run.running, self._chosen()
        for widget in (self.choice, self.open_button, self.scheduler, self.start_button):
            widget.setEnabled(not running)
        self.workers.setEnabled(not running and not self.scheduler.text().strip())
        self.stop_button.setEnabled(running)
        finished = line is not None and line.state is RunState.FINISHED
        self.model_button.setEnabled(finished)
        self.csv_button.setEnabled(bool(self.run.lines))

    def _read_curves(self, *_: object) -> None:
        """Read the curves of ended runs when somebody looks; a run more is read as it ends."""
        if self.tabs.currentIndex() == CURVES:
            self.run.read_curves()

    def _show_curves(self) -> None:
        self.curves.set_runs(self.run.histories())
        self._read_curves()  # of runs that ended while these were read


def _described(study: StudySpec) -> str:
    axes = ", ".join(setting_words(name).title for name in study.space.axes)
    told = (
        f"{study.description} Recipe {study.recipe}; {axes} as a {study.space.kind} of "
        f"{counted(study.space.size, 'candidate')}, {counted(len(study.seeds), 'seed')}: "
        f"{counted(study.size, 'run')}."
    )
    return told.lstrip()
