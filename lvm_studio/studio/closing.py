"""What is at work when somebody quits: what of it ends, and what stays."""

from __future__ import annotations

from typing import Protocol, cast

from PySide6.QtCore import QObject

from lvm_studio.studio.judging.anomaly_search import AnomalySearch
from lvm_studio.studio.judging.card_maker import CardMaker
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.runs.study_run import StudyRun

WORDS: tuple[tuple[type[QObject], str], ...] = (
    (RunRegistry, "a training (it can be continued from its last checkpoint)"),
    (StudyRun, "a study (runs that have finished are kept, Start goes on with the rest)"),
    (CardMaker, "a report card (the last one stays)"),
    (AnomalySearch, "a search for anomalies"),
    (ImportDialog, "an import of readings"),
    (SimulateDialog, "the simulation of a street"),
)
"""What a person has begun and may wait for; what the window fits by itself is begun again."""


class Running(Protocol):
    """What tells whether it is at work."""

    @property
    def running(self) -> bool:
        """Whether it is."""


def at_work(window: QObject) -> list[str]:
    """Say what is at work in a window, one phrase for each kind."""
    return [
        words
        for kind, words in WORDS
        if any(cast("Running", one).running for one in window.findChildren(kind))
    ]
