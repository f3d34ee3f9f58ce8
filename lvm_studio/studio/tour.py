"""The newcomer's journey in the real window with nobody at it: compose, tune, keep what it shows.

Where there is no screen, ``packaging/run.sh`` makes this journey instead of opening the studio.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.storage.curves import write_curves
from lvm_studio.studio.app import log_file, logging_qt, make_window, prepared_application
from lvm_studio.studio.collecting import collecting_here
from lvm_studio.studio.dialogs import Choice, Dialogs
from lvm_studio.studio.figures import export_figure, largest_plot
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import theme

if TYPE_CHECKING:
    from lvm_studio.analysis.fan import Fan
    from lvm_studio.studio.street.answers import PartsAnswer
    from lvm_studio.studio.window import MainWindow

ADDED = 28
"""Households added to the starting street by "Add n like these"."""
ONE_IN = 100.0
FIGURES = ("fan.svg", "fan.png", "fan.pdf")
SIZE = (1360, 860)
PATIENCE_SECONDS = 120.0
LOOK_EVERY_MS = 20


def take_tour(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Compose a street, tune it to "1 week in 100" and write what there is to see.

    Writes base and tuned curves (CSV), the figure (SVG, PNG, PDF), the workspace, a screenshot
    of the window and ``summary.json`` to `folder`; returns the summary.

    Raises:
        DataError: the folder cannot be written, or an answer does not come.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}.") from error
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with log_file(), logging_qt(), collecting_here(prepared_application()):
        summary = _in_window(folder, say)
    say(f"The tour is over; what it shows is in {folder.resolve()}")
    return summary


class NobodyThere(Dialogs):
    """What is unsaved when a tour fails goes with its window: a question would wait for ever."""

    def save_before_losing(self, parent: QWidget, name: str, at_work: Sequence[str] = ()) -> Choice:
        """Ask nobody."""
        return Choice.DISCARD


def _in_window(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    window = make_window(Session(), NobodyThere())
    window.resize(*SIZE)
    window.show()
    window.session.new()
    window.start()
    try:
        return _journey(window, folder, say)
    finally:
        window.close()


def _journey(window: MainWindow, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    session, service = window.session, window.service
    say("Loading the shipped model …")
    _wait(lambda: service.fan is not None, "the first fan")
    _compose(window)
    say(f"Composed {session.state.composition.size} households, {session.state.week}.")
    _wait(lambda: service.fan is not None and service.fan.state == session.state, "the fan")
    base = _written(service.fan.fan, folder / "base-curves.csv") if service.fan else {}
    _tune(window)
    tuned = service.tuned
    assert tuned is not None
    say(f"Tuned to 1 week in {tuned.one_in_n:.0f}: {tuned.sentence}")
    _photograph(window, folder)
    session.save(folder / "street.h5")
    summary = {
        "folder": str(folder),
        "composition": str(session.state.composition),
        "week": session.state.week,
        "base": base,
        "tuned": _written(tuned.fan, folder / "tuned-curves.csv"),
        "criterion": tuned.criterion,
        "lam": tuned.lam,
        "kl": tuned.kl,
        "expectation": tuned.expectation,
        "base_expectation": tuned.base_expectation,
        "unit": tuned.unit,
        "ess": tuned.ess,
        "method": tuned.method,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False))
    return summary


def _compose(window: MainWindow) -> None:
    """Add households one after another, then many like them, through the window's own verbs."""
    session = window.session
    rest = [
        household
        for household in session.households.split.train_households
        if session.state.composition.count(household) == 0
    ]
    for household in rest[:3]:
        session.add_households([household])
    session.add_like(rest, ADDED - 3)


def _tune(window: MainWindow) -> None:
    """Ask for 1 week in 100, and once more when better draws are there: the first λ is a guess."""
    session, service = window.session, window.service
    shared_out: list[PartsAnswer] = []
    service.parts_ready.connect(shared_out.append)
    for _ in range(2):
        service.request_lam("one_in_n", ONE_IN)
        _wait(lambda: session.state.lam > 0, "a λ")
        _wait(
            lambda: (
                service.tuned is not None
                and service.tuned.state == session.state
                and service.tuned.valid
                and not service.tuned.refining
            ),
            "a valid answer",
        )
    _wait(lambda: any(parts.state == session.state for parts in shared_out), "who makes the peak")


def _written(fan: Fan, path: Path) -> dict[str, float]:
    write_curves(path, fan.times[0], fan.curves)
    return {"peak_kw": fan.peak_kw.mean, "energy_kwh": fan.energy_kwh.mean}


def _photograph(window: MainWindow, folder: Path) -> None:
    QApplication.processEvents()
    window.grab().save(str(folder / "window.png"))
    view = largest_plot(window.tabs.currentWidget())
    if view is not None:
        for name in FIGURES:
            export_figure(view, folder / name, theme())


def _wait(arrived: Callable[[], bool], what: str) -> None:
    """Let the window live until something has arrived.

    Raises:
        DataError: it does not come.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    loop = QEventLoop()

    def look() -> None:
        if arrived() or time.monotonic() > deadline:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(LOOK_EVERY_MS)
    loop.exec()
    timer.stop()
    if not arrived():
        raise DataError(
            f"The tour waited in vain for {what}; studio.log in the state folder may tell why."
        )
