"""What comes back after a crash."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lvm_studio.data.jobs import Checkpoint
from lvm_studio.storage.checkpoints import write_checkpoint
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.recovery import (
    LiveSession,
    lost_sessions,
    state_folder,
)
from lvm_studio.storage.workspace import RunEntry, Workspace, save

WORK = Workspace(layout={"number": 1}, runs={"a/b": RunEntry(spec={"steps": 5}, step=2)})


def die(session: LiveSession) -> None:
    """Make the session look as if its process had been another one, dead by now."""
    note = session.folder / "owner.json"
    owner = json.loads(note.read_text())
    note.write_text(json.dumps({**owner, "started": 1.0}))


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, {"w": np.full(3, step)})


def test_the_state_folder_can_be_chosen(
    own_state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_folder() == own_state_folder
    monkeypatch.delenv("LVM_STUDIO_STATE")
    assert state_folder().name == "lvm-studio"
    assert state_folder() != own_state_folder


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    session = LiveSession()
    session.autosave(WORK, tmp_path / "work.h5")
    write_checkpoint(session.checkpoint_path("a/b"), checkpoint(7))
    assert lost_sessions() == []  # its owner lives
    die(session)

    (lost,) = lost_sessions()
    recovered = lost.recover()
    assert recovered.file == lost.file == tmp_path / "work.h5"
    assert recovered.problems == ()
    assert recovered.workspace.layout == {"number": 1}
    run = recovered.workspace.runs["a/b"]
    assert (run.step, run.status, run.spec) == (7, "stopped", {"steps": 5})
    np.testing.assert_array_equal(run.checkpoint["w"], [7, 7, 7])

    lost.discard()
    assert lost_sessions() == []
    assert not session.folder.exists()


def test_a_session_that_was_never_saved() -> None:
    session = LiveSession()
    session.autosave(WORK, None)
    die(session)
    assert lost_sessions()[0].recover().file is None


def test_a_checkpoint_older_than_the_workspaces_own_is_left(tmp_path: Path) -> None:
    newer = RunEntry(spec={}, step=9, checkpoint=dict(checkpoint(9).tree))
    session = LiveSession()
    session.autosave(Workspace(runs={"run": newer}), None)
    write_checkpoint(session.checkpoint_path("run"), checkpoint(7))
    die(session)
    assert lost_sessions()[0].recover().workspace.runs["run"].step == 9


def test_a_checkpoint_alone_is_worth_recovering(tmp_path: Path) -> None:
    file = tmp_path / "work.h5"
    save(file, WORK)
    session = LiveSession()
    session.autosave(WORK, file)
    session.saved(file)
    write_checkpoint(session.checkpoint_path("run 2"), checkpoint(4))
    die(session)
    recovered = lost_sessions()[0].recover()
    assert recovered.workspace.layout == {"number": 1}  # from the user's file
    assert recovered.workspace.runs["run 2"].step == 4


def test_the_newer_of_autosave_and_file_is_recovered(tmp_path: Path) -> None:
    file = tmp_path / "work.h5"
    session = LiveSession()
    session.autosave(WORK, file)
    save(file, replace(WORK, layout={"number": 2}))  # killed before `saved` could be said
    later = file.stat().st_mtime + 10
    os.utime(file, (later, later))
    die(session)
    assert lost_sessions()[0].recover().workspace.layout == {"number": 2}


def test_a_damaged_checkpoint_is_said_and_the_rest_comes_back() -> None:
    session = LiveSession()
    session.autosave(WORK, None)
    session.checkpoint_path("a/b").write_bytes(b"nonsense")
    die(session)
    recovered = lost_sessions()[0].recover()
    assert "run-a%2Fb.h5 is not a file of LVM Studio" in recovered.problems[0]
    assert recovered.workspace.runs["a/b"].step == 2


def test_sessions_without_anything_are_swept() -> None:
    session = LiveSession()
    session.autosave(WORK, None)
    session.saved(None)
    write_checkpoint(session.checkpoint_path("run"), checkpoint(1))
    session.checkpoint_path("run").unlink()
    die(session)
    assert lost_sessions() == []
    assert not session.folder.exists()


def test_a_folder_without_an_owner_goes_when_it_is_old() -> None:
    folder = state_folder() / "sessions" / "nobodys"
    folder.mkdir(parents=True)
    lost_sessions()
    assert folder.exists()  # perhaps just being made
    os.utime(folder, (0, 0))
    lost_sessions()
    assert not folder.exists()


def test_sessions_of_another_machine_are_not_ours() -> None:
    session = LiveSession()
    session.autosave(WORK, None)
    note = session.folder / "owner.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "node": "elsewhere", "pid": 1}))
    assert lost_sessions() == []
    assert session.folder.exists()


def test_the_newest_comes_first() -> None:
    for age in (100, 300, 200):
        session = LiveSession()
        session.autosave(replace(WORK, layout={"age": age}), None)
        os.utime(session.folder / "workspace.h5", (1e9 - age, 1e9 - age))
        die(session)
    ages = [lost.recover().workspace.layout["age"] for lost in lost_sessions()]
    assert ages == [100, 200, 300]


def test_ending_well_leaves_nothing() -> None:
    session = LiveSession()
    session.autosave(WORK, None)
    session.close()
    assert list((state_folder() / "sessions").iterdir()) == []


def test_a_state_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LVM_STUDIO_STATE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="set LVM_STUDIO_STATE to a folder"):
        LiveSession()
    assert lost_sessions() == []
