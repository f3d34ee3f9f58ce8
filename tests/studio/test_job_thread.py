"""The job thread: a worker process seen as signals, with exactly one last word."""

import multiprocessing.spawn
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from lvm_studio.data.jobs import Checkpoint, Wish
from lvm_studio.storage.checkpoints import read_checkpoint
from lvm_studio.studio.jobs.job_thread import JobState, JobThread, end_jobs

PATIENCE = 20_000


@dataclass(frozen=True)
class Counting:
    """Counts to `end`; checkpoints when asked; fails at `fails_at`."""

    end: int
    fails_at: int = -1
    ballast: bytes = field(default=b"", repr=False)

    def run(self) -> Generator[object, Wish | None, object]:
        for step in range(self.end):
            if step == self.fails_at:
                raise RuntimeError(f"step {step} went wrong")
            time.sleep(0.005)
            wish = yield step
            while wish is Wish.CHECKPOINT:
                wish = yield Checkpoint(step, {"step": step})
        return "counted"


class Heard(QObject):
    """What a thread said; a QObject, so that its slots run on the GUI thread."""

    def __init__(self, thread: JobThread) -> None:
        super().__init__()
        self.reports: list[object] = []
        self.states: list[JobState] = []
        self.last_words: list[str] = []
        self.sentence = ""
        thread.reports.connect(self.hear)
        thread.state_changed.connect(self.enter)
        thread.completed.connect(self.complete)
        thread.stopped.connect(self.stop)
        thread.failed.connect(self.fail)

    def hear(self, reports: tuple[object, ...]) -> None:
        self.reports.extend(reports)

    def enter(self, state: JobState) -> None:
        self.states.append(state)

    def complete(self, result: object) -> None:
        self.last_words.append(f"completed: {result}")

    def stop(self, _checkpoint: object) -> None:
        self.last_words.append("stopped")

    def fail(self, sentence: str, _details: str) -> None:
        self.sentence = sentence
        self.last_words.append("failed")


@pytest.fixture
def owner(qapp: object) -> Iterator[QObject]:
    made = QObject()
    yield made
    end_jobs(made)


def ended(heard: Heard) -> bool:
    return bool(heard.last_words)


def test_a_job_reports_and_completes(qtbot: QtBot, owner: QObject) -> None:
    thread = JobThread(Counting(20), parent=owner)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.reports == list(range(20))
    assert heard.states == [JobState.RUNNING, JobState.FINISHED]
    assert heard.last_words == ["completed: counted"]


def test_a_failing_job_is_a_sentence(qtbot: QtBot, owner: QObject) -> None:
    thread = JobThread(Counting(20, fails_at=3), parent=owner)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.last_words == ["failed"]
    assert "step 3 went wrong" in heard.sentence
    assert thread.state is JobState.FAILED


def test_pause_look_and_stop_with_a_checkpoint(
    qtbot: QtBot, owner: QObject, tmp_path: Path
) -> None:
    thread = JobThread(Counting(100_000), tmp_path / "run.h5", owner)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: len(heard.reports) > 5, timeout=PATIENCE)
    thread.pause()
    qtbot.waitUntil(lambda: thread.state is JobState.PAUSED, timeout=PATIENCE)
    with qtbot.waitSignal(thread.snapshot, timeout=PATIENCE) as seen:
        thread.ask_snapshot()
    assert seen.args[1]["step"] == seen.args[0]
    seen_before = len(heard.reports)
    thread.resume()
    qtbot.waitUntil(lambda: len(heard.reports) > seen_before, timeout=PATIENCE)
    thread.stop()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.last_words == ["stopped"]
    assert heard.states[-2:] == [JobState.STOPPING, JobState.STOPPED]
    assert read_checkpoint(thread.checkpoint).step == heard.reports[-1]


def test_the_owner_ends_all_its_jobs_with_a_checkpoint(
    qtbot: QtBot, owner: QObject, tmp_path: Path
) -> None:
    thread = JobThread(Counting(100_000), tmp_path / "run.h5", owner)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: len(heard.reports) > 5, timeout=PATIENCE)
    end_jobs(owner)
    assert thread.isFinished()
    assert (tmp_path / "run.h5").is_file()


def test_a_job_killed_before_its_process_is_there_ends_all_the_same(
    qtbot: QtBot, owner: QObject
) -> None:
    thread = JobThread(Counting(100_000), parent=owner)
    heard = Heard(thread)
    thread.kill()
    thread.start()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.last_words == ["stopped"]


@pytest.mark.skipif(sys.platform == "win32", reason="starts another program instead of Python")
def test_a_worker_that_dies_before_it_reads_its_job_is_a_failure(
    qtbot: QtBot, owner: QObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job larger than a pipe holds, for a process that never reads it."""
    resource_tracker.ensure_running()
    monkeypatch.setattr(multiprocessing.spawn, "get_executable", lambda: b"/bin/false")
    thread = JobThread(Counting(3, ballast=bytes(4_000_000)), parent=owner)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.last_words == ["failed"]
    assert "exit code 1" in heard.sentence


def test_a_thread_that_cannot_hear_its_worker_says_so(
    qtbot: QtBot, owner: QObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> None:
        raise ValueError("a message was torn")

    thread = JobThread(Counting(3), parent=owner)
    monkeypatch.setattr(thread._worker, "poll", torn)
    heard = Heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: ended(heard), timeout=PATIENCE)
    assert heard.last_words == ["failed"]
    assert "a message was torn" in heard.sentence
