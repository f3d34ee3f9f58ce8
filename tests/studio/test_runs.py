"""Runs in real worker processes, with a job that needs no torch."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from training_jobs import FakeTraining

from lvm_studio.data.jobs import Checkpoint
from lvm_studio.data.london import load_london
from lvm_studio.storage.checkpoints import write_checkpoint
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.workspace import Workspace, load
from lvm_studio.studio.jobs.job_thread import JobState, JobThread, end_jobs
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.session import Session
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.spec import TrainSpec

SECOND = 1000


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    london = load_london()
    session = Session()
    state = starting_state(london.name, london, "")
    session.restore(Workspace(datasets={london.name: london}, street=state.to_tree()), None)
    return session


class Bench(QObject):
    """Makes worker threads whose job is the fake one, as the test has set it."""

    def __init__(self, session: Session, folder: Path) -> None:
        super().__init__()
        self.fail_at = 0
        self.jobs: list[TrainingJob] = []
        self.registry = RunRegistry(
            session, self.make, lambda name: folder / f"{len(name)}.h5", parent=self
        )

    def make(self, job: TrainingJob, path: Path, parent: QObject) -> JobThread:
        self.jobs.append(job)
        first = 1 if job.resume is None else int(job.resume["step"]) + 1  # type: ignore[arg-type]
        return JobThread(FakeTraining(job.spec, first, self.fail_at), path, parent)


@pytest.fixture
def bench(session: Session, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(session, tmp_path)
    yield bench
    end_jobs(bench)


def in_state(bench: Bench, name: str, state: JobState) -> bool:
    return bench.registry.runs[name].record.state is state


def test_a_run_to_its_end_gives_curves_and_a_model(
    bench: Bench, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    name = bench.registry.start(TrainSpec(steps=40))
    assert name == "households, seed 0"
    qtbot.waitUntil(lambda: in_state(bench, name, JobState.FINISHED), timeout=30 * SECOND)
    run = bench.registry.runs[name]
    np.testing.assert_array_equal(run.history.train.step, np.arange(1, 41))
    np.testing.assert_array_equal(run.history.heldout.step, [10, 20, 30, 40])
    assert run.record.model == "fake model"
    assert session.workspace.models["fake model"] == {"name": "fake model"}
    assert session.workspace.runs[name].status == "finished"
    assert session.workspace.runs[name].checkpoint is None
    bench.registry.use_model(name)
    assert session.state.model == "fake model"
    assert session.save(tmp_path / "all.h5")
    assert load(tmp_path / "all.h5").runs[name].model == "fake model"


def test_stop_keeps_a_checkpoint_from_which_another_session_goes_on(
    bench: Bench, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    name = bench.registry.start(TrainSpec(steps=100_000))
    run = bench.registry.runs[name]
    qtbot.waitUntil(lambda: run.record.step > 20, timeout=30 * SECOND)
    run.pause()
    qtbot.waitUntil(lambda: run.record.state is JobState.PAUSED, timeout=5 * SECOND)
    run.resume()
    qtbot.waitUntil(lambda: run.record.state is JobState.RUNNING, timeout=5 * SECOND)
    with qtbot.waitSignal(
        run.changed, check_params_cb=lambda: run.record.state is JobState.STOPPING
    ):
        run.stop()
    qtbot.waitUntil(lambda: run.record.state is JobState.STOPPED, timeout=5 * SECOND)
    stopped_at = run.record.checkpoint_step
    assert stopped_at > 20
    assert run.record.can_continue
    assert session.save(tmp_path / "stopped.h5")

    later = Session()
    assert later.open(tmp_path / "stopped.h5")
    again = Bench(later, tmp_path / "later")
    restored = again.registry.runs[name]
    assert restored.record.can_continue
    assert restored.history.train.step[-1] == restored.record.step >= stopped_at
    again.registry.continue_run(name)
    assert again.jobs[0].resume == {"step": stopped_at, "spec": run.record.spec.model_dump_json()}
    qtbot.waitUntil(lambda: restored.record.step > stopped_at + 5, timeout=30 * SECOND)
    steps = restored.history.train.step
    np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))
    end_jobs(again)


def test_a_failure_is_a_sentence_and_the_run_can_go_on(bench: Bench, qtbot: QtBot) -> None:
    name = bench.registry.start(TrainSpec(steps=100_000))
    run = bench.registry.runs[name]
    qtbot.waitUntil(lambda: run.record.step > 5, timeout=30 * SECOND)
    run.stop()
    qtbot.waitUntil(lambda: run.record.state is JobState.STOPPED, timeout=5 * SECOND)
    kept = run.record.checkpoint_step
    bench.fail_at = kept + 10
    bench.registry.continue_run(name)
    qtbot.waitUntil(lambda: run.record.state is JobState.FAILED, timeout=30 * SECOND)
    assert "the fake training fell over" in run.record.sentence + run.record.details
    assert "\n" not in run.record.sentence
    assert "Traceback" in run.record.details
    assert run.record.can_continue
    assert run.record.checkpoint_step == kept


def test_a_killed_worker_fails_in_one_sentence(bench: Bench, qtbot: QtBot) -> None:
    import os
    import signal

    name = bench.registry.start(TrainSpec(steps=100_000))
    run = bench.registry.runs[name]
    qtbot.waitUntil(lambda: run.record.step > 0, timeout=30 * SECOND)
    assert run._thread is not None
    pid = run._thread._worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: run.record.state is JobState.FAILED, timeout=5 * SECOND)
    assert run.record.sentence.endswith(".")
    assert not run.record.can_continue


def test_a_checkpoint_file_of_another_run_is_never_taken_for_its_own(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    stale = tmp_path / f"{len('households, seed 0')}.h5"
    write_checkpoint(stale, Checkpoint(77, {"step": 77}))
    bench.fail_at = 5
    name = bench.registry.start(TrainSpec(steps=10))
    run = bench.registry.runs[name]
    qtbot.waitUntil(lambda: run.record.state is JobState.FAILED, timeout=30 * SECOND)
    assert not run.record.can_continue


def test_a_finished_run_leaves_no_checkpoint_behind(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    name = bench.registry.start(TrainSpec(steps=3))
    write_checkpoint(bench.registry._checkpoint_path(name), Checkpoint(2, {"step": 2}))
    qtbot.waitUntil(lambda: in_state(bench, name, JobState.FINISHED), timeout=30 * SECOND)
    assert not bench.registry._checkpoint_path(name).exists()


def test_names_do_not_collide(bench: Bench, qtbot: QtBot) -> None:
    first = bench.registry.start(TrainSpec(steps=1))
    second = bench.registry.start(TrainSpec(steps=1))
    assert (first, second) == ("households, seed 0", "households, seed 0 (2)")
    for name in (first, second):
        qtbot.waitUntil(lambda name=name: in_state(bench, name, JobState.FINISHED), timeout=30_000)


def test_a_run_at_work_leaves_a_stored_one_of_its_name_alone(
    bench: Bench, session: Session, qtbot: QtBot
) -> None:
    name = bench.registry.start(TrainSpec(steps=100_000))
    run = bench.registry.runs[name]
    stored = replace(session.workspace.runs[name], status="finished", model="theirs")
    session.restore(replace(session.workspace, runs={name: stored}), None)
    other = f"{name} (2)"
    assert bench.registry.runs[name] is run
    assert bench.registry.runs[other].record.model == "theirs"
    qtbot.waitUntil(lambda: run.record.step > 0, timeout=30 * SECOND)
    run.stop()
    qtbot.waitUntil(lambda: in_state(bench, name, JobState.STOPPED), timeout=5 * SECOND)
    assert session.workspace.runs[other] is stored
    assert session.workspace.runs[name].status == "stopped"


def test_without_data_there_is_a_sentence(qtbot: QtBot) -> None:
    registry = RunRegistry(Session())
    with qtbot.waitSignal(registry.failed) as failed:
        assert registry.start(TrainSpec()) is None
    assert "import meter readings" in failed.args[0]


def test_another_file_shows_its_own_runs(
    bench: Bench, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    name = bench.registry.start(TrainSpec(steps=3))
    qtbot.waitUntil(lambda: in_state(bench, name, JobState.FINISHED), timeout=30 * SECOND)
    mine = bench.registry.runs[name]
    assert session.save(tmp_path / "mine.h5")
    session.restore(Workspace(), None)
    assert bench.registry.runs == {}
    assert session.open(tmp_path / "mine.h5")
    assert bench.registry.runs[name] is not mine
    assert bench.registry.runs[name].record.state is JobState.FINISHED
