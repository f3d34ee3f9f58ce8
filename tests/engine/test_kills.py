"""SIGKILL at a random moment while saving and training: everything completed is still there."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvm_studio.storage import recovery
from lvm_studio.storage.processes import is_running
from lvm_studio.storage.workspace import load

HERE = Path(__file__).parent
PATIENCE = 60.0
AT_ONCE = 2


@dataclass(frozen=True)
class Trial:
    """What one kill left behind, beside what had been completed."""

    completed: Counter[str]
    workspace: int
    autosave: int
    checkpoint: int
    temporaries_after: int

    def lost(self) -> list[str]:
        """Return what is older than completed."""
        kept = {
            "saved": self.workspace,
            "autosaved": self.autosave,
            "checkpointed": self.checkpoint,
        }
        return [what for what, number in kept.items() if number < self.completed[what]]


def completed(folder: Path) -> Counter[str]:
    """Return the last number noted of each kind."""
    noted: Counter[str] = Counter()
    notes = folder / "notes"
    for line in notes.read_text().splitlines() if notes.exists() else ():
        what, number = line.split()
        noted[what] = int(number)
    return noted


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run_and_kill(folder: Path, seed: int) -> None:
    """Start the victim, let it complete one of each, kill it (sometimes its worker first)."""
    dice = random.Random(seed)
    folder.mkdir()
    command = [sys.executable, str(HERE / "saving_and_training.py"), str(folder)]
    environment = {**os.environ, recovery.STATE_VARIABLE: str(folder / "state")}
    with subprocess.Popen(command, env=environment) as victim:
        try:
            wait_for(lambda: completed(folder)["checkpointed"] > 0 or victim.poll() is not None)
            assert victim.poll() is None, "the victim ended by itself"
            worker = completed(folder)["worker"]
            time.sleep(dice.uniform(0.0, 0.5))
            if dice.random() < 0.3:
                os.kill(worker, signal.SIGKILL)
                time.sleep(dice.uniform(0.0, 0.05))
        finally:
            victim.kill()
    wait_for(lambda: not is_running(worker))


def judge(folder: Path) -> Trial:
    """Open all that is left, as the next start does. Needs LVM_STUDIO_STATE set for it."""
    (session,) = recovery.lost_sessions()
    saved = load(folder / "work.h5")
    autosaved = load(session.folder / recovery.AUTOSAVE)
    recovered = session.recover()
    assert recovered.problems == ()
    assert recovered.file == (folder / "work.h5").resolve()
    assert recovered.workspace.layout["number"] >= autosaved.layout["number"]
    return Trial(
        completed(folder),
        saved.layout["number"],
        autosaved.layout["number"],
        recovered.workspace.runs["night run"].step,
        sum(1 for _ in folder.rglob("*.tmp")),
    )


def kill_often(
    number: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Trial, int]]:
    """Yield what each kill left, with the number of half-written files before they were swept."""
    for first in range(0, number, AT_ONCE):
        seeds = range(first, min(first + AT_ONCE, number))
        folders = [folder / f"kill{seed}" for seed in seeds]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(run_and_kill, folders, seeds))
        for victim in folders:
            half_written = sum(1 for _ in victim.rglob("*.tmp"))
            monkeypatch.setenv(recovery.STATE_VARIABLE, str(victim / "state"))
            yield judge(victim), half_written
            shutil.rmtree(victim)


@pytest.mark.parametrize(
    "kills", [pytest.param(10, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.study)]
)
def test_a_kill_loses_nothing_completed(
    kills: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    outcome = list(kill_often(kills, tmp_path, monkeypatch))
    trials = [trial for trial, _ in outcome]
    half_written = sum(number for _, number in outcome)
    record_property("half_written_files_swept", half_written)
    assert half_written > 0, "no kill came in the middle of writing: this shows nothing"
    assert len(trials) == kills
    assert [trial.lost() for trial in trials] == [[]] * kills
    assert all(trial.completed["saved"] > 0 for trial in trials)
    assert all(trial.temporaries_after == 0 for trial in trials)
