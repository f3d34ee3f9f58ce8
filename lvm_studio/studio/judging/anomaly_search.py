"""The search for anomalies seen from the window: one at a time, in a process of its own."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.studio.jobs.one_job import OneJob, StartThread


class AnomalySearch(OneJob):
    """Runs an `AnomalyJob`.

    Signals:
        found(Findings): it has ended well; `ended` comes before.
    """

    found = Signal(object)

    def __init__(
        self, start_thread: StartThread | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(Step, start_thread, parent)

    def start(self, job: AnomalyJob) -> None:
        """Begin; nothing happens while one is under way."""
        if not self.running:
            self._run(job)

    def _complete(self, result: object) -> None:
        super()._complete(result)
        if isinstance(result, Findings):
            self.found.emit(result)
