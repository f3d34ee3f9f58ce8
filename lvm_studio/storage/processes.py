"""Is a process that left a note still running? A pid alone is given away again."""

from __future__ import annotations

import psutil

SAME_START_SECONDS = 2.0
"""Two readings of one process's start may differ by a step of the system's clock."""


def started_at(pid: int) -> float | None:
    """Return when this process started (s since 1970), None if it is not running.

    A process that has died but was not yet waited for counts as dead.
    """
    try:
        process = psutil.Process(pid)
        dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return None if dead else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_running(pid: int, started: float | None = None) -> bool:
    """Return whether the process runs; with `started`, whether it is that very process."""
    now = started_at(pid)
    if now is None or started is None:
        return now is not None
    return abs(now - started) < SAME_START_SECONDS
