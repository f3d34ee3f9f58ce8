"""One training run: what a list says of it, its curves, and its process while it has one."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from lvm_studio.data.errors import DataError
from lvm_studio.storage.checkpoints import read_checkpoint
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.workspace import RunEntry
from lvm_studio.studio.jobs.job_thread import JobState, JobThread
from lvm_studio.studio.runs.run_history import GrowingHistory, epoch_steps, group_of
from lvm_studio.studio.widgets.training.training_terms import RunHistory
from lvm_studio.training.reports import DeviceReport, Finished, Refining, TrainReport
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree

LOG = logging.getLogger(__name__)
RATE_REPORTS = 50
"""Time left is judged by the pace of this many last steps."""

_STORED = {JobState.STARTING: "running", JobState.STOPPING: "stopped"}
"""What a workspace says of states that last no longer than a moment."""


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run as a list shows it.

    Args:
        name: unique among the runs of the workspace.
        spec: what is trained.
        dataset: its name in the workspace.
        state: where it stands; runs read from a file never run.
        step, seconds: how far it is.
        device: what it computes on, '' before it said so.
        flops, peak: of a step, and what the device reaches in a second; 0 before it said so.
        checkpoint_step: where it can go on, 0 for nowhere.
        sentence, details: why it failed, '' if it did not.
        model: name of the model it became, '' before the end.
        epoch_steps: steps in an epoch, NaN if its data are not open.
        refined: share of the prior's refit after the last step, None before it.
    """

    name: str
    spec: TrainSpec
    dataset: str
    state: JobState
    step: int = 0
    seconds: float = 0.0
    device: str = ""
    flops: float = 0.0
    peak: float = 0.0
    checkpoint_step: int = 0
    sentence: str = ""
    details: str = ""
    model: str = ""
    epoch_steps: float = math.nan
    refined: float | None = None

    @property
    def rests(self) -> bool:
        """Whether it stands still before its end."""
        return self.state in (JobState.STOPPED, JobState.FAILED)

    @property
    def can_continue(self) -> bool:
        """Whether it rests before its end, with a checkpoint to go on from."""
        return self.rests and self.checkpoint_step > 0

    @property
    def progress(self) -> float:
        """Share that is done, 0 to 1, by steps or by minutes, whichever is further."""
        share = self.step / self.spec.steps
        if self.spec.minutes is not None:
            share = max(share, self.seconds / (60.0 * self.spec.minutes))
        return 1.0 if self.state is JobState.FINISHED else min(share, 1.0)


