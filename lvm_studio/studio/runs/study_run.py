"""A study seen from the window: its runs as they change, and the process that drives them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.storage.errors import StorageError
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.reports import RunChanged, RunLine, RunState, StudyEnd, StudyOpened
from lvm_studio.studies.results import RunResult, read_model, study_folder
from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.studio.runs.study_reading import all_results, curves_of, some_results
from lvm_studio.studio.widgets.training.training_terms import RunHistory
from lvm_studio.training.recipes import recipe_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from lvm_studio.studies.cluster import Place
    from lvm_studio.studies.spec import StudySpec
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.session import Session

    StartThread = Callable[[StudyJob, QObject], JobThread]

NEWS_MS = 150
"""The window hears of changes at most this often."""
STUDIES = 2
"""Priority on the thread of files: behind an import and the autosave."""


class StudyRun(QObject):
    """One study at a time.

    Args:
        session: what is open; its households are learned from.
        files: a thread that may take its time with files.
        start_thread: makes what drives a study; tests give their own.

    Signals:
        changed(): lines, state or totals are others.
        curves_changed(): the curves that have been read are others; see `read_curves`.
        ended(sentence): it has come to an end, well or not.
    """

    changed = Signal()
    curves_changed = Signal()
    ended = Signal(str)

    def __init__(
        self,
        session: Session,
        files: ComputeThread,
        start_thread: StartThread | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._start_thread = start_thread or (lambda job, parent: JobThread(job, None, parent))
        self._thread: JobThread | None = None
        self._news = QTimer(self, singleShot=True, interval=NEWS_MS)
        self._news.timeout.connect(self.changed)
        self.study: StudySpec | None = None
        self.folder = Path()
        self.lines: dict[str, RunLine] = {}
        self.total = 0
        self.where = ""
        self.workers = 0
        self._curves: dict[str, RunHistory | None] = {}
        """By key what has been read; None for a run that kept no curves."""
        self._earlier, self._reading = (files.open_mailbox(STUDIES) for _ in range(2))
        self._earlier.answered.connect(self._take_earlier)
        self._earlier.rested.connect(self.changed)
        self._reading.answered.connect(self._take_curves)
        self._reading.rested.connect(self.curves_changed)
        for mailbox in (self._earlier, self._reading):
            mailbox.failed.connect(session.failed)

    @property
    def looking(self) -> bool:
        """Whether what earlier sessions found is still being read."""
        return self._earlier.waiting

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._thread is not None

    def choose(self, study: StudySpec) -> None:
        """Look at this study: what earlier sessions found of it is shown as it is read."""
        if self.running:
            return
        self.study, self.folder = study, study_folder(study.name)
        self.total, self.where, self.workers = study.size, "", 0
        self.lines, self._curves = {}, {}
        self._reading.withdraw()
        line_of = partial(RunLine.of, objective=study.objective, again=True)
        self._earlier.post(partial(all_results, self.folder, line_of))
        self.changed.emit()
        self.curves_changed.emit()

    def start(self, place: Place) -> None:
        """Compute what is missing.

        Raises:
            DataError: the study needs households and none are open.
        """
        if self.running or self.study is None:
            return
        needs = recipe_named(self.study.recipe).spec.needs_households
        households = self._session.households if needs else None
        thread = self._start_thread(StudyJob(self.study, place, self.folder, households), self)
        thread.reports.connect(self._take)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._stopped)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        self._earlier.withdraw()  # the job reads them too, and tells of each
        self._thread = thread
        thread.start()
        self.changed.emit()

    def stop(self) -> None:
        """End all its runs; those that are finished are kept."""
        if self._thread is not None:
            self._thread.stop()

    def read_curves(self) -> None:
        """Read the curves of runs that have ended since; nothing happens while some are read."""
        ended = (key for key, line in self.lines.items() if line.state.ended)
        missing = [key for key in ended if key not in self._curves]
        if missing and not self._reading.waiting:
            self._curves |= dict.fromkeys(missing)
            self._reading.post(partial(some_results, self.folder, missing, _keyed_curves))

    def histories(self) -> list[RunHistory]:
        """The curves read so far, grouped by their settings."""
        known = (self._curves.get(key) for key in self.lines)
        return [curves for curves in known if curves is not None]

    def take_model(self, key: str) -> str:
        """Put the model of a run into the workspace; return the name it got.

        Raises:
            StorageError: the study kept no models, or the file cannot be read.
        """
        try:
            tree = read_model(self.folder, key)
        except StorageError as error:
            raise StorageError(f"The model of this run is not there: {error}") from error
        line = self.lines[key]
        name = f"{tree['name']}, {line.label}, seed {line.seed}"
        return self._session.add_model(name, tree)

    # what is read

    def _take_earlier(self, lines: tuple[RunLine, ...]) -> None:
        self.lines |= {line.key: line for line in lines}
        self.changed.emit()

    def _take_curves(self, curves: tuple[tuple[str, RunHistory | None], ...]) -> None:
        self._curves |= dict(curves)

    # what its process says

    def _take(self, reports: tuple[object, ...]) -> None:
        for report in reports:
            if isinstance(report, StudyOpened):
                self.lines = {line.key: line for line in report.lines}
                self.total, self.where = report.total, report.where
                self.workers = report.workers
            elif isinstance(report, RunChanged):
                self.lines[report.line.key] = report.line
            elif isinstance(report, StudyEnd):
                self.workers = report.workers
        if not self._news.isActive():
            self._news.start()

    def _complete(self, result: object) -> None:
        sentence = ""
        if isinstance(result, StudyEnd):
            sentence = f"Runs finished: {result.finished:,}, failed: {result.failed:,}"
            if result.runs_per_hour:
                sentence += f"; {result.runs_per_hour:,.0f} runs per hour"
            sentence += "."
        self._end(sentence)

    def _stopped(self, *_: object) -> None:
        self._end("Stopped. What has finished is kept; Start goes on with the rest.")

    def _fail(self, sentence: str, _details: str) -> None:
        self._end(sentence)

    def _end(self, sentence: str) -> None:
        self._thread = None
        for key, line in list(self.lines.items()):
            if line.state is RunState.RUNNING:  # it died with its process
                self.lines[key] = RunLine(
                    key, line.settings, line.seed, RunState.WAITING, steps=line.steps
                )
        self._news.stop()
        self.changed.emit()
        self.ended.emit(sentence)


def _keyed_curves(result: RunResult) -> tuple[str, RunHistory | None]:
    return result.key, curves_of(result)
