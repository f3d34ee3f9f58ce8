"""A study of trainings that take a moment, and how to run one."""

from pathlib import Path
from typing import Any

from lvm_studio.data.london import load_london
from lvm_studio.engine.messages import Finished, Reports
from lvm_studio.engine.worker import Worker
from lvm_studio.studies.cluster import LocalCores
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.reports import RunChanged, RunLine, StudyEnd, StudyOpened
from lvm_studio.studies.spec import StudySpec

TINY = {"steps": 12, "eval_every": 4, "batch": 4, "model.hidden": 8, "device": "cpu"}


def small(**changes: Any) -> StudySpec:
    """Two sizes, two seeds."""
    values: dict[str, Any] = {
        "name": "small",
        "recipe": "sinusoid",
        "settings": TINY,
        "space": {"axes": {"model.latent_z": (2, 3)}},
        "seeds": 2,
    }
    return StudySpec.model_validate(values | changes)


def job(study: StudySpec, folder: Path, workers: int = 1) -> StudyJob:
    """On this machine, on the shipped data."""
    return StudyJob(study, LocalCores(workers=workers), folder, load_london())


def lines_of(job: StudyJob) -> tuple[dict[str, RunLine], StudyEnd]:
    """The last line of every run, and the end; driven in a process of its own, as a window does.

    dask keeps threads for as long as its process lives, and this one must have none left over.
    """
    lines: dict[str, RunLine] = {}
    with Worker(job) as worker:
        for message in worker.messages():
            for report in message.reports if isinstance(message, Reports) else ():
                if isinstance(report, StudyOpened):
                    lines |= {line.key: line for line in report.lines}
                elif isinstance(report, RunChanged):
                    lines[report.line.key] = report.line
    assert isinstance(worker.ending, Finished), worker.ending
    assert isinstance(worker.ending.result, StudyEnd)
    return lines, worker.ending.result
