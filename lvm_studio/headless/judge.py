"""How good a model is on the weeks that were held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lvm_studio.headless.workspaces import chosen_households, chosen_model
from lvm_studio.storage import workspace as workspace_file


def run(path: Path | None, seed: int, repeats: int) -> dict[str, Any]:
    """Judge the model of a workspace (the shipped one if None) against its two rivals.

    Returns the scores as rows, and as a table to read.
    """
    from lvm_studio.analysis.fidelity import heldout_table
    from lvm_studio.storage.start import starting_workspace

    workspace = workspace_file.load(path) if path else starting_workspace()
    file = path.name if path else "the shipped workspace"
    households, model = chosen_households(workspace, file), chosen_model(workspace, file)
    report = heldout_table(model, households, seed, repeats=repeats)
    rows = [
        {
            "predictor": row.predictor,
            **{
                metric: {"mean": estimate.mean, "standard_error": estimate.se}
                for metric, estimate in row.estimates.items()
            },
        }
        for row in report.rows()
    ]
    return {"seed": seed, "repeats": repeats, "rows": rows, "table": report.table()}
