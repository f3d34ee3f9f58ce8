"""One run of a study from beginning to end, wherever it is computed."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.tree import Tree
from lvm_studio.engine.failures import sentence_for
from lvm_studio.studies.plan import PlannedRun
from lvm_studio.studies.results import RunResult
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.reports import DeviceReport, Finished, TrainingDiverged, TrainReport

SECONDS_BETWEEN_WORDS = 0.5
_ONE_RUN = threading.Lock()
"""Two runs in one process would draw from one global generator (dropout)."""

Tell = Callable[[int, float], None]
"""Takes the step and the seconds of training now and then."""
Wanted = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A result, and the model if the run became one."""

    result: RunResult
    model: Tree | None = None


class NoLongerWanted(Exception):  # noqa: N818  (not an error: the study was stopped)
    """The study ended before this run did."""


def perform(
    run: PlannedRun, households: HouseholdSet | None, worker: str, tell: Tell, wanted: Wanted
) -> Outcome:
    """Train; whatever goes wrong is a result with a sentence.

    Raises:
        NoLongerWanted: `wanted` said so; it is asked twice a second.
    """
    began = time.perf_counter()
    with _ONE_RUN:
        _use_one_thread()
        try:
            hardware, finished = _train(run, households, tell, wanted)
        except NoLongerWanted:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a run raises ends as a sentence
            return Outcome(failure(run, error, time.perf_counter() - began, worker))
    seconds = time.perf_counter() - began
    curves = finished.tree.get("history")
    result = RunResult(
        key=run.key,
        settings=run.settings,
        seed=run.seed,
        figures={**finished.figures, "seconds": seconds, "steps": float(finished.step)},
        curves=curves if isinstance(curves, dict) else {},
        steps=finished.step,
        seconds=seconds,
        hardware=hardware,
        worker=worker,
    )
    return Outcome(result, finished.tree)


def failure(
    run: PlannedRun, error: BaseException, seconds: float = 0.0, worker: str = ""
) -> RunResult:
    """The result of a run that raised this."""
    return RunResult(
        key=run.key,
        settings=run.settings,
        seed=run.seed,
        seconds=seconds,
        worker=worker,
        sentence=str(error) if isinstance(error, TrainingDiverged) else f"{sentence_for(error)}.",
        details="".join(traceback.format_exception(error)),
    )


def _train(
    run: PlannedRun, households: HouseholdSet | None, tell: Tell, wanted: Wanted
) -> tuple[str, Finished]:
    hardware, told = "", 0.0
    reports = TrainingJob(run.spec, households).run()
    for report in reports:
        if isinstance(report, DeviceReport):
            hardware = report.detail
        elif isinstance(report, Finished):
            return hardware, report
        elif isinstance(report, TrainReport) and time.monotonic() - told > SECONDS_BETWEEN_WORDS:
            told = time.monotonic()
            tell(report.step, report.seconds)
            if not wanted():
                reports.close()
                raise NoLongerWanted
    raise RuntimeError("the training ended without a model")


def _use_one_thread() -> None:
    """As many runs as cores beat one run on many; and its outcome does not hang on the machine."""
    import torch

    torch.set_num_threads(1)
