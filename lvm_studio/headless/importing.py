"""Meter readings into a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lvm_studio.data.importing import guess_mapping, import_readings
from lvm_studio.data.quality import quality_summary
from lvm_studio.headless.train import settings
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.workspace import Workspace


def run(
    source: Path, out: Path, name: str, temperature: Path | None, corrections: list[str]
) -> dict[str, Any]:
    """Import `source` with its guessed mapping, corrected by ``key=value`` pairs."""
    mapping = guess_mapping(source).corrected(settings(corrections))
    households, report = import_readings(
        source, mapping, name=name or source.stem, temperature=temperature
    )
    state = starting_state(households.name, households, model="")
    workspace = Workspace(datasets={households.name: households}, street=state.to_tree())
    workspace_file.save(out, workspace)
    return {
        "name": households.name,
        "households": len(households.household_ids),
        "weeks": len(households.weeks.ids),
        "rows": report.rows,
        "rejected": dict(report.rejected),
        "quality": quality_summary(households).sentences(),
        "out": str(out),
    }
