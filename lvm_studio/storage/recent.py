"""The workspace files opened or saved last."""

from __future__ import annotations

import json
from pathlib import Path

from lvm_studio.storage.atomic import write_text
from lvm_studio.storage.recovery import state_folder

MAX_RECENT = 10


def recent_files() -> list[Path]:
    """Return the recent files that still exist, the last one first."""
    try:
        noted = json.loads(_note().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # none yet, or a note that somebody else wrote
    if not isinstance(noted, list):
        return []
    return [Path(text) for text in noted if isinstance(text, str) and Path(text).is_file()]


def note_recent(path: Path) -> None:
    """Put a file in front of the recent ones.

    Raises:
        StorageError: the state folder cannot be written.
    """
    path = path.resolve()
    others = [other for other in recent_files() if other != path]
    _note().parent.mkdir(parents=True, exist_ok=True)
    write_text(_note(), json.dumps([str(file) for file in (path, *others)][:MAX_RECENT], indent=1))


def clear_recent() -> None:
    """Forget all of them."""
    _note().unlink(missing_ok=True)


def _note() -> Path:
    return state_folder() / "recent.json"
