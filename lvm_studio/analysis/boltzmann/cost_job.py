"""The cost of every method as a job: told stage by stage, for the street that somebody looks at."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field

from lvm_studio.analysis.boltzmann.costs import CostSetting, MethodCost, costs
from lvm_studio.data.jobs import retold
from lvm_studio.models.street import BaseSpace

_STAGES = ("where KL", "rejection", "reweighting", "Langevin", "SMC", "mixture", "flow", "one λ")
_SHARES = (0.0, 0.03, 0.09, 0.15, 0.26, 0.28, 0.34, 0.62, 1.0)
"""Of the whole, about, when each begins, and its end."""


@dataclass(frozen=True)
class CostProgress:
    """What is being measured, and about which share of the whole is done after so many seconds."""

    sentence: str
    share: float
    seconds: float


@dataclass(frozen=True)
class Costs:
    """Every method at KL 6.91 of one criterion, E f in `unit`."""

    methods: tuple[MethodCost, ...]
    unit: str


@dataclass(frozen=True, eq=False)
class CostJob:
    """Measures them all in one run; the result is the Costs."""

    space: BaseSpace
    criterion: str
    unit: str
    seed: int = 0
    setting: CostSetting = field(
        default_factory=lambda: CostSetting(
            base_draws=50_000, chains=128, flow_steps=600, update_steps=200
        )
    )

    def run(self) -> Generator[CostProgress, None, Costs]:
        """Yield progress; between two reports lies one method, or a part of a flow's fit."""
        began = time.perf_counter()

        def progress(said: str) -> CostProgress:
            sentence = said.removeprefix(f"{self.criterion}: ")
            return CostProgress(sentence, share_of(sentence), time.perf_counter() - began)

        work = costs(self.space, self.criterion, self.setting, self.seed)
        return Costs((yield from retold(work, progress)), self.unit)


def share_of(sentence: str) -> float:
    """How far the run is when it says this.

    >>> share_of("cost of SMC"), share_of("cost of the flow, step 300 of 600")
    (0.26, 0.48)
    """
    place = max(i for i, word in enumerate(_STAGES) if word in sentence)
    if " step " not in sentence:
        return _SHARES[place]
    step, steps = sentence.split(" step ")[1].split(" of ")
    begins, ends = _SHARES[place : place + 2]
    return begins + (ends - begins) * int(step) / int(steps)
