"""Files that appear whole or not at all, and the sweeping of what a kill left."""

import errno
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lvm_studio.storage.atomic import DAY_SECONDS, replacing, sweep_temporaries, write_text
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.processes import is_running, started_at

NODE = re.sub(r"[^A-Za-z0-9]", "", platform.node()) or "here"


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.parent == path.parent
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_raises_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_text(f"half {1 / 0}")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_flushed_is_no_reason_to_say_that_nothing_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def refusing(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == tmp_path:
            raise OSError(errno.EINVAL, "a network disk")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    write_text(tmp_path / "note.txt", "new")
    assert (tmp_path / "note.txt").read_text() == "new"


def test_the_disk_is_asked_before_the_name_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the file, then replace, then fsync of the folder: also a power cut is survived."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noting_fsync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def noting_replace(source: Path, target: Path) -> Path:
        order.append("replace")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    write_text(tmp_path / "note.txt", "text")
    assert order[0].endswith(".tmp")
    assert order[1:] == ["replace", tmp_path.name]


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "note.txt", tmp_path / "link.txt"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["missing/note.txt", "file/note.txt"])
def test_a_place_that_cannot_be_written_is_a_sentence(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"could not be written \(.+\); nothing was changed"):
        write_text(tmp_path / place, "text")


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_text(tmp_path / "note.txt", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_text(tmp_path / "note.txt", "new")
    assert (tmp_path / "note.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_only_what_dead_writers_left_is_swept(tmp_path: Path) -> None:
    stays = [
        tmp_path / f".w.h5.{NODE}-{os.getpid()}-0.tmp",
        tmp_path / f".w.h5.elsewhere-{dead_pid()}-0.tmp",
        tmp_path / ".somebody-elses.tmp",
        tmp_path / "w.h5",
    ]
    goes = [
        tmp_path / f".w.h5.{NODE}-{dead_pid()}-3.tmp",
        tmp_path / ".w.h5.elsewhere-1-0.tmp",
    ]
    for path in (*stays, *goes):
        path.touch()
    long_ago = time.time() - 2 * DAY_SECONDS
    os.utime(goes[1], (long_ago, long_ago))
    assert sweep_temporaries(tmp_path) == 2
    assert sorted(tmp_path.iterdir()) == sorted(stays)


def test_sweeping_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert sweep_temporaries(tmp_path / "missing") == 0


def test_who_is_running() -> None:
    me = os.getpid()
    assert is_running(me)
    assert is_running(me, started_at(me))
    assert not is_running(me, (started_at(me) or 0.0) - 60.0)
    assert not is_running(dead_pid())


def test_a_process_that_died_unnoticed_is_not_running() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table
    assert not is_running(process.pid)
    process.communicate()
