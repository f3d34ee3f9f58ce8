"""A job in a process of its own. A spawn takes a second: each test asks several things."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jobs_for_tests import CountingJob, FailingJob, SlowLoadingJob, UnreadableJob

from lvm_studio.engine.messages import (
    Checkpointed,
    Failed,
    Finished,
    Message,
    Paused,
    Reports,
    Resumed,
    Snapshot,
    Started,
    Stopped,
    Stopping,
)
from lvm_studio.engine.worker import Worker
from lvm_studio.storage.checkpoints import read_checkpoint
from lvm_studio.storage.processes import is_running

PATIENCE = 60.0
"""Seconds until a test gives up; nothing is concluded from how long anything takes."""


def take_until(worker: Worker, kind: type[Message]) -> list[Message]:
    """Return what came up to and with the first message of this kind."""
    deadline = time.monotonic() + PATIENCE
    came: list[Message] = []
    while not any(isinstance(message, kind) for message in came):
        assert worker.ending is None or isinstance(worker.ending, kind), worker.ending
        assert time.monotonic() < deadline, came[-3:]
        came += worker.poll(0.5)
    return came


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def last_report(messages: list[Message]) -> int:
    return [m for m in messages if isinstance(m, Reports)][-1].reports[-1]


def test_pause_resume_snapshot_stop(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with Worker(CountingJob(steps=None, seconds=0.001), checkpoint_path=path) as worker:
        start = take_until(worker, Reports)
        assert start[0] == Started(worker.pid)

        worker.pause()
        paused = take_until(worker, Paused)
        assert isinstance(paused[-1], Paused)  # no report came after it
        rested_at = last_report(start + paused)
        assert worker.poll(0.3) == []

        worker.snapshot()
        (snapshot,) = take_until(worker, Snapshot)
        assert snapshot.step == rested_at
        assert not path.exists()
        assert worker.poll(0.2) == []

        worker.resume()
        resumed = take_until(worker, Reports)
        assert isinstance(resumed[0], Resumed)
        assert next(m for m in resumed if isinstance(m, Reports)).reports[0] == rested_at + 1

        worker.stop()
        stopped = take_until(worker, Stopped)
        step = last_report(resumed + stopped)
        assert stopped[-3:] == [Stopping(), Checkpointed(step, path), Stopped(path)]
        assert worker.poll(0.1) == []
    assert read_checkpoint(path).step == step
    assert not is_running(worker.pid)


def test_background_work_steps_back() -> None:
    with Worker(CountingJob(steps=None, seconds=0.001), niceness=7) as worker:
        take_until(worker, Started)
        assert worker.pid is not None
        own = os.getpriority(os.PRIO_PROCESS, 0)
        wait_for(lambda: os.getpriority(os.PRIO_PROCESS, worker.pid or 0) == min(own + 7, 19))


def test_reports_are_gathered_complete_and_in_order() -> None:
    worker = Worker(CountingJob(steps=20_000))
    worker.start()
    messages = list(worker.messages())
    batches = [message.reports for message in messages if isinstance(message, Reports)]
    assert [step for batch in batches for step in batch] == list(range(1, 20_001))
    assert len(batches) < 2_000
    assert messages[-1].result == "counted to 20000"
    assert isinstance(worker.ending, Finished)


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (f"signal {int(signal.SIGKILL)}", "was killed (signal 9, SIGKILL)"),
        (f"signal {int(signal.SIGSEGV)}", "was ended by signal 11 (SIGSEGV)"),
        ("unsendable", "The job failed"),
        ("runtime", "The job failed (RuntimeError: mat1 and mat2 shapes)"),
    ],
)
def test_a_failing_worker_is_a_sentence_with_its_checkpoint(
    way: str, sentence: str, tmp_path: Path
) -> None:
    path, log = tmp_path / "run.h5", tmp_path / "jobs.log"
    worker = Worker(FailingJob(way), checkpoint_path=path, log_path=log)
    worker.start()
    ending = list(worker.messages())[-1]
    assert isinstance(ending, Failed)
    assert sentence in ending.sentence
    assert ending.sentence.endswith(". The last checkpoint is kept.")
    assert read_checkpoint(ending.checkpoint).step == 1
    assert ending.sentence in log.read_text()
    assert ending.details in log.read_text()
    if way == "signal 11":
        assert "Fatal Python error: Segmentation fault" in log.read_text()
    assert not is_running(worker.pid)


def test_a_job_that_cannot_be_unpacked_is_a_sentence(own_state_folder: Path) -> None:
    worker = Worker(UnreadableJob())
    worker.start()
    ending = list(worker.messages())[-1]
    assert "could not be loaded (No module named 'zuko')" in ending.sentence
    assert "_refuse" in (own_state_folder / "logs" / "jobs.log").read_text()


def test_stop_while_the_job_still_loads(tmp_path: Path) -> None:
    with Worker(SlowLoadingJob(), checkpoint_path=tmp_path / "run.h5") as worker:
        take_until(worker, Started)
        worker.stop()
        assert take_until(worker, Stopped) == [Stopped(None)]


def test_kill_and_close_end_the_process_at_once() -> None:
    worker = Worker(SlowLoadingJob())
    worker.start()
    worker.kill()
    assert list(worker.messages())[-1] == Stopped(None)
    worker.stop()  # too late, and harmless
    assert worker.poll() == []
    assert not is_running(worker.pid)


def test_a_job_that_cannot_be_pickled_is_refused_at_once() -> None:
    job = CountingJob(steps=lambda: None)  # type: ignore[arg-type]
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError), match="pickle"):
        Worker(job)


OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from jobs_for_tests import CountingJob
from lvm_studio.engine.messages import Reports
from lvm_studio.engine.worker import Worker

if __name__ == "__main__":
    worker = Worker(CountingJob(steps=None, seconds=0.001))
    worker.start()
    while not any(isinstance(message, Reports) for message in worker.poll(1.0)):
        pass
    print(worker.pid, "torch" in sys.modules, flush=True)
    while True:
        worker.poll(1.0)
"""


def test_the_worker_dies_with_its_owner_and_the_owner_needs_no_torch(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    command = [sys.executable, str(script), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        pid, torch_loaded = owner.stdout.readline().split()
        assert is_running(int(pid))
        os.kill(owner.pid, signal.SIGKILL)
    assert torch_loaded == "False"
    wait_for(lambda: not is_running(int(pid)))
