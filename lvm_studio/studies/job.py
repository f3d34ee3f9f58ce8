"""A study as a job: the runs that are missing, on all workers, until there are no more."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.storage.atomic import sweep_temporaries, write_text
from lvm_studio.studies.candidates import Candidates, Listed, Searched
from lvm_studio.studies.cluster import Cluster, Done, Event, Place
from lvm_studio.studies.plan import PlannedRun, Planner
from lvm_studio.studies.reports import (
    RunChanged,
    RunLine,
    RunState,
    StudyEnd,
    StudyOpened,
    StudyPulse,
    StudyReport,
)
from lvm_studio.studies.results import RUNS, RunResult, open_folder, read_results, write_result
from lvm_studio.studies.space import Search
from lvm_studio.studies.spec import StudySpec

PULSE_SECONDS = 0.1
SPEC_FILE = "study.json"

Reports = Generator[StudyReport, object, StudyEnd]
"""Whatever is wished of a study, it has no checkpoint but its finished runs."""


@dataclass(frozen=True, eq=False)
class StudyJob:
    """Everything a study needs, in a form that can be sent to another process.

    Args:
        study: what is to be found out.
        place: where it is computed.
        folder: keeps a file for each run that has ended; a study goes on from what is there.
        households: what is learned from, None for a recipe that needs none.
    """

    study: StudySpec
    place: Place
    folder: Path
    households: HouseholdSet | None = None

    def run(self) -> Reports:
        """Yield reports until all runs have ended; failed runs of earlier sessions are tried again.

        Raises:
            DataError: the study cannot be planned, the folder not be written, or there is
                nobody to compute it.
        """
        planner = Planner(self.study, self.households)
        if planner.needs_households and self.households is None:
            raise DataError(
                f"The study {self.study.name} learns from households; open or import some."
            )
        runs = planner.all_runs()  # every value is checked before anything begins
        open_folder(self.folder)
        sweep_temporaries(self.folder / RUNS)
        write_text(self.folder / SPEC_FILE, self.study.model_dump_json(indent=1))
        known = read_results(self.folder)
        missing = [run for run in runs if run.key not in known or known[run.key].failed]
        candidates = self._candidates(missing, planner, known)
        began = time.perf_counter()
        again = _finished_before(runs, self.study, planner, known)
        with Cluster(self.place, self.households) as cluster:
            lines = [RunLine.of(found, self.study.objective, again=True) for found in again]
            lines += map(RunLine.waiting, missing)
            size = len(runs) or self.study.size  # a search knows no runs beforehand
            yield StudyOpened(tuple(lines), size, cluster.where, cluster.size)
            drive = _Drive(self, candidates, cluster)
            yield from drive.reports()
        before = [line.state for line in lines if line.again]
        end = StudyEnd(
            finished=drive.finished + before.count(RunState.FINISHED),
            failed=drive.failed + before.count(RunState.FAILED),
            again=len(again),
            seconds=time.perf_counter() - began,
            workers=drive.workers,
        )
        yield end
        return end

    def _candidates(
        self, missing: list[PlannedRun], planner: Planner, known: dict[str, RunResult]
    ) -> Candidates:
        space = self.study.space
        if isinstance(space, Search):
            return Searched(self.study, space, planner, known)
        return Listed(missing)


class _Drive:
    """Keeps every worker busy and puts what comes back on the disk."""

    def __init__(self, job: StudyJob, candidates: Candidates, cluster: Cluster) -> None:
        self._job, self._candidates, self._cluster = job, candidates, cluster
        self._lines: dict[str, RunLine] = {}
        self.finished = self.failed = 0
        self.workers = cluster.size

    def reports(self) -> Iterator[StudyReport]:
        """Until there is nothing left to compute."""
        while True:
            yield from self._hand_out()
            if not self._cluster.waiting:
                return
            events = self._cluster.poll(PULSE_SECONDS)
            for event in events:
                yield from self._take(event)
            if not events:
                yield StudyPulse(self._cluster.size)

    def _hand_out(self) -> Iterator[StudyReport]:
        self.workers = max(self.workers, self._cluster.size)
        while self._cluster.waiting < max(self._cluster.size, 1):
            run = self._candidates.next()
            if run is None:
                return
            self._cluster.submit(run)
            self._lines[run.key] = replace(RunLine.waiting(run), state=RunState.RUNNING)
            yield RunChanged(self._lines[run.key])

    def _take(self, event: Event) -> Iterator[StudyReport]:
        if isinstance(event, Done):
            yield self._keep(event)
        elif event.key in self._lines:
            line = self._lines[event.key]
            line = replace(line, step=event.step, seconds=event.seconds, worker=event.worker)
            self._lines[event.key] = line
            yield RunChanged(line)

    def _keep(self, done: Done) -> RunChanged:
        study, result = self._job.study, done.outcome.result
        write_result(self._job.folder, result, done.outcome.model if study.keep_models else None)
        self._candidates.tell(result)
        self._lines.pop(result.key, None)
        line = RunLine.of(result, study.objective)
        self.failed += line.state is RunState.FAILED
        self.finished += line.state is RunState.FINISHED
        return RunChanged(line)


def _finished_before(
    runs: list[PlannedRun], study: StudySpec, planner: Planner, known: dict[str, RunResult]
) -> list[RunResult]:
    """Results of earlier sessions that belong to this study as it is now."""
    if not isinstance(study.space, Search):
        return [known[run.key] for run in runs if run.key in known and not known[run.key].failed]
    axes, found = set(study.space.axes), []
    for result in known.values():
        if not result.failed and set(result.settings) == axes:
            keys = {run.key for run in planner.runs(dict(result.settings))}
            if result.key in keys:
                found.append(result)
    return found
