"""What a study says while it runs. Small and frozen: the window and the command line read these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lvm_studio.studies.plan import PlannedRun, label
from lvm_studio.studies.results import RunResult
from lvm_studio.studies.space import Scalar


class RunState(StrEnum):
    """Where a run of a study stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True)
class RunLine:
    """One run as a live table shows it; `again` tells a result of an earlier session."""

    key: str
    settings: Mapping[str, Scalar]
    seed: int
    state: RunState
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""
    worker: str = ""
    again: bool = False

    @property
    def label(self) -> str:
        """Its settings in words."""
        return label(self.settings)

    @classmethod
    def waiting(cls, run: PlannedRun) -> RunLine:
        """The line of a run that has not begun."""
        return cls(run.key, run.settings, run.seed, RunState.WAITING, steps=run.spec.steps)

    @classmethod
    def of(cls, result: RunResult, objective: str, *, again: bool = False) -> RunLine:
        """The line of a run that has ended; without the objective it counts as failed."""
        sentence = result.sentence
        if not sentence and objective not in result.figures:
            known = ", ".join(sorted(result.figures))
            sentence = f"'{objective}' is not among the figures of this run: {known}."
        return cls(
            result.key,
            result.settings,
            result.seed,
            RunState.FAILED if sentence else RunState.FINISHED,
            result.steps,
            result.steps,
            result.seconds,
            result.figures,
            sentence,
            result.worker,
            again,
        )


@dataclass(frozen=True)
class StudyOpened:
    """The runs that are known, and where they are going to be computed.

    `total` is the number of runs in the end; of a search not all are known at first.
    """

    lines: tuple[RunLine, ...]
    total: int
    where: str
    workers: int


@dataclass(frozen=True)
class RunChanged:
    """A run stands elsewhere; its key may be new."""

    line: RunLine


@dataclass(frozen=True)
class StudyPulse:
    """Nothing has happened for a moment: the driver may be told to stop here."""

    workers: int


@dataclass(frozen=True)
class StudyEnd:
    """The end: how many runs there are of each kind, and how long this session of it took."""

    finished: int
    failed: int
    again: int
    seconds: float
    workers: int

    @property
    def runs_per_hour(self) -> float:
        """Of the runs computed now."""
        fresh = self.finished + self.failed - self.again
        return 3600.0 * fresh / self.seconds if self.seconds > 0 else 0.0


StudyReport = StudyOpened | RunChanged | StudyPulse | StudyEnd
