"""A stand-in for the making of a report card, picklable for a worker process."""

import time
from dataclasses import dataclass

from made_up_card import card

from lvm_studio.analysis.report_card.spec import CardProgress
from lvm_studio.data.jobs import Reports


@dataclass(frozen=True)
class FakeCardJob:
    """Says a hundred times how far it is, then returns the made-up card, or falls over."""

    model: str = "m"
    step_seconds: float = 0.002
    fails: bool = False

    def run(self) -> Reports:
        for step in range(1, 101):
            time.sleep(self.step_seconds)
            yield CardProgress("scores, large sums", step, 100, step * 0.1)
        if self.fails:
            raise RuntimeError("the fake judge fell over")
        return card(self.model)
