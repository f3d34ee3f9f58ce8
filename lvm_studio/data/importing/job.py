"""Somebody's meter readings into a `HouseholdSet`, whatever their size.

Nothing is repaired: a row that cannot be used is left out, counted with its reason, shown in
the report (the first of each kind) and listed in a file if one is wished.
"""

from __future__ import annotations

import datetime
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.calendar import check_country
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet, Provenance, check_household_ids
from lvm_studio.data.importing.assembly import Assembly
from lvm_studio.data.importing.blocks import blocks, column_names, first_row, is_parquet
from lvm_studio.data.importing.columns import ColumnMapping
from lvm_studio.data.importing.intake import Intake, check_columns
from lvm_studio.data.importing.layouts import late_labels
from lvm_studio.data.importing.profiles import Profile
from lvm_studio.data.importing.rejects import Ledger, listing
from lvm_studio.data.importing.roster import Roster
from lvm_studio.data.importing.tables import table_files
from lvm_studio.data.importing.understanding import understand
from lvm_studio.data.importing.weather import read_temperature
from lvm_studio.data.jobs import result_of
from lvm_studio.data.quality import suspect_reasons
from lvm_studio.data.split import choose_split
from lvm_studio.data.units import STEP, STEP_MINUTES
from lvm_studio.data.weeks import cut_weeks


@dataclass(frozen=True)
class ImportProgress:
    """How far the reading is: a share of all bytes, and what came of the rows so far."""

    share: float
    rows: int
    rejected: int
    file: str

    def sentence(self) -> str:
        """One line for people to read."""
        return (
            f"{100 * self.share:.0f} % of {self.file}: {self.rows:,} readings, "
            f"{self.rejected:,} of them left out"
        )


@dataclass(frozen=True)
class ImportReport:
    """What became of the readings of a file.

    ``rows`` were there, ``accepted`` are in the set; ``rejected`` counts the others by reason,
    ``examples`` shows the first of each (row and content); ``notes`` say what was spread, what
    is missing and what looks stuck.
    """

    rows: int
    accepted: int
    rejected: Mapping[str, int]
    examples: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """The report for people to read."""
        return [
            f"{self.accepted:,} of {self.rows:,} readings were taken over.",
            *(
                f"{count:,} left out: {reason} (first: {self.examples[reason]})."
                for reason, count in self.rejected.items()
            ),
            *self.notes,
        ]


def import_readings(
    path: Path,
    mapping: ColumnMapping,
    *,
    name: str,
    temperature: Path | None = None,
    seed: int = 0,
    rejected: Path | None = None,
    profile: Profile | None = None,
) -> tuple[HouseholdSet, ImportReport]:
    """Read a file or a folder of files to its end; arguments as for `read_readings`."""
    reading = read_readings(
        path,
        mapping,
        name=name,
        temperature=temperature,
        seed=seed,
        rejected=rejected,
        profile=profile,
    )
    return result_of(reading)


def read_readings(
    path: Path,
    mapping: ColumnMapping,
    *,
    name: str,
    temperature: Path | None = None,
    seed: int = 0,
    rejected: Path | None = None,
    profile: Profile | None = None,
) -> Generator[ImportProgress, None, tuple[HouseholdSet, ImportReport]]:
    """Read a CSV or Parquet file, or a folder of them, as `mapping` says.

    Reports a few times a second how far it is; closing it between two reports cancels. Memory
    holds one block of a few megabytes and the grid of the result.

    Args:
        path: a file, or a folder whose tables are read one after the other.
        name: of the set.
        temperature: a CSV of time and °C.
        seed: chooses what is held out.
        rejected: a CSV file to write, with every rejected row and its reason.
        profile: says whose data these are, for the provenance.

    Raises:
        DataError: with the file, the row or the column, and what to do, if nothing whole
            comes out.
    """
    check_country(mapping.country)
    if temperature is not None:
        table_files(temperature)  # told before minutes of work
    if rejected is not None:
        _keep_apart(rejected, path)
    with listing(rejected) as list_to:
        intake = yield from _take_in(path, mapping, Ledger(mapping, list_to=list_to))
        assembly = Assembly(intake)
        if not intake.grids:
            raise DataError(f"No row of {path.name} can be used: {_why(_report(intake, []))}.")
        ids = _checked_ids(intake.roster.ids, path)
        power_w, first = assembly.power_w()
    report = _report(intake, _notes(assembly))
    start = np.datetime64(first * STEP_MINUTES, "m")
    temperature_c = _temperature(intake, temperature, start, power_w.shape[1])
    drawn = _Drawn(ids, power_w, start, temperature_c, intake.roster.metadata())
    return _make_set(path, mapping, name, drawn, report, seed, profile), report


def _keep_apart(rejected: Path, readings: Path) -> None:
    """Refuse a list that would take the place of readings, or be read as such next time."""
    place, source = rejected.resolve(), readings.resolve()
    if source in (place, place.parent):
        raise DataError(
            f"{rejected} lies where the readings are; choose another place for rejected rows."
        )


