"""Typed anomalies among the weeks of a workspace, or among the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob, TableOnDisk
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing.known_columns import with_columns
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.week_vectors import CONDITIONS
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.workspaces import chosen_households
from lvm_studio.storage import workspace as workspace_file

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


@dataclass(frozen=True)
class Wishes:
    """What the command line says.

    Args:
        file: a workspace, or a table of vectors.
        dataset: name of a household set of the workspace; empty for the one in use.
        condition: what the model is told: columns of the table, or what weeks can be told
            (`data.week_conditions`); none: weather, season and each household's own past.
        known: a table that names households, whose columns can be told too.
        model: name of a model of the workspace that measures; empty trains one.
        keep: workspace file to write the model to.
        csv: file for the whole ranked table.
        top: rows that are told.
    """

    file: Path
    dataset: str = ""
    condition: tuple[str, ...] = ()
    known: Path | None = None
    model: str = ""
    keep: Path | None = None
    csv: Path | None = None
    top: int = 20
    steps: int = 1500
    percentile: float = 98.0
    seed: int = 0


def run(wishes: Wishes, progress: Progress) -> dict[str, Any]:
    """Find them; returns the thresholds and the first rows of the ranked table.

    Raises:
        DataError: nothing to look at, a name that is not there, or a file that cannot be written.
    """
    data, model = _opened(wishes)
    told = wishes.condition or CONDITIONS
    job = AnomalyJob(data, model, wishes.steps, wishes.percentile, wishes.seed, told)
    findings = _found(job, progress)
    if wishes.csv is not None:
        findings.write_csv(wishes.csv)
    if wishes.keep is not None:
        _keep(wishes, findings)
    quarters = [str(quarter) for quarter in findings.quarter]
    return {
        "data": findings.title,
        "rows": len(findings.names),
        "percentile": wishes.percentile,
        "threshold_a": findings.limit_a,
        "threshold_b": findings.limit_b,
        "quarters": {name: quarters.count(name) for name in sorted(set(quarters))},
        "notes": list(findings.notes),
        "ranked": [findings.record(n) for n in range(min(wishes.top, len(findings.names)))],
    }


def _opened(wishes: Wishes) -> tuple[HouseholdSet | TableOnDisk, Tree | None]:
    if wishes.file.suffix.lower() in TABLES:
        return TableOnDisk(wishes.file, wishes.condition), None
    workspace = workspace_file.load(wishes.file)
    if wishes.model and wishes.model not in workspace.models:
        raise DataError(f"{wishes.file.name} holds no model '{wishes.model}'.")
    if wishes.dataset and wishes.dataset not in workspace.datasets:
        known = ", ".join(workspace.datasets) or "none"
        raise DataError(f"{wishes.file.name} has no data set '{wishes.dataset}'; it has {known}.")
    data = (
        workspace.datasets[wishes.dataset]
        if wishes.dataset
        else chosen_households(workspace, wishes.file.name)
    )
    if wishes.known is not None:
        data = with_columns(data, wishes.known)
    return data, workspace.models[wishes.model] if wishes.model else None


def _found(job: AnomalyJob, progress: Progress) -> Findings:
    steps = job.run()
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            findings: Findings = end.value
            return findings
        if step.share > 0:  # before that the data is read; what is wrong with it comes alone
            progress.say(f"{step.share:.0%}: {step.sentence}")


def _keep(wishes: Wishes, findings: Findings) -> None:
    assert wishes.keep is not None
    source = wishes.file
    if source.suffix.lower() in TABLES:
        raise DataError("A model is kept in a workspace; this search read a table.")
    workspace = workspace_file.load(source)
    models = {**workspace.models, str(findings.model["name"]): findings.model}
    workspace_file.save(wishes.keep, replace(workspace, models=models))
