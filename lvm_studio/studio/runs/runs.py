"""The training runs of this session in their processes, and those of the workspace at rest."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PySide6.QtCore import QObject, Signal

from lvm_studio.data.errors import DataError
from lvm_studio.storage.recovery import state_folder
from lvm_studio.storage.workspace import RunEntry
from lvm_studio.studio.jobs.job_thread import JobState, JobThread, running_jobs
from lvm_studio.studio.runs.run import Run, RunRecord, restored
from lvm_studio.studio.runs.run_history import GrowingHistory, epoch_steps
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.data.tree import Tree
    from lvm_studio.studio.session import Session

StartThread = Callable[["Job", Path, QObject], JobThread]


class RunRegistry(QObject):
    """All runs of the session, newest last; finished ones put their model into the workspace.

    Args:
        session: what is open.
        start_thread: makes the thread of a job (tests give their own).
        checkpoint_path: where the worker of a run of this name writes its checkpoints.

    Signals:
        runs_changed(): there are other runs. run_changed(name), run_grew(name).
        failed(sentence): a run could not be started.
    """

    runs_changed = Signal()
    run_changed = Signal(str)
    run_grew = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        session: Session,
        start_thread: StartThread = JobThread,
        checkpoint_path: Callable[[str], Path] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._start_thread = start_thread
        self._checkpoint_path = checkpoint_path or _default_path
        self.runs: dict[str, Run] = {}
        self._entries: dict[str, RunEntry] = {}
        """What the workspace holds of each run, as far as this registry knows."""
        session.workspace_changed.connect(self._read_workspace)
        self._read_workspace()

    @property
    def running(self) -> bool:
        """Whether any run has a process."""
        return bool(running_jobs(self))

    def start(self, spec: TrainSpec) -> str | None:
        """Start a run, on the session's dataset if it needs one; return its name.

        None, and `failed`, if it cannot be started.
        """
        households = None
        if spec.needs_households:
            try:
                households = self._session.households
            except DataError as error:
                self.failed.emit(str(error))
                return None
        dataset = self._session.state.dataset if spec.needs_households else ""
        name = _free(f"{spec.recipe}, seed {spec.seed}", self.runs)
        epoch = epoch_steps(spec, households)
        record = RunRecord(name, spec, dataset, JobState.STARTING, epoch_steps=epoch)
        self._add(Run(record, GrowingHistory(), self))
        self._launch(name, TrainingJob(spec, households))
        self.runs_changed.emit()
        return name

    def continue_run(self, name: str) -> None:
        """Go on from the last checkpoint, as if the run had never stopped; without one, begin."""
        run = self.runs[name]
        households = self._session.workspace.datasets.get(run.record.dataset)
        if households is None and run.record.spec.needs_households:
            self.failed.emit(
                f"{name} was trained on '{run.record.dataset}', which is not open; import it first."
            )
            return
        if not run.record.rests:
            return
        run.rewind()
        job = TrainingJob(run.record.spec, households, run.checkpoint)
        self._launch(name, job)

    def use_model(self, name: str) -> None:
        """Compose with the model this run became, or walk through it if it is of something else."""
        record = self.runs[name].record
        if record.model:
            self._session.choose_model(record.model)

    def keep_model(self, name: str, tree: Tree) -> None:
        """Take the model that this run became into the workspace."""
        self.runs[name].became(self._session.add_model(str(tree["name"]), tree))
        self._put(name)

    def _launch(self, name: str, job: TrainingJob) -> None:
        run, path = self.runs[name], self._checkpoint_path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # of another run of this name, in another workspace
            thread = self._start_thread(job, path, run)
        except OSError as error:
            self.failed.emit(f"{path.parent} cannot be written: {error.strerror}.")
            return
        run.launch(thread, path)
        self._put(name)

    def _put(self, name: str) -> None:
        self._entries[name] = self.runs[name].entry()
        self._session.put_run(name, self._entries[name])

    def _add(self, run: Run) -> None:
        name = run.record.name
        self.runs[name] = run
        run.changed.connect(lambda: self.run_changed.emit(name))
        run.grew.connect(lambda: self.run_grew.emit(name))
        run.checkpointed.connect(lambda: self._put(name))
        run.ended.connect(lambda: self._ended(name))

    def _ended(self, name: str) -> None:
        run = self.runs[name]
        if run.result is not None:
            self.keep_model(name, run.result.tree)
            # A crash later must not bring the finished run back as one to continue.
            self._checkpoint_path(name).unlink(missing_ok=True)
        self._put(name)

    def _read_workspace(self) -> None:
        """Show the workspace's runs beside those at work here."""
        self._make_room()
        stored = self._session.workspace.runs
        for name, run in list(self.runs.items()):
            if run.record.state.ended and stored.get(name) is not self._entries.get(name):
                self._forget(name)
        for name, entry in stored.items():
            data = self._session.workspace.datasets.get(str(entry.spec.get("dataset", "")))
            found = None if name in self.runs else restored(name, entry, data, self)
            if found is not None:
                self._entries[name] = entry
                self._add(found)
        self.runs_changed.emit()

    def _make_room(self) -> None:
        """Give a run that was just opened another name where one of its name is at work.

        What is at work keeps its name, by which a crash would find its checkpoint; and what the
        file holds of the other is not overwritten by it.
        """
        stored = self._session.workspace.runs
        for name, run in self.runs.items():
            theirs = name in stored and stored[name] is not self._entries.get(name)
            if theirs and not run.record.state.ended:
                self._session.rename_run(name, _free(name, {**stored, **self.runs}))

    def _forget(self, name: str) -> None:
        self._entries.pop(name, None)
        self.runs.pop(name).deleteLater()


def _free(name: str, taken: Container[str]) -> str:
    """The name, or "name (2)" …: in brackets, since names of runs end with a seed."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


def _default_path(name: str) -> Path:
    return state_folder() / "runs" / f"{quote(name, safe='')}.h5"
