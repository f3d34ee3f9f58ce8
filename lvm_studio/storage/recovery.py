"""What a crash leaves behind: every running studio keeps its session in a folder of its own.

The folder names its owner (pid and start time, since pids are given away again), holds the last
autosave of the workspace and the checkpoints of running trainings, and goes when the owner ends
well. What is left of a dead owner is offered by the next start.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from platformdirs import user_state_path

from lvm_studio.storage.atomic import DAY_SECONDS, sweep_temporaries, write_text
from lvm_studio.storage.checkpoints import read_checkpoint
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.processes import is_running, started_at
from lvm_studio.storage.workspace import RunEntry, Workspace, load, save

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Checkpoint

STATE_VARIABLE = "LVM_STUDIO_STATE"
AUTOSAVE, OWNER, RUNS = "workspace.h5", "owner.json", "runs"


def state_folder() -> Path:
    """Return the folder of what the program remembers; LVM_STUDIO_STATE chooses another."""
    chosen = os.environ.get(STATE_VARIABLE)
    return Path(chosen) if chosen else user_state_path("lvm-studio")


def log_path() -> Path:
    """Return the file that keeps what went wrong."""
    return state_folder() / "studio.log"


@dataclass(frozen=True)
class Owner:
    """Whose session it is, and which file it shows.

    Args:
        node, pid, started: the process; `started` (s since 1970) tells it from a later one of
            the same pid.
        file: the workspace file that is open, '' if never saved.
        saved_at: ISO time of the autosave, '' before the first.
    """

    node: str
    pid: int
    started: float
    file: str = ""
    saved_at: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.pid, int) and isinstance(self.started, float)):
            raise TypeError("a pid is a whole number, the start of a process a time in seconds")

    @classmethod
    def this_process(cls) -> Owner:
        """Return the owner that this process is."""
        return cls(platform.node(), os.getpid(), started_at(os.getpid()) or 0.0)

    def is_dead(self) -> bool:
        """Return whether the process ran on this machine and does no more."""
        return self.node == platform.node() and not is_running(self.pid, self.started)


class LiveSession:
    """The recovery folder of this process.

    Raises:
        StorageError: the state folder cannot be written.
    """

    def __init__(self) -> None:
        self._owner = Owner.this_process()
        self._writing = threading.Lock()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self.folder = _sessions_folder() / f"{stamp}-{os.getpid()}"
        try:
            (self.folder / RUNS).mkdir(parents=True)
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be made ({error.strerror}): there is no recovery after a "
                f"crash; set {STATE_VARIABLE} to a folder that can be written."
            ) from error
        self._own(file="", saved_at="")

    def autosave(self, workspace: Workspace, file: Path | None) -> None:
        """Keep the workspace as it is now, atomically; `file` is where it belongs, if anywhere.

        Raises:
            StorageError: it cannot be written; the autosave before is still there.
        """
        save(self.folder / AUTOSAVE, workspace)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._own(str(file.resolve()) if file else "", now)

    def saved(self, file: Path | None) -> None:
        """Drop the autosave: `file` holds everything (None: it was thrown away on purpose)."""
        self._own(str(file.resolve()) if file else "", saved_at="")
        (self.folder / AUTOSAVE).unlink(missing_ok=True)

    def shows(self, file: Path | None) -> None:
        """Note which file is open, so that another studio can tell (`shown_elsewhere`)."""
        self._own(str(file.resolve()) if file else "", self._owner.saved_at)

    def checkpoint_path(self, run: str) -> Path:
        """Return where the worker of this run keeps its checkpoint."""
        return self.folder / RUNS / _run_file(run)

    def close(self) -> None:
        """Remove the folder: this process ends well."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self, file: str, saved_at: str) -> None:
        with self._writing:  # autosaves come from a thread of their own
            self._owner = replace(self._owner, file=file, saved_at=saved_at)
            write_text(self.folder / OWNER, json.dumps(vars(self._owner), indent=1))


