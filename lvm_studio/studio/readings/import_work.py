"""What the import assistant lets another thread do: look at a file, read it to its end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lvm_studio.data.importing.profiles import PROFILES

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.importing.columns import ColumnMapping
    from lvm_studio.data.importing.job import ImportProgress, ImportReport
    from lvm_studio.data.importing.tables import Preview


@dataclass(frozen=True, eq=False)
class Look:
    """What a file (or the first of a folder) looks like; ``profile`` is a key, '' if unknown."""

    mapping: ColumnMapping
    profile: str
    preview: Preview


@dataclass(frozen=True)
class Order:
    """What is to be read, and where its rejected rows are to be listed."""

    path: Path
    mapping: ColumnMapping
    name: str
    temperature: Path | None
    profile: str
    rejected: Path


@dataclass(frozen=True, eq=False)
class Imported:
    """What came of an order."""

    households: HouseholdSet
    report: ImportReport


def look_at(path: Path, profile: str = "") -> Generator[Look, None, None]:
    """Guess how the file is to be read, from its beginning."""
    from lvm_studio.data.importing.guessing import guess
    from lvm_studio.data.importing.tables import preview

    found = guess(path, PROFILES[profile] if profile else None)
    yield Look(found.mapping, found.profile.key if found.profile else "", preview(path))


def read(order: Order) -> Generator[ImportProgress | Imported, None, None]:
    """Read to the end; a report a few times a second, so that nobody waits to cancel."""
    from lvm_studio.data.importing.job import read_readings

    result = yield from read_readings(
        order.path,
        order.mapping,
        name=order.name,
        temperature=order.temperature,
        rejected=order.rejected,
        profile=PROFILES.get(order.profile),
    )
    yield Imported(*result)
