"""The log of jobs: why they failed, for who has to find out."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lvm_studio.storage.recovery import state_folder

if TYPE_CHECKING:
    from lvm_studio.engine.messages import Failed

MAX_BYTES = 1_000_000


def default_log_path() -> Path:
    """Return the log in the state folder, which exists afterwards."""
    folder = state_folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "jobs.log"


def append_failure(path: Path, failure: Failed) -> None:
    """Write down a failure; of a log grown too large the older part is kept once.

    A log that cannot be written is no reason to lose the message itself.
    """
    with suppress(OSError):
        if path.exists() and path.stat().st_size > MAX_BYTES:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {failure.sentence}\n")
            log.write(f"{failure.details}\n")
