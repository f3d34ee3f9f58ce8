"""The anomalies page: search weeks or a table; see the plane, the ranking and the suspect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob, TableOnDisk
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.data.errors import DataError
from lvm_studio.studio.file_dialogs import CSV_KIND, TABLE_KIND, ask_open, ask_save
from lvm_studio.studio.judging.anomaly_conditions import WeekConditions
from lvm_studio.studio.judging.anomaly_models import AnomalyModels, KnownFaults
from lvm_studio.studio.judging.anomaly_search import AnomalySearch
from lvm_studio.studio.numerals import percent
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import MUTED, Colours, theme
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.dressed import dressed, label_for
from lvm_studio.studio.widgets.judging.anomaly_plots import AnomalyScatter, SuspectPlot
from lvm_studio.studio.widgets.row_table import by_rows
from lvm_studio.studio.widgets.training.run_banner import RunBanner

MOST_ROWS = 500
PROGRESS_STEPS = 1000
HEADINGS = ("#", "Who", "A, σ", "B, nats", "Quarter", "Looks like", "Guilty")
TIPS = (
    "Place in the ranking: by how far A or B stands out of clean rows",
    "Household and week, or row of the table",
    "Type A: max |x − μ| / σ over all coordinates (Eq. 8.3)",
    "Type B: KL(q(z | x, k) ‖ p(z))",
    "Above which thresholds it lies",
    "The known fault that the week looks like, where one is likelier than none",
    "The coordinate that makes A, or the latent dimension that makes B",
)
HINT = (
    "Press Search weeks: a conditional VAE learns the weeks of the open households, told weather, "
    "season and each household's own past; then every week is scored by type. Or open a table "
    "(CSV, Parquet) of vectors. It takes about half a minute, in the background."
)
SEARCHING = "Ranking and scores will appear here; the other pages can be used meanwhile."


class AnomaliesPanel(QWidget):
    """Start, watch and cancel a search; choose suspects; export the ranking.

    Args:
        session: what is open.
        search: runs the jobs; by default one of its own.
    """

    def __init__(
        self, session: Session, search: AnomalySearch | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("anomalies_panel")
        self._session = session
        self.search = search or AnomalySearch(parent=self)
        self.findings: Findings | None = None
        self._job: AnomalyJob | None = None
        self._left = TimeLeft()
        self._found_by: AnomalyJob | None = None
        self._libraries = KnownFaults()
        self.weeks_button = QPushButton("Search &weeks")
        self.table_button = QPushButton("Search a &table…")
        self.cancel_button = QPushButton("&Cancel")
        self.export_button = QPushButton("E&xport CSV…")
        self.told = WeekConditions(session)
        self.condition = dressed(QLineEdit(), placeholderText="columns told as k")
        self.percentile = dressed(QDoubleSpinBox(), minimum=50.0, maximum=100.0, suffix=" %")
        self.model = AnomalyModels(session)
        self.progress = QProgressBar(maximum=PROGRESS_STEPS, textVisible=False)
        self.status = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.banner = RunBanner()
        self.table = QTableWidget(0, len(HEADINGS))
        self.scatter = AnomalyScatter(theme().colours)
        self.suspect = SuspectPlot(theme().colours)
        self.detail = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._hint = QLabel(HINT, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._pages = QStackedWidget()
        self._explain()
        self._build()
        self._connect()
        self._refresh()

    def _explain(self) -> None:
        for widget, name, tip in (
            (self.weeks_button, "anomalies_weeks", "All complete weeks of the open households"),
            (self.table_button, "anomalies_table", "The rows of a CSV or Parquet file"),
            (self.cancel_button, "anomalies_cancel", "End at once; what was found stays"),
            (self.export_button, "anomalies_export", "The whole ranking as CSV"),
            (self.condition, "anomalies_condition", "Columns of the table, with commas between"),
            (self.percentile, "anomalies_percentile", "Of clean scores: where thresholds lie"),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        self.percentile.setValue(98.0)
        self.percentile.setDecimals(1)
        self.progress.setFixedHeight(8)
        self.condition.setMaximumWidth(150)
        self.table.setObjectName("anomalies_ranking")
        by_rows(self.table, "Ranking of anomalies")
        self.table.horizontalHeader().setStretchLastSection(True)
        for column, (heading, tip) in enumerate(zip(HEADINGS, TIPS, strict=True)):
            head = QTableWidgetItem(heading)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, head)
        self.table.setWordWrap(False)  # what is guilty stays whole, further right
        self._hint.setContentsMargins(160, 0, 160, 0)
        for label in (self._hint, self.status):
            label.setForegroundRole(MUTED)

    def _build(self) -> None:
        bar = QHBoxLayout()
        for widget in (self.weeks_button, self.told, self.table_button):
            bar.addWidget(widget)
        bar.addWidget(label_for(self.condition, "w&ith"))
        bar.addWidget(self.condition)
        bar.addWidget(label_for(self.percentile, "Th&reshold"))
        bar.addWidget(self.percentile)
        bar.addWidget(label_for(self.model, "Meas&ured by"))
        bar.addWidget(self.model)
        bar.addWidget(self.cancel_button)
        bar.addStretch(1)
        bar.addWidget(self.export_button)
        right = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        right.addWidget(self.scatter)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.suspect, 1)
        column.addWidget(self.detail)
        right.addWidget(below)
        split = QSplitter(childrenCollapsible=False)
        split.setObjectName("anomalies_split")
        split.addWidget(self.table)
        split.addWidget(right)
        split.setSizes([700, 640])
        self._pages.addWidget(self._hint)
        self._pages.addWidget(split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(bar)
        for extra in (self.status, self.progress, self.banner):
            layout.addWidget(extra)
        layout.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self.weeks_button.clicked.connect(self.search_weeks)
        self.table_button.clicked.connect(self._ask_table)
        self.cancel_button.clicked.connect(self.search.cancel)
        self.export_button.clicked.connect(self._ask_export)
        self.table.currentCellChanged.connect(self._choose_rank)
        self.scatter.chosen.connect(self.choose)
        self.search.progressed.connect(self._show_progress)
        self.search.found.connect(self._keep)
        self.search.ended.connect(self._refresh)
        self.search.failed.connect(self.banner.say)
        self._session.workspace_changed.connect(self._refresh)
        theme().changed.connect(self._set_colours)

    # verbs

    def search_weeks(self) -> None:
        """Look at all weeks of the open households."""
        if self._session.has_households:
            model, households = self.model.tree(of_weeks=True), self._session.households
            job = AnomalyJob(households, model, told=self.told.told)
            self._start(replace(job, library=self._libraries.get(households, job.told_weeks())))

    def search_table(self, path: Path) -> None:
        """Look at the rows of a table, which the job reads."""
        told = tuple(name.strip() for name in self.condition.text().split(",") if name.strip())
        self._start(AnomalyJob(TableOnDisk(path, told), self.model.tree(of_weeks=False)))

    def choose(self, row: int) -> None:
        """Show a row of the findings as the suspect; the ranking follows where it lists it."""
        if self.findings is None:
            return
        self.scatter.choose(row)
        self.suspect.show_row(self.findings, row)
        findings = self.findings
        when = f" When (UTC): {findings.when[row]}." if findings.when[row] else ""
        like = f" Looks like: {findings.looks_like[row]}." if findings.looks_like[row] else ""
        self.detail.setText(
            f"{findings.names[row]}: {findings.quarter[row]}, A {findings.a[row]:.1f} σ, "
            f"B {findings.b[row]:.1f} nats. Guilty: {findings.guilty[row]}.{when}{like}"
        )
        ranks = (findings.order == row).nonzero()[0]
        if len(ranks) and ranks[0] < self.table.rowCount():
            self.table.blockSignals(True)
            self.table.selectRow(int(ranks[0]))
            self.table.blockSignals(False)
        else:
            self.table.clearSelection()

    def export(self, path: Path) -> None:
        """Write the whole ranking."""
        if self.findings is None:
            return
        try:
            self.findings.write_csv(path)
        except DataError as error:
            self.banner.say(str(error))
        else:
            self.status.setText(f"Wrote {path}.")

    # showing

    def show_findings(self, findings: Findings) -> None:
        """Show what was found; the most unusual row is chosen."""
        self.findings = findings
        shown = min(MOST_ROWS, len(findings.names))
        self.table.blockSignals(True)
        self.table.setRowCount(shown)
        for rank in range(shown):
            record = findings.record(rank)
            texts = (
                str(record["rank"]),
                record["name"],
                f"{record['a']:.1f}",
                f"{record['b']:.1f}",
                record["quarter"],
                record["looks_like"],
                record["guilty"],
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(record["when"] or text)
                self.table.setItem(rank, column, item)
        self.table.blockSignals(False)
        self.scatter.show_findings(findings)
        self._refresh()
        self.choose(int(findings.order[0]))

    def _start(self, job: AnomalyJob) -> None:
        self.banner.say("")
        self._job = job
        self._left.begin()
        self.search.start(replace(job, percentile=self.percentile.value()))
        self.status.setText("Starting…")
        self._refresh()

    def _keep(self, findings: Findings) -> None:
        if self._job is not None:
            if self._is_open(self._job):
                self.model.keep(findings)
            self._libraries.keep(self._job, findings)
        self._found_by = self._job
        self.show_findings(findings)

    @property
    def _current(self) -> Findings | None:
        """What was found, while the weeks it was found among are open."""
        return self.findings if self._found_by is None or self._is_open(self._found_by) else None

    def _is_open(self, job: AnomalyJob) -> bool:
        """Whether the weeks it searched are still there; a table on disk belongs to nobody."""
        known = self._session.workspace.datasets.values()
        return isinstance(job.data, TableOnDisk) or any(held is job.data for held in known)

    def _ask_table(self) -> None:
        if path := ask_open(self, "Search a table", TABLE_KIND):
            self.search_table(path)

    def _ask_export(self) -> None:
        if path := ask_save(self, "Export the ranking", "anomalies.csv", CSV_KIND):
            self.export(path)

    def _choose_rank(self, rank: int, *_: object) -> None:
        if self.findings is not None and rank >= 0:
            self.choose(int(self.findings.order[rank]))

    def _show_progress(self, step: Step) -> None:
        self.progress.setValue(round(PROGRESS_STEPS * step.share))
        sentence = f"{step.sentence[0].upper()}{step.sentence[1:]}"
        told = (sentence, percent(step.share), self._left.words(step.share))
        self.status.setText(" · ".join(filter(None, told)))

    def _refresh(self, *_: object) -> None:
        running = self.search.running
        self.weeks_button.setEnabled(self._session.has_households and not running)
        self.table_button.setEnabled(not running)
        self.model.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self._hint.setText(SEARCHING if running else HINT)
        current = self._current
        self.export_button.setEnabled(current is not None)
        self._pages.setCurrentIndex(0 if current is None else 1)
        if not running:
            self.progress.setValue(0)
            self.status.setText(
                ""
                if current is None
                else f"{len(current.names):,} {current.title}. " + " ".join(current.notes)
            )

    def _set_colours(self, colours: Colours) -> None:
        self.scatter.set_colours(colours)
        self.suspect.set_colours(colours)
