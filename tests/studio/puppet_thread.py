"""A stand-in for the thread of a job: the test says what it says."""

from typing import Any

from PySide6.QtCore import QObject, Signal


class PuppetThread(QObject):
    """What a JobThread looks like from outside."""

    reports = Signal(object)
    completed = Signal(object)
    stopped = Signal(object)
    failed = Signal(str, str)
    finished = Signal()

    def __init__(self, job: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.job, self.killed = job, 0

    def start(self) -> None:
        pass

    def kill(self) -> None:
        self.killed += 1
        self.stopped.emit(None)
