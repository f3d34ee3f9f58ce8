"""Typed anomalies among the weeks of a workspace, or among the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lvm_studio.analysis.anomalies.job import AnomalyJob, TableOnDisk
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing.known_columns import with_columns
from lvm_studio.data.jobs import result_of
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.week_vectors import CONDITIONS
from lvm_studio.headless.places import check_place, check_workspace
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.workspaces import chosen_households
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.naming import free_name

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
    _refuse_what_does_not_go_together(wishes)
    if wishes.csv is not None:
        check_place(wishes.csv)
    if wishes.keep is not None:
        check_workspace(wishes.keep)
    data, model = _opened(wishes)
    told = wishes.condition or CONDITIONS
    job = AnomalyJob(data, model, wishes.steps, wishes.percentile, wishes.seed, told)
    findings = result_of(job.run(), lambda step: _say(step, progress))
    if wishes.csv is not None:
        findings.write_csv(wishes.csv)
    kept = {} if wishes.keep is None else {"model": _keep(wishes.file, wishes.keep, findings.model)}
    quarters = [str(quarter) for quarter in findings.quarter]
    return {
        "data": findings.title,
        "rows": len(findings.names),
        "percentile": wishes.percentile,
        "threshold_a": findings.limit_a,
        "threshold_b": findings.limit_b,
        "quarters": {name: quarters.count(name) for name in sorted(set(quarters))},
        "notes": list(findings.notes),
        **kept,
        "ranked": [findings.record(n) for n in range(min(wishes.top, len(findings.names)))],
    }


def _refuse_what_does_not_go_together(wishes: Wishes) -> None:
    """Say it before minutes of work, or it would be ignored.

    Raises:
        DataError: what is told of a workspace is told of a table, a model is told anew, or the
            ranking would take the place of its source.
    """
    if wishes.csv is not None and wishes.csv.resolve() == wishes.file.resolve():
        raise DataError(f"{wishes.csv} is what is searched; name another file for the ranking.")
    if wishes.file.suffix.lower() in TABLES:
        told = {name: getattr(wishes, name) for name in ("dataset", "known", "model", "keep")}
        wrong = ", ".join(f"--{name}" for name, value in told.items() if value)
        if wrong:
            raise DataError(f"{wishes.file.name} is a table; {wrong} goes with a workspace.")
    elif wishes.model and (wishes.condition or wishes.keep):
        raise DataError(
            f"'{wishes.model}' is told what it was told when it was trained, and is kept already; "
            "leave --condition and --keep away, or leave --model away to train one."
        )


def _opened(wishes: Wishes) -> tuple[HouseholdSet | TableOnDisk, Tree | None]:
    if wishes.file.suffix.lower() in TABLES:
        return TableOnDisk(wishes.file, wishes.condition), None
    workspace = workspace_file.load(wishes.file)
    if wishes.model and wishes.model not in workspace.models:
        known = ", ".join(workspace.models) or "none"
        raise DataError(f"{wishes.file.name} has no model '{wishes.model}'; it has {known}.")
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


def _say(step: Step, progress: Progress) -> None:
    if step.share > 0:  # before that the data is read; what is wrong with it comes alone
        progress.say(f"{100 * step.share:.0f} %: {step.sentence}")


def _keep(source: Path, out: Path, model: Tree) -> str:
    """Put the model into the workspace `out`, which keeps what it holds; a new one has the data.

    Returns its name there.
    """
    workspace = workspace_file.load(out if out.exists() else source)
    name = free_name(str(model["name"]), workspace.models)
    workspace_file.save(out, replace(workspace, models={**workspace.models, name: model}))
    return name
