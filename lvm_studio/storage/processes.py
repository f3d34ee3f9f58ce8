"""Is a process that left a note still running? A pid alone is given away again."""

from __future__ import annotations

import subprocess
from pathlib import Path


def started_at(pid: int) -> str | None:
    """Return a text that says when this process started, None if it is not running.

    Two processes with the same pid have different texts, also across a restart of the machine.
    A process that has died but was not yet waited for counts as dead.
    """
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    return _from_ps(pid)


def is_running(pid: int, started: str | None = None) -> bool:
    """Return whether the process runs; with `started`, whether it is that very process."""
    now = started_at(pid)
    return now is not None and (started is None or now == started)


def _from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    # The second field is the program's name in brackets, which may itself hold spaces.
    fields = stat.rpartition(")")[2].split()
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{start_ticks}"


def _from_ps(pid: int) -> str | None:
    told = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/bin:/usr/bin"},
    )
    return told.stdout.strip() or None