@dataclass(frozen=True)
class Recovered:
    """What came back, and the file that it belongs to (None if never saved).

    `problems` are sentences about the parts that did not come back.
    """

    workspace: Workspace
    file: Path | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class LostSession:
    """A session whose owner died."""

    folder: Path
    owner: Owner

    @property
    def file(self) -> Path | None:
        """The workspace file that was open, None if it was never saved."""
        return Path(self.owner.file) if self.owner.file else None

    @property
    def saved_at(self) -> datetime:
        """When the newest of its files was written."""
        newest = max(path.stat().st_mtime for path in self._files())
        return datetime.fromtimestamp(newest, UTC)

    def recover(self) -> Recovered:
        """Open what was written last and put the newest checkpoints of its runs into it.

        That is the autosave, or the user's file if it is newer or there is no autosave. Nothing
        is removed: call `discard` once what came back has been saved.

        Raises:
            StorageError: it cannot be opened.
        """
        places = [path for path in (self.folder / AUTOSAVE, self.file) if path and path.is_file()]
        newest = max(places, key=lambda path: path.stat().st_mtime_ns, default=None)
        workspace = load(newest) if newest else Workspace()
        problems = []
        for path in _checkpoints(self.folder):
            try:
                workspace = _with_checkpoint(workspace, _run_name(path), read_checkpoint(path))
            except StorageError as error:
                problems.append(str(error))
        return Recovered(workspace, self.file, tuple(problems))

    def discard(self) -> None:
        """Remove it for good."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        autosave = self.folder / AUTOSAVE
        return [*_checkpoints(self.folder), *([autosave] if autosave.is_file() else [])]


def lost_sessions() -> list[LostSession]:
    """Return the sessions of dead owners that hold something, newest first.

    Empty ones and half-written files are swept on the way.
    """
    sweep_temporaries(state_folder())
    found = []
    for folder in _session_folders():
        owner = _read_owner(folder)
        if owner is None:
            _sweep_ownerless(folder)
            continue
        if not owner.is_dead():
            continue
        sweep_temporaries(folder)
        sweep_temporaries(folder / RUNS)
        session = LostSession(folder, owner)
        if session._files():
            found.append(session)
        else:
            session.discard()
    return sorted(found, key=lambda session: session.saved_at, reverse=True)


def shown_elsewhere(file: Path) -> bool:
    """Return whether another studio on this machine, which still runs, has this file open."""
    path, mine = str(file.resolve()), os.getpid()
    owners = filter(None, map(_read_owner, _session_folders()))
    return any(one.file == path and one.pid != mine and not one.is_dead() for one in owners)


def _with_checkpoint(workspace: Workspace, run: str, checkpoint: Checkpoint) -> Workspace:
    """Return the workspace with this checkpoint in its run, unless the run's own is newer."""
    entry = workspace.runs.get(run, RunEntry(spec={}))
    if entry.checkpoint is not None and entry.step >= checkpoint.step:
        return workspace
    entry = replace(entry, step=checkpoint.step, checkpoint=checkpoint.tree, status="stopped")
    return replace(workspace, runs={**workspace.runs, run: entry})


def _sessions_folder() -> Path:
    return state_folder() / "sessions"


def _session_folders() -> list[Path]:
    with suppress(OSError):
        return [folder for folder in _sessions_folder().iterdir() if folder.is_dir()]
    return []


def _read_owner(folder: Path) -> Owner | None:
    try:
        return Owner(**json.loads((folder / OWNER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # just being made, or not ours


def _sweep_ownerless(folder: Path) -> None:
    """Remove a folder whose maker died before it could write its name, once it is old."""
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > DAY_SECONDS:
            shutil.rmtree(folder)


def _checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / RUNS).glob("*.h5"))


def _run_file(run: str) -> str:
    return f"run-{quote(run, safe='')}.h5"


def _run_name(path: Path) -> str:
    return unquote(path.stem.removeprefix("run-"))
