"""A study of trainings that take a moment, and how to run one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lvm_studio.data.london import load_london
from lvm_studio.studies.cluster import LocalCores
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.reports import RunChanged, RunLine, StudyEnd, StudyOpened, StudyReport
from lvm_studio.studies.spec import StudySpec

TINY = {"steps": 12, "eval_every": 4, "batch": 4, "model.hidden": 8, "device": "cpu"}


def small(**changes: Any) -> StudySpec:
    """Two sizes, two seeds."""
    values: dict[str, Any] = {
        "name": "small",
        "recipe": "vae",
        "settings": TINY,
        "space": {"axes": {"model.latent_z": (2, 3)}},
        "seeds": 2,
    }
    return StudySpec.model_validate(values | changes)


def job(study: StudySpec, folder: Path, workers: int = 1) -> StudyJob:
    """On this machine, on the shipped data."""
    return StudyJob(study, LocalCores(workers=workers), folder, load_london())


def lines_of(reports: Iterator[StudyReport]) -> tuple[dict[str, RunLine], StudyEnd]:
    """The last line of every run, and the end."""
    lines: dict[str, RunLine] = {}
    for report in reports:
        if isinstance(report, StudyOpened):
            lines |= {line.key: line for line in report.lines}
        elif isinstance(report, RunChanged):
            lines[report.line.key] = report.line
        elif isinstance(report, StudyEnd):
            return lines, report
    raise AssertionError("the study has no end")