def _take_in(
    path: Path, mapping: ColumnMapping, ledger: Ledger
) -> Generator[ImportProgress, None, Intake]:
    files = table_files(path)
    ledger.several = len(files) > 1
    intake = Intake(mapping, ledger, Roster(dict(mapping.labels)))
    sizes = [max(file.stat().st_size, 1) for file in files]
    for number, file in enumerate(files):
        before = sum(sizes[:number])
        for share in _take_file(intake, file):
            done = (before + share * sizes[number]) / sum(sizes)
            yield ImportProgress(done, intake.rows, ledger.total, path.name)
    intake.finish()
    return intake


def _take_file(intake: Intake, file: Path) -> Generator[float, None, None]:
    """Take in one file; yields the share of it that is done."""
    mapping = intake.mapping
    check_columns(column_names(file), mapping, file.name)
    late = () if is_parquet(file) else late_labels(mapping)
    columns = [column for column in mapping.read_columns if column not in late]
    work = partial(understand, mapping=mapping, path=file)
    try:
        row = first_row(file)
        for portion in blocks(file, columns, work):
            for readings in portion.readings:
                intake.take(readings, row, file.name)
            row += portion.rows
            yield portion.done
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{file.name} cannot be read to its end ({said}); copy or export it again."
        ) from None


def _checked_ids(ids: list[str], path: Path) -> tuple[str, ...]:
    try:
        check_household_ids(ids)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None
    return tuple(ids)


def _report(intake: Intake, notes: list[str]) -> ImportReport:
    ledger = intake.ledger
    accepted = intake.rows - ledger.total
    return ImportReport(
        intake.rows, accepted, dict(ledger.rejected), dict(ledger.examples), tuple(notes)
    )


def _notes(assembly: Assembly) -> list[str]:
    """What was done to readings that were taken, and what looks wrong with them."""
    spread = [
        f"{count:,} readings of {minutes} minutes were spread evenly over the half-hours they "
        "cover: their shape within is not known."
        for minutes, count in sorted(assembly.intake.spread.items())
    ]
    if assembly.overlaps:
        spread.append(
            f"{assembly.overlaps:,} half-hours came in two steps; the finer one was taken."
        )
    return [*spread, *assembly.faults.sentences()]


def _temperature(
    intake: Intake, path: Path | None, start: np.datetime64, steps: int
) -> NDArray[np.float32]:
    if path is not None:
        return read_temperature(path, intake.mapping.time_zone, start, steps)
    found = np.full(steps, np.nan, np.float32)
    first = int(start.astype(np.int64)) // STEP_MINUTES
    for half, (total, count) in intake.celsius.items():
        if 0 <= half - first < steps:
            found[half - first] = total / count
    return found


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What was read: ids [H], power [H, T] in W from `start`, °C [T], metadata [H]."""

    ids: tuple[str, ...]
    power_w: NDArray[np.float32]
    start: np.datetime64
    temperature_c: NDArray[np.float32]
    metadata: Mapping[str, NDArray[np.generic]]


def _make_set(
    path: Path,
    mapping: ColumnMapping,
    name: str,
    drawn: _Drawn,
    report: ImportReport,
    seed: int,
    profile: Profile | None,
) -> HouseholdSet:
    """The set of what was read; DataError where no week of any household is whole."""
    weeks = cut_weeks(drawn.power_w, drawn.temperature_c, drawn.start)
    if not weeks.complete.any():
        end = drawn.start + drawn.power_w.shape[1] * STEP
        gaps = ": every week has gaps" if weeks.ids else ""
        why = f"left out: {_why(report)}; mend these rows, " if report.rejected else ""
        raise DataError(
            f"{path.name} holds no whole week, Monday to Sunday in UTC, of any household "
            f"({drawn.start} to {end}){gaps}; {why}fill the gaps, or import a longer stretch."
        )
    suspect = suspect_reasons(drawn.power_w)
    return HouseholdSet(
        name=name,
        household_ids=drawn.ids,
        power_w=drawn.power_w,
        start=drawn.start,
        metadata={**drawn.metadata, "suspect": suspect},
        temperature_c=drawn.temperature_c,
        time_zone=mapping.home,
        country=mapping.country,
        split=choose_split(drawn.ids, weeks.ids, suspect != "", weeks.complete, seed=seed),
        provenance=_provenance(path, mapping, report, profile),
    )


def _provenance(
    path: Path, mapping: ColumnMapping, report: ImportReport, profile: Profile | None
) -> Provenance:
    """Where a set comes from; licence and attribution are known of profiles alone."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Provenance(
        source=profile.source if profile else path.name,
        licence=profile.licence if profile else "",
        attribution=profile.attribution if profile else "",
        unit=mapping.unit,
        interval=mapping.interval,
        imported=now,
        notes=" ".join(report.sentences()),
    )


def _why(report: ImportReport) -> str:
    return "; ".join(
        f"{reason} ({count} rows, first: {report.examples[reason]})"
        for reason, count in report.rejected.items()
    )
