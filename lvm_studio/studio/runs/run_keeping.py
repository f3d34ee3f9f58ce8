"""Keep as a model: a run that was stopped, made into a model where its last checkpoint stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.training.keep import KeepJob
from lvm_studio.training.reports import Finished

if TYPE_CHECKING:
    from collections.abc import Callable

    from lvm_studio.studio.runs.run import Run
    from lvm_studio.studio.runs.runs import RunRegistry
    from lvm_studio.studio.session import Session

    StartThread = Callable[[KeepJob, QObject], JobThread]


class ModelKeeper(QObject):
    """Makes models of stopped runs, each in a process of its own (it needs torch).

    Signals:
        said(sentence): what it does, what came of it, or why nothing did.
        changed(): another run can be kept now, or none.
    """

    said = Signal(str)
    changed = Signal()

    def __init__(
        self,
        session: Session,
        registry: RunRegistry,
        start_thread: StartThread | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._registry = session, registry
        self._start_thread = start_thread or (lambda job, parent: JobThread(job, None, parent))
        self._thread: JobThread | None = None
        self._kept: Run | None = None
        """The run that is being kept."""

    def can_keep(self, run: Run) -> bool:
        """Whether it rests with a checkpoint, and nothing else is being kept."""
        return run.record.can_continue and run.checkpoint is not None and self._kept is None

    @property
    def running(self) -> bool:
        """Whether a run is being kept."""
        return self._kept is not None

    def cancel(self) -> None:
        """End it; the run can still be kept, or continued."""
        if self._thread is not None and self.running:
            self._thread.kill()

    def keep(self, name: str) -> None:
        """Make a model of this run; `said` tells when it is there."""
        run = self._registry.runs[name]
        if not self.can_keep(run) or run.checkpoint is None:
            return
        record = run.record
        households = self._session.workspace.datasets.get(record.dataset)
        if households is None and record.spec.needs_households:
            self.said.emit(
                f"{name} was trained on '{record.dataset}', which is not open; import it first."
            )
            return
        self._kept = run
        self.changed.emit()
        self.said.emit(f"Making a model of {name} as it stood at step {record.checkpoint_step:,}…")
        thread = self._start_thread(KeepJob(record.spec, households, run.checkpoint), self)
        self._thread = thread
        thread.completed.connect(self._keep)
        thread.stopped.connect(self._cancelled)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        thread.start()

    def _keep(self, result: object) -> None:
        run, self._kept = self._kept, None
        if (
            isinstance(result, Finished)
            and run is not None
            # another workspace may have been opened meanwhile, with a run of the same name
            and self._registry.runs.get(run.record.name) is run
        ):
            name = run.record.name
            self._registry.keep_model(name, result.tree)
            self.said.emit(f"{name} is the model '{run.record.model}' now; it can be continued.")
        self.changed.emit()

    def _cancelled(self, *_: object) -> None:
        self._fail("Cancelled: the run stays as it was stopped.", "")

    def _fail(self, sentence: str, _details: str) -> None:
        self._kept = None
        self.changed.emit()
        self.said.emit(sentence)
