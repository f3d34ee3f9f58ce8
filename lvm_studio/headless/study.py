"""Running a study, here or on a cluster, and saying what it found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.data.errors import DataError
from lvm_studio.headless.workspaces import chosen_households
from lvm_studio.storage.atomic import write_text
from lvm_studio.studies.cluster import LocalCores, Place, Scheduler, all_cores
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.plan import label
from lvm_studio.studies.reports import RunChanged, RunLine, RunState, StudyEnd, StudyOpened
from lvm_studio.studies.results import study_folder
from lvm_studio.studies.spec import StudySpec, shipped_studies, study_named
from lvm_studio.studies.summary import CandidateSummary, results_csv, summarise
from lvm_studio.training.recipes import recipe_named

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.headless.progress import Progress

RESULTS = "results.csv"


@dataclass(frozen=True)
class StudyWishes:
    """What the command line says of a study.

    Args:
        name: of a shipped study, or a .toml or .json file.
        workers: processes on this machine, None for one a core.
        scheduler: address of a cluster, '' for this machine.
        out: folder of the results, None for one of the program's own.
        workspace: where the data are, None for the shipped ones.
    """

    name: str
    workers: int | None = None
    scheduler: str = ""
    out: Path | None = None
    workspace: Path | None = None

    def place(self) -> Place:
        """Where to compute.

        Raises:
            DataError: both are asked for.
        """
        if self.scheduler and self.workers is not None:
            raise DataError(
                "--workers starts processes here, --scheduler uses a cluster; give one of them."
            )
        if self.scheduler:
            return Scheduler(address=self.scheduler)
        return all_cores() if self.workers is None else LocalCores(workers=self.workers)


def listed() -> dict[str, str]:
    """The shipped studies and what they ask."""
    return {
        name: f"{study.heading}, {study.size} runs: {study.description}"
        for name, study in shipped_studies().items()
    }


def run(wishes: StudyWishes, progress: Progress) -> dict[str, Any]:
    """Run what is missing of a study; return what all of it found."""
    study, place = study_named(wishes.name), wishes.place()
    folder = wishes.out or study_folder(study.name)
    households = _households(study, wishes.workspace)
    lines, end = _follow(StudyJob(study, place, folder, households), progress)
    write_text(folder / RESULTS, results_csv(list(lines.values())))
    failed = [line for line in lines.values() if line.state is RunState.FAILED]
    found = summarise(study, lines.values())
    return {
        "study": study.name,
        "runs": len(lines),
        "finished": end.finished,
        "of_earlier_sessions": end.again,
        "failed": [f"{line.label}, seed {line.seed}: {line.sentence}" for line in failed],
        "objective": study.objective,
        "best": _words(found[0]) if found and math.isfinite(found[0].mean) else None,
        "candidates": [_row(candidate) for candidate in found],
        "seconds": round(end.seconds, 3),
        "workers": end.workers,
        "runs_per_hour": round(end.runs_per_hour, 1),
        "out": str(folder),
    }


def table(result: dict[str, Any]) -> list[str]:
    """The result in lines that a person reads."""
    count = f"{result['finished']} of {result['runs']} runs finished"
    if result["of_earlier_sessions"]:
        count += f", {result['of_earlier_sessions']} of them in earlier sessions"
    lines = [f"{result['study']}: {count}, {result['seconds']:.0f} s, workers: {result['workers']}"]
    for row in result["candidates"]:
        mean = "–" if row["mean"] is None else f"{row['mean']:.4g}"
        error = "" if row["standard_error"] is None else f" ± {row['standard_error']:.2g}"
        lines.append(f"  {label(row['settings'])}: {mean}{error} (n = {row['seeds']})")
    lines += [f"failed: {sentence}" for sentence in result["failed"]]
    return [*lines, f"out: {result['out']}"]


def _households(study: StudySpec, source: Path | None) -> HouseholdSet | None:
    if not recipe_named(study.recipe).spec.needs_households:
        return None
    if source is None:
        from lvm_studio.data.london import load_london

        return load_london()
    from lvm_studio.storage import workspace as workspace_file

    return chosen_households(workspace_file.load(source), source.name)


def _follow(job: StudyJob, progress: Progress) -> tuple[dict[str, RunLine], StudyEnd]:
    """Run the job to its end, saying now and then how far it is."""
    lines: dict[str, RunLine] = {}
    total = job.study.size
    for report in job.run():
        if isinstance(report, StudyOpened):
            lines = {line.key: line for line in report.lines}
            progress.done(f"runs: {total}; workers on {report.where}: {report.workers}")
        elif isinstance(report, RunChanged):
            lines[report.line.key] = report.line
            if report.line.state is RunState.FAILED:
                progress.done(f"failed: {report.line.label}: {report.line.sentence}")
            progress.say(_sentence(lines, total))
        elif isinstance(report, StudyEnd):
            return lines, report
    raise DataError("The study ended without a word.")


def _sentence(lines: dict[str, RunLine], total: int) -> str:
    states = [line.state for line in lines.values()]
    running = [f"step {li.step}" for li in lines.values() if li.state is RunState.RUNNING]
    ended = sum(state.ended for state in states)
    return f"{ended} of {total} runs have ended, {len(running)} are running ({', '.join(running)})"


def _row(candidate: CandidateSummary) -> dict[str, Any]:
    return {
        "settings": dict(candidate.settings),
        "mean": candidate.mean if math.isfinite(candidate.mean) else None,
        "standard_error": candidate.error if math.isfinite(candidate.error) else None,
        "seeds": candidate.seeds,
        "failed": candidate.failed,
    }


def _words(candidate: CandidateSummary) -> str:
    spread = f" ± {candidate.error:.2g}" if math.isfinite(candidate.error) else ""
    return f"{candidate.label}: {candidate.mean:.4g}{spread}"
