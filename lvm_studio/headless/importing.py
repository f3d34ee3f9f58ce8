"""Meter readings into a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.data.importing.guessing import guess
from lvm_studio.data.importing.job import read_readings
from lvm_studio.data.importing.profiles import named_profile
from lvm_studio.data.jobs import result_of
from lvm_studio.data.quality import quality_summary
from lvm_studio.headless.train import settings
from lvm_studio.headless.workspaces import with_dataset
from lvm_studio.storage import workspace as workspace_file

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.importing.job import ImportReport
    from lvm_studio.headless.progress import Progress


@dataclass(frozen=True)
class ImportWishes:
    """What to import and how: '' and None leave it to the file.

    ``corrections`` are ``key=value`` pairs of the column mapping; ``rejected`` is a CSV file
    for the rows that are left out.
    """

    source: Path
    name: str = ""
    temperature: Path | None = None
    profile: str = ""
    rejected: Path | None = None
    corrections: tuple[str, ...] = ()


def run(wishes: ImportWishes, out: Path, progress: Progress) -> dict[str, Any]:
    """Import readings with their guessed mapping, as corrected; a workspace keeps what it holds."""
    households, report, profile = _read(wishes, progress)
    workspace_file.save(out, with_dataset(out, households))
    quality = quality_summary(households)
    return {
        "name": households.name,
        "profile": profile,
        "households": quality.households,
        "weeks": quality.whole_weeks,
        "rows": report.rows,
        "rejected": dict(report.rejected),
        "notes": list(report.notes),
        "quality": quality.sentences(),
        "out": str(out),
    }


def _read(wishes: ImportWishes, progress: Progress) -> tuple[HouseholdSet, ImportReport, str]:
    given = named_profile(wishes.profile) if wishes.profile else None
    found = guess(wishes.source, given)
    reading = read_readings(
        wishes.source,
        found.mapping.corrected(settings(wishes.corrections)),
        name=wishes.name or wishes.source.stem,
        temperature=wishes.temperature,
        rejected=wishes.rejected,
        profile=found.profile,
    )
    households, report = result_of(reading, lambda step: progress.say(step.sentence()))
    progress.done(report.sentences()[0])
    return households, report, found.profile.key if found.profile else ""
