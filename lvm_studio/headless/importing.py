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
from lvm_studio.headless.places import check_workspace
from lvm_studio.headless.train import settings
from lvm_studio.headless.workspaces import keep_households

if TYPE_CHECKING:
    from lvm_studio.data.importing.columns import ColumnMapping
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
    check_workspace(out)
    given = named_profile(wishes.profile) if wishes.profile else None
    found = guess(wishes.source, given)
    mapping = found.mapping.corrected(settings(wishes.corrections))
    reading = read_readings(
        wishes.source,
        mapping,
        name=wishes.name or wishes.source.stem,
        temperature=wishes.temperature,
        rejected=wishes.rejected,
        profile=found.profile,
    )
    households, report = result_of(reading, lambda step: progress.say(step.sentence()))
    progress.done(report.sentences()[0])
    name = keep_households(out, households)
    quality = quality_summary(households)
    return {
        "name": name,
        "profile": found.profile.key if found.profile else "",
        "read_as": read_as(mapping),
        "households": quality.households,
        "weeks": quality.whole_weeks,
        "rows": report.rows,
        "rejected": dict(report.rejected),
        "notes": list(report.notes),
        "quality": quality.sentences(),
        "out": str(out),
    }


def read_as(mapping: ColumnMapping) -> str:
    """What was taken for granted of times and values: a wrong guess shows nowhere else.

    >>> from lvm_studio.data.importing.columns import make_mapping
    >>> read_as(make_mapping({"layout": "files", "time": "t", "value": "P", "unit": "kW"}))
    "times of 't' as iso, UTC where no offset is written, start of their step; values in kW"
    """
    zone = f"{mapping.time_zone} where no offset is written"
    steps = "moment of the count" if mapping.cumulative else f"{mapping.interval} of their step"
    columns = f"'{mapping.time}'" + (f" and '{mapping.clock}'" if mapping.clock else "")
    return f"times of {columns} as {mapping.time_format}, {zone}, {steps}; values in {mapping.unit}"
