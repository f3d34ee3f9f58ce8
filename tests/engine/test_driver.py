"""A job in this process: messages, commands between two reports, failures as sentences."""

from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from jobs_for_tests import FAILURES, CountingJob, FailingJob, StatelessJob

from lvm_studio.data.jobs import Job
from lvm_studio.engine.driver import drive
from lvm_studio.engine.failures import died, sentence_for
from lvm_studio.engine.messages import (
    Checkpointed,
    CheckpointFailed,
    Command,
    Failed,
    Finished,
    Message,
    Paused,
    Reports,
    Resumed,
    Snapshot,
    Stopped,
    Stopping,
)
from lvm_studio.engine.outbox import gathered
from lvm_studio.storage.checkpoints import read_checkpoint


def run(job: Job, *commands: Command, path: Path | None = None) -> list[Message]:
    queue: SimpleQueue[Command] = SimpleQueue()
    for command in commands:
        queue.put(command)
    return list(drive(job, queue, path))


def reports(messages: list[Message]) -> list[object]:
    return [report for m in messages if isinstance(m, Reports) for report in m.reports]


def test_a_job_runs_to_its_end_and_returns() -> None:
    messages = run(CountingJob(steps=3))
    assert reports(messages) == [1, 2, 3]
    assert messages[-1].result == "counted to 3"


def test_without_a_return_value_the_result_is_the_last_report() -> None:
    assert run(StatelessJob(4))[-1].result == 3


def test_checkpoints_go_to_the_file_and_are_announced(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    messages = run(CountingJob(steps=6, checkpoint_every=2), path=path)
    announced = [m for m in messages if isinstance(m, Checkpointed)]
    assert [m.step for m in announced] == [2, 4, 6]
    assert read_checkpoint(path).step == 6
    np.testing.assert_array_equal(read_checkpoint(path).tree["w"], [6, 6, 6, 6])
    assert all(isinstance(report, int) for report in reports(messages))


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_job(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "run.h5"
    messages = run(CountingJob(steps=4, checkpoint_every=2), path=path)
    failures = [m for m in messages if isinstance(m, CheckpointFailed)]
    assert [m.step for m in failures] == [2, 4]
    assert "could not be written" in failures[0].sentence
    assert isinstance(messages[-1], Finished)


def test_stop_before_the_first_report_ends_without_one() -> None:
    messages = run(CountingJob(steps=None), Command.STOP)
    assert reports(messages) == []
    assert messages[-1] == Stopped(None)


def stop_after(job: Job, number: int, path: Path | None) -> list[Message]:
    queue: SimpleQueue[Command] = SimpleQueue()
    seen: list[Message] = []
    for message in drive(job, queue, path):
        seen.append(message)
        if message == Reports((number,)):
            queue.put(Command.STOP)
    return seen


def test_stop_checkpoints_first_and_takes_no_further_step(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    messages = stop_after(CountingJob(steps=None), 7, path)
    assert messages[-3:] == [Stopping(), Checkpointed(7, path), Stopped(path)]
    assert reports(messages)[-1] == 7
    assert read_checkpoint(path).step == 7


def test_stop_of_a_job_without_checkpoints(tmp_path: Path) -> None:
    messages = stop_after(StatelessJob(1000), 7, tmp_path / "run.h5")
    assert messages[-1] == Stopped(None)
    assert reports(messages)[-1] <= 8


def test_a_snapshot_is_shown_not_filed(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    messages = run(CountingJob(steps=5), Command.SNAPSHOT, path=path)
    snapshots = [m for m in messages if isinstance(m, Snapshot)]
    assert [m.step for m in snapshots] == [1]
    np.testing.assert_array_equal(snapshots[0].tree["w"], [1, 1, 1, 1])
    assert not path.exists()
    assert reports(messages) == [1, 2, 3, 4, 5]


def test_a_job_without_checkpoints_is_asked_once_for_a_snapshot() -> None:
    messages = run(StatelessJob(5), Command.SNAPSHOT, Command.PAUSE, Command.RESUME)
    assert reports(messages) == [0, 1, 2, 3, 4]
    assert not [m for m in messages if isinstance(m, Snapshot)]


def test_pause_and_resume_are_said_once() -> None:
    messages = run(
        CountingJob(steps=2), Command.PAUSE, Command.PAUSE, Command.RESUME, Command.RESUME
    )
    assert [type(m) for m in messages[:2]] == [Paused, Resumed]
    assert sum(isinstance(m, Paused | Resumed) for m in messages) == 2


def test_stop_while_paused() -> None:
    messages = run(CountingJob(steps=None), Command.PAUSE, Command.STOP)
    assert [type(m) for m in messages] == [Paused, Stopping, Stopped]


SENTENCES = {
    "data": "Household MAC9 is not in London. The last checkpoint is kept.",
    "memory": "The job ran out of memory; use a smaller batch or fewer households.",
    "cpu memory": "The job ran out of memory; use a smaller batch or fewer households.",
    "cuda": "The graphics card ran out of memory; use a smaller batch",
    "diverged": "The numbers of the job ran away (the loss is NaN at step 12); use a smaller",
    "runtime": "The job failed (RuntimeError: mat1 and mat2 shapes); the details are in the log.",
    "exit": "The job failed (SystemExit: 3)",
    "import": "A part of the program could not be loaded (No module named 'torch')",
    "disk": "The system refused something to the job ([Errno 28] No space left on device)",
    "silent": "The job failed (RuntimeError: RuntimeError)",
}


@pytest.mark.parametrize("way", FAILURES)
def test_every_failure_is_one_sentence_and_keeps_the_checkpoint(way: str, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    ending = run(FailingJob(way), path=path)[-1]
    assert isinstance(ending, Failed)
    assert ending.sentence.startswith(SENTENCES[way])
    assert ending.sentence.endswith(". The last checkpoint is kept.")
    assert "\n" not in ending.sentence
    assert "jobs_for_tests.py" in ending.details
    assert ending.checkpoint == path
    assert read_checkpoint(path).step == 1


def test_a_failure_without_a_checkpoint_promises_none(tmp_path: Path) -> None:
    ending = run(FailingJob("memory"))[-1]
    assert ending.checkpoint is None
    assert "checkpoint" not in ending.sentence


def test_torch_and_training_errors_have_their_sentences() -> None:
    torch = pytest.importorskip("torch")
    reports_module = pytest.importorskip("lvm_studio.training.reports")
    text = sentence_for(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert text.startswith("The graphics card ran out of memory")
    diverged = reports_module.TrainingDiverged("The loss explodes at step 3; lower lr.")
    assert sentence_for(diverged) == "The loss explodes at step 3; lower lr"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-9, "was killed (signal 9, SIGKILL), perhaps for lack of memory."),
        (-11, "was ended by signal 11 (SIGSEGV)."),
        (-63, "was ended by signal 63 ("),
        (1, "ended by itself (exit code 1)."),
    ],
)
def test_every_death_is_one_sentence(code: int, text: str) -> None:
    assert text in died(code, None).sentence


def test_gathering_keeps_the_order() -> None:
    messages = [Reports((1,)), Reports((2,)), Paused(), Reports((3,))]
    assert list(gathered(messages)) == [Reports((1, 2)), Paused(), Reports((3,))]
