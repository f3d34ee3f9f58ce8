"""A hand on the mouse and the keyboard of an X display, and eyes on the program."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

INSTRUMENTED = Path(__file__).with_name("instrumented.py")
PATIENCE_SECONDS = 60.0


def xdotool(*words: object) -> None:
    """One action of the pointer or the keyboard."""
    subprocess.run(["xdotool", *map(str, words)], check=True)


def move(x: float, y: float) -> None:
    xdotool("mousemove", round(x), round(y))


def click(x: float, y: float) -> None:
    move(x, y)
    time.sleep(0.1)
    xdotool("click", 1)


def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move in ten steps as a person would, wait a moment, release."""
    move(*start)
    xdotool("mousedown", 1)
    for step in range(1, 11):
        share = step / 10
        move(start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        time.sleep(0.05)
    time.sleep(0.3)
    xdotool("mouseup", 1)


def press(keys: str) -> None:
    xdotool("key", "--clearmodifiers", keys)


def type_text(text: str) -> None:
    xdotool("type", "--delay", "10", text)


class Program:
    """The studio in a process of its own, watched through the file it is launched to write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "seen.json").unlink(missing_ok=True)
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "xcb",
            "JOURNEY_FOLDER": str(folder),
            "LVM_STUDIO_STATE": str(folder / "state"),
        }
        self.log = (folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, INSTRUMENTED], env=environment, stderr=self.log, cwd=folder
        )

    def see(self) -> dict[str, Any]:
        """What the program shows now; nothing before its window is there."""
        try:
            return json.loads((self.folder / "seen.json").read_text())
        except FileNotFoundError:
            return {}

    def wait(self, sign: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait for a sign of the program; fail with what it showed last."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the program ended: {self.said()}"
            shown = self.see()
            if shown and sign(shown):
                return shown
            time.sleep(0.05)
        self.photograph("stuck")
        shown = {k: v for k, v in self.see().items() if k not in {"widgets", "library_rows"}}
        raise AssertionError(f"waited in vain for {what}; it shows {shown}; it said {self.said()}")

    def middle(self, name: str) -> tuple[float, float]:
        """The middle of a visible widget on the screen."""
        x, y, width, height = self.see()["widgets"][name]
        return x + width / 2, y + height / 2

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole screen among the artefacts of the tests."""
        shots = Path(os.environ.get("LVM_STUDIO_ARTEFACTS", "artefacts")) / "journeys"
        shots.mkdir(parents=True, exist_ok=True)
        target = (shots / f"{name}.png").resolve()
        target.unlink(missing_ok=True)
        wish = self.folder / "shot.tmp"
        wish.write_text(str(target))
        wish.rename(self.folder / "shot")
        deadline = time.monotonic() + 5
        while not target.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def said(self) -> str:
        """The last lines on standard error."""
        return (self.folder / "log.txt").read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()
