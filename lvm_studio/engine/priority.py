"""How urgent this process is to the system: work in the background steps back for the window."""

from __future__ import annotations

import os
import sys

import psutil


def step_back(niceness: int) -> None:
    """Let other processes go first where cores are scarce.

    Args:
        niceness: added to that of this process, 0 to 19; on Windows anything above 0 means
            "below normal".
    """
    if niceness <= 0:
        return
    if sys.platform == "win32":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(niceness)
