"""How good a model is on the weeks that were held out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.analysis.report_card.job import CardJob
from lvm_studio.analysis.report_card.page import html
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.data.jobs import result_of
from lvm_studio.headless.places import check_place
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.workspaces import chosen_households, chosen_model, chosen_tree
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.atomic import write_text
from lvm_studio.storage.start import starting_workspace

if TYPE_CHECKING:
    from lvm_studio.analysis.judging.report import Estimate
    from lvm_studio.analysis.judging.truth import TruthReport
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.workspace import Workspace

SUMS_PER_TRUE_ONE = 25
"""A sum judged by the exact law tells as much as many judged by one measured curve each."""


def run(path: Path | None, seed: int, repeats: int, progress: Progress) -> dict[str, Any]:
    """Judge the model of a workspace (the shipped one if None) against its two rivals.

    On a simulated street it is judged by the street's exact law instead. Returns the scores as
    rows, and as a table to read.
    """
    from lvm_studio.analysis.judging.fidelity import heldout_table

    workspace, file = _open(path)
    households, model = chosen_households(workspace, file), chosen_model(workspace, file)
    if households.provenance.simulated:
        return _by_truth(model, households, seed, repeats, progress)
    report = heldout_table(model, households, seed, repeats=repeats)
    rows = [
        {
            "predictor": row.predictor,
            **{metric: _estimate(estimate) for metric, estimate in row.estimates.items()},
        }
        for row in report.rows()
    ]
    return {"seed": seed, "repeats": repeats, "rows": rows, "table": report.table()}


def run_card(path: Path | None, spec: CardSpec, out: Path, progress: Progress) -> dict[str, Any]:
    """Make the report card of the model of a workspace, and write it to `out` as HTML.

    Returns all that is in it, and the verdicts as lines to read.

    Raises:
        DataError: no data, no CompVAE, or `out` cannot be written.
    """
    check_place(out)
    workspace, file = _open(path)
    job = CardJob(chosen_tree(workspace, file), chosen_households(workspace, file), spec)
    card = result_of(job.run(), lambda report: _say(report, progress))
    write_text(out, html(card))
    verdicts = [f"{one.verdict}: {one.title}. {one.words}" for one in card.findings]
    return {
        "seed": spec.seed,
        "repeats": spec.repeats,
        "card": json.loads(card.to_json()),
        "summary": card.summary(),
        "verdicts": verdicts,
        "out": str(out),
    }


def _by_truth(
    model: TrainedModel, street: HouseholdSet, seed: int, repeats: int, progress: Progress
) -> dict[str, Any]:
    from lvm_studio.analysis.judging.truth import TruthSpec, truth_of_model

    sums = math.ceil(repeats / SUMS_PER_TRUE_ONE)
    spec = TruthSpec(seed=seed, repeats=sums, k_range=_sizes(model))

    def tell(done: tuple[int, int]) -> None:
        progress.say(f"simulated street against its law: {done[0]} of {done[1]} sums")

    report = result_of(truth_of_model(model, street, spec), tell)
    title = (
        f"{street.name}: simulated, judged by its exact law in {len(report.weeks)} weeks, "
        f"sums of {spec.k_range[0]} to {spec.k_range[1]} households"
    )
    return {
        "seed": seed,
        "repeats": spec.repeats,
        "simulated": True,
        "rows": [_true_row(report, name) for name in report.predictors],
        "table": "\n".join([title, *report.lines()]),
    }


def _sizes(model: TrainedModel) -> tuple[int, int]:
    """From a third of the largest sum that the model was trained on up to that."""
    from lvm_studio.training.spec import TrainSpec

    trained = TrainSpec.model_validate_json(str(model.provenance["train_spec"]))
    return max(1, trained.k_max // 3), trained.k_max


def _true_row(report: TruthReport, name: str) -> dict[str, Any]:
    measured = {
        "energy_score": report.mean(report.energy, name),
        "energy_score_over_truth": report.ratio(name),
        "same_labels_over_independent": report.same_over_independent(name),
        "same_labels_over_truth": report.same_against_truth(name),
        "bias_kw": report.mean(report.bias, name),
        "spread_over_truth": report.mean(report.spread, name),
    }
    return {"predictor": name, **{key: _estimate(one) for key, one in measured.items()}}


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"mean": estimate.mean, "standard_error": _known(estimate.se)}


def _say(report: CardProgress, progress: Progress) -> None:
    left = report.seconds_left
    time_left = "" if left is None else f", about {left:.0f} s left"
    progress.say(f"{report.stage}: {100 * report.share:.0f} %{time_left}")


def _open(path: Path | None) -> tuple[Workspace, str]:
    """The workspace (the shipped one if None), and how to call it."""
    if path is None:
        return starting_workspace(), "the shipped workspace"
    return workspace_file.load(path), path.name


def _known(value: float) -> float | None:
    """JSON has no nan: of one week the error is unknown."""
    return value if math.isfinite(value) else None