class Run(QObject):
    """A run with its history, and its process while it has one.

    Signals:
        changed(): `record` is another. grew(): `history` has more.
        checkpointed(): there is a newer state to go on from.
        ended(): its process has said its last word.
    """

    changed = Signal()
    grew = Signal()
    checkpointed = Signal()
    ended = Signal()

    def __init__(self, record: RunRecord, history: GrowingHistory, parent: QObject) -> None:
        super().__init__(parent)
        self.record = record
        self.checkpoint: Tree | None = None
        """The state to go on from, once it has been read."""
        self._read_at = 0
        """When the file was written that the checkpoint was read from."""
        self.result: Finished | None = None
        self._history = history
        self._group = group_of(record.spec, record.dataset)
        self._thread: JobThread | None = None
        self._stepped = False
        """Whether its process has made a step; importing torch there takes seconds."""
        self._path: Path | None = None

    @property
    def history(self) -> RunHistory:
        """Its curves as they are now."""
        record, curves = self.record, self._history.snapshot(self.record.name)
        return replace(curves, group=self._group, epoch_steps=record.epoch_steps)

    def time_left(self) -> float | None:
        """Seconds to the end at the pace of the last steps; None before there is a pace."""
        train = self.history.train
        if self.record.state.ended or len(train.step) < 2:
            return None
        steps, seconds = train.step[-RATE_REPORTS:], train.seconds[-RATE_REPORTS:]
        pace = (seconds[-1] - seconds[0]) / max(steps[-1] - steps[0], 1.0)
        left = float((self.record.spec.steps - steps[-1]) * pace)
        if self.record.spec.minutes is not None:
            left = min(left, 60.0 * self.record.spec.minutes - float(seconds[-1]))
        return max(left, 0.0)

    def entry(self) -> RunEntry:
        """What the workspace keeps of it."""
        record = self.record
        going_on = None if record.state is JobState.FINISHED else self.checkpoint
        return RunEntry(
            spec={"train": record.spec.model_dump_json(), "dataset": record.dataset},
            history=self._history.to_tree(),
            step=record.checkpoint_step,
            checkpoint=going_on,
            status=_STORED.get(record.state, str(record.state)),
            model=record.model,
        )

    def became(self, model: str) -> None:
        """Note the name of the model it became."""
        self._update(model=model)

    # its process

    def launch(self, thread: JobThread, path: Path) -> None:
        """Listen to this thread and start it."""
        self._thread, self._path = thread, path
        thread.reports.connect(self._take_reports)
        thread.checkpointed.connect(self._take_checkpoint)
        thread.completed.connect(self._complete)
        thread.stopped.connect(self._stop)
        thread.failed.connect(self._fail)
        thread.state_changed.connect(self._enter)
        thread.finished.connect(thread.deleteLater)
        self._stepped = False
        self._update(state=JobState.STARTING, sentence="", details="", refined=None)
        thread.start()

    def pause(self) -> None:
        """Rest between two steps."""
        if self._thread is not None:
            self._thread.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._thread is not None:
            self._thread.resume()

    def stop(self) -> None:
        """Stop computing, write a checkpoint, end."""
        if self._thread is not None:
            self._thread.stop()

    def rewind(self) -> None:
        """Forget the curves behind the checkpoint that it goes on from; all without one."""
        self._history.cut_after(self.record.checkpoint_step)
        self._update(step=self.record.checkpoint_step)
        self.grew.emit()

    def _take_reports(self, reports: tuple[object, ...]) -> None:
        trained = [report for report in reports if isinstance(report, TrainReport)]
        for report in reports:
            if isinstance(report, DeviceReport):
                device = f"{report.detail}, {report.parameters:,} parameters"
                self._update(device=device, flops=report.flops, peak=report.peak)
            elif isinstance(report, Refining):
                self._update(refined=report.share)
        if trained:
            self._history.extend(trained)
            self._update(step=trained[-1].step, seconds=trained[-1].seconds)
            if not self._stepped:
                self._stepped = True
                self._enter(JobState.RUNNING)
            self.grew.emit()

    def _take_checkpoint(self, _step: int, path: Path) -> None:
        """Read what was written: a save of the workspace shall hold it (50 ms every 20 s)."""
        self._read_checkpoint(path)
        self.checkpointed.emit()

    def _read_checkpoint(self, path: Path | None) -> None:
        if path is None or not path.is_file() or self._read_at == path.stat().st_mtime_ns:
            return  # a run that stops says so just after the checkpoint that it stops at
        self._read_at = path.stat().st_mtime_ns
        try:
            found = read_checkpoint(path)
        except StorageError:
            LOG.exception("a checkpoint cannot be read; the one before is kept")
            return
        self.checkpoint = found.tree
        self._update(checkpoint_step=found.step)

    def _enter(self, state: JobState) -> None:
        early = state is JobState.RUNNING and not self._stepped
        if not state.ended and not early:  # the ends bring more news than the state
            self._update(state=state)

    def _complete(self, result: object) -> None:
        if isinstance(result, Finished):
            self.result = result
            self._update(step=result.step)
        self._end(state=JobState.FINISHED)

    def _stop(self, *_: object) -> None:
        self._read_checkpoint(self._path)
        self._end(state=JobState.STOPPED)

    def _fail(self, sentence: str, details: str) -> None:
        self._read_checkpoint(self._path)
        self._end(state=JobState.FAILED, sentence=sentence, details=details)

    def _end(self, **changes: Any) -> None:
        self._thread = None
        self._update(**changes)
        self.ended.emit()

    def _update(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)
        self.changed.emit()


def restored(
    name: str, entry: RunEntry, households: HouseholdSet | None, parent: QObject
) -> Run | None:
    """A run as a file tells of it; None (and a line in the log) if it tells too little."""
    text = entry.spec.get("train") or (entry.checkpoint or {}).get("spec")
    try:
        spec = TrainSpec.model_validate_json(str(text))
        history = GrowingHistory.from_tree(entry.history)
    except (ValidationError, DataError):
        LOG.exception("the run %s of the workspace cannot be shown", name)
        return None
    train = history.snapshot(name).train
    state = JobState.FINISHED if entry.status == "finished" else JobState.STOPPED
    if entry.status == "failed":
        state = JobState.FAILED
    record = RunRecord(
        name=name,
        spec=spec,
        dataset=str(entry.spec.get("dataset", "")),
        state=state,
        step=int(np.max(train.step, initial=entry.step)),
        seconds=float(np.max(train.seconds, initial=0.0)),
        checkpoint_step=entry.step if entry.checkpoint is not None else 0,
        model=entry.model,
        epoch_steps=epoch_steps(spec, households),
    )
    run = Run(record, history, parent)
    run.checkpoint = entry.checkpoint
    return run
