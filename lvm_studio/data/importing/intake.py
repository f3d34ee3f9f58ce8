"""Takes readings in, a frame at a time, and keeps them on grids of households and time.

Every row either lands in a cell or is rejected with a reason; the order of the checks is the
order of the reasons. Texts are touched again only where a row is rejected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.blocks import EXTRA
from lvm_studio.data.importing.clocks import NEVER, TWICE, clock
from lvm_studio.data.importing.columns import STEPS, ColumnMapping
from lvm_studio.data.importing.grid import Collisions, GridTooLargeError, ReadingGrid
from lvm_studio.data.importing.half_hours import part_minutes
from lvm_studio.data.importing.numbers import read_numbers
from lvm_studio.data.importing.rejects import Ledger
from lvm_studio.data.importing.roster import Roster
from lvm_studio.data.importing.tables import ROW
from lvm_studio.data.importing.understanding import Understood
from lvm_studio.data.units import STEP_MINUTES

_ISO_DURATION = re.compile(r"\s*(?:PT?)?(\d+)\s*(M|H|MIN|S)?\s*", re.IGNORECASE)
_MINUTES_PER = {"": 1.0, "M": 1.0, "MIN": 1.0, "H": 60.0, "S": 1 / 60}
_DAY = 86_400
_MOST_YEARS = 25  # no meter measures longer; a wrong year is farther away
_REPEATED = "repeats an earlier row"
_DIFFERING = "one time with different values"
_UNCLEAR = "a time that comes twice in autumn, given once"


@dataclass
class _Rows:
    """A frame's rows, numbered in the file from `first`; ``alive`` [n] are not yet rejected."""

    frame: pl.DataFrame
    first: int
    file: str
    ledger: Ledger
    alive: NDArray[np.bool_]

    def at(self, rows: NDArray[np.bool_]) -> pl.DataFrame:
        """Some rows, with their numbers in the file."""
        return self.frame[np.flatnonzero(rows)].with_columns(pl.col(ROW) + self.first)

    def reject(self, bad: NDArray[np.bool_], reason: str, column: str = "value") -> None:
        """Take the rows where `bad` out, under this reason."""
        bad = bad & self.alive
        if bad.any():
            if self.ledger.only_counts(reason):
                self.ledger.count(int(bad.sum()), reason)
            else:
                self.ledger.reject(self.at(bad), self.file, reason, column)
            self.alive &= ~bad


@dataclass(frozen=True, eq=False)
class _Readings:
    """What rows say [n]: ``moment`` in s since 1970, ``step`` in minutes, ``register`` a name.

    The moment is UTC, or the local time where that comes twice.
    """

    household: NDArray[np.int64]
    moment: NDArray[np.int64]
    value: NDArray[np.float64]
    step: NDArray[np.int64]
    register: NDArray[np.str_]

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> _Readings:
        """Those of some rows."""
        return _Readings(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass
class Intake:
    """What has come in so far.

    ``grids`` maps (register, minutes of a cell) to readings in W (of a counter: in its own
    unit, by (register, its step)); ``spread`` counts readings longer than half an hour by their
    step; ``first`` and ``last`` are minutes since 1970 (UTC) of the first and after the last.
    """

    mapping: ColumnMapping
    ledger: Ledger
    roster: Roster
    rows: int = 0
    grids: dict[tuple[str, int], ReadingGrid] = field(default_factory=dict)
    spread: dict[int, int] = field(default_factory=dict)
    celsius: dict[int, tuple[float, int]] = field(default_factory=dict)
    first: int = np.iinfo(np.int64).max
    last: int = np.iinfo(np.int64).min
    _doubtful: list[tuple[pl.DataFrame, str, _Readings]] = field(default_factory=list)
    _falls: int = 0
    _rises: int = 0

    def take(self, said: Understood, first_row: int, file: str) -> None:
        """Take over what can be used of rows whose block begins at a row of a file."""
        count = said.frame.height
        self.rows += count
        rows = _Rows(said.frame, first_row, file, self.ledger, np.ones(count, np.bool_))
        self._check_kind(rows, said)
        household = self.roster.number(said.names, said.labels_at)
        rows.reject(household < 0, "no household name", "household")
        step = self._steps(rows)
        self._check_values(rows, said)
        utc, local, kind = self._moments(rows, said, household)
        readings = _Readings(household, utc, said.numbers, step, self._registers(rows))
        twice = rows.alive & (kind == TWICE)
        if twice.any():
            unclear = replace(readings, moment=local).at(twice)
            self._doubtful.append((rows.at(twice), file, unclear))
            rows.alive &= ~twice
        if self.mapping.temperature:
            self._note_temperature(rows, utc)
        self._place(rows, readings)

    def finish(self) -> None:
        """Place the readings whose time comes twice; after this nothing more may come."""
        if not self._doubtful:
            return
        every = [readings for _, _, readings in self._doubtful]
        second, alone = _turns(every, falling=self._falls > self._rises)
        ends = np.cumsum([len(readings.moment) for readings in every])[:-1]
        for (frame, file, readings), later, lonely in zip(
            self._doubtful, np.split(second, ends), np.split(alone, ends), strict=True
        ):
            rows = _Rows(frame, 0, file, self.ledger, np.ones(frame.height, np.bool_))
            rows.reject(lonely, _UNCLEAR, "time")
            changing = clock(self.mapping.time_zone)
            early, late = changing.to_utc(readings.moment)[0], changing.later(readings.moment)
            self._place(rows, replace(readings, moment=np.where(later, late, early)))
        self._doubtful.clear()

    # What a row says ------------------------------------------------------------------------

    def _check_kind(self, rows: _Rows, said: Understood) -> None:
        """Rows that are torn, or are no consumption at all."""
        if said.torn is not None:
            rows.reject(said.torn, "more fields than the header", EXTRA)
        for column, kept in self.mapping.keep.items():
            kind = rows.frame[column].cast(pl.String).str.strip_chars()
            other = ~kind.is_in(list(kept)).fill_null(value=False).to_numpy()
            rows.reject(other, f"'{column}' is not {' or '.join(kept)}", column)

    @staticmethod
    def _check_values(rows: _Rows, said: Understood) -> None:
        if said.nothing is not None:
            rows.reject(said.nothing, "no value")
            rows.reject(~np.isfinite(said.numbers), "not a number")
        rows.reject(said.numbers < 0, "negative value")

    def _moments(
        self, rows: _Rows, said: Understood, household: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
        """Stamps in UTC and on the file's clock, in s since 1970, and what kind they are."""
        seconds, zoned = said.seconds, said.zoned
        rows.reject(~said.read, "not a time", "time")
        if self.mapping.midnight_ends_its_day:
            seconds = np.where(seconds % _DAY == 0, seconds + _DAY, seconds)
        if self.mapping.layout == "days":
            seconds = seconds + rows.frame["minute"].to_numpy().astype(np.int64) * 60
        if zoned.all() or not len(clock(self.mapping.time_zone).edges):
            fixed = clock(self.mapping.time_zone).to_utc(seconds)[0]
            utc = np.where(zoned, seconds, fixed) if zoned.any() else fixed
            return utc, seconds, np.zeros(len(utc), np.int8)
        utc, kind = clock(self.mapping.time_zone).to_utc(seconds)
        utc, kind = np.where(zoned, seconds, utc), np.where(zoned, 0, kind).astype(np.int8)
        rows.reject(kind == NEVER, "a time that clocks skip in spring", "time")
        onward = np.diff(seconds)[np.diff(household) == 0]
        self._falls += int((onward < 0).sum())
        self._rises += int((onward > 0).sum())
        return utc, seconds, kind

    def _steps(self, rows: _Rows) -> NDArray[np.int64]:
        """The interval of each reading, in minutes."""
        column = self.mapping.step
        if not column:
            return np.full(rows.frame.height, self.mapping.reading_minutes, np.int64)
        said = rows.frame[column].cast(pl.String).fill_null("")
        each = said.unique()
        minutes = pl.Series([_minutes_of(text) for text in each], dtype=pl.Int64)
        steps = said.replace_strict(each, minutes, return_dtype=pl.Int64).to_numpy()
        rows.reject(steps == 0, "not a step that fits half-hours", column)
        return np.where(steps == 0, STEP_MINUTES, steps)

    def _registers(self, rows: _Rows) -> NDArray[np.str_]:
        column = self.mapping.parts
        if not column:
            return np.zeros(rows.frame.height, "U1")
        return rows.frame[column].cast(pl.String).fill_null("").to_numpy().astype(np.str_)

    # Where it goes --------------------------------------------------------------------------

    def _place(self, rows: _Rows, readings: _Readings) -> None:
        """Put rows on the grid of their register and step."""
        registers = np.unique(readings.register).tolist() if self.mapping.parts else [""]
        steps = np.unique(readings.step).tolist() if self.mapping.step else readings.step[:1]
        for minutes in map(int, steps):
            cell = minutes if self.mapping.cumulative else part_minutes(minutes)
            same = readings.step == minutes
            off = same & (readings.moment % (cell * 60) != 0)
            rows.reject(off, f"not on a {cell}-minute mark", "time")
            for register in registers:
                chosen = rows.alive & same
                if self.mapping.parts:
                    chosen &= readings.register == register
                at = np.flatnonzero(chosen)
                if len(at):
                    part = readings if len(at) == len(chosen) else readings.at(at)
                    self._put(rows, at, part, (register, cell), minutes)

    def _put(
        self,
        rows: _Rows,
        at: NDArray[np.int64],
        part: _Readings,
        key: tuple[str, int],
        minutes: int,
    ) -> None:
        """Put the rows `at`, all of one step and one register."""
        cell = key[1]
        start = part.moment // 60
        if self.mapping.interval == "end" and self._has_intervals:
            start = start - minutes
        who, cells, amounts = part.household, start // cell, part.value
        times = 1
        if not self.mapping.cumulative:
            amounts, times = self._watts(amounts, minutes), minutes // cell
        if times > 1:
            self.spread[minutes] = self.spread.get(minutes, 0) + len(at)
            cells = (cells[:, None] + np.arange(times)).reshape(-1)
            who, amounts = np.repeat(who, times), np.repeat(amounts, times)
        try:
            met = self._grid(key).put(who, cells, amounts)
        except GridTooLargeError:
            raise _too_far(rows, at, start) from None
        self.first = min(self.first, int(start.min()))
        self.last = max(self.last, int(start.max()) + minutes)
        self._count(rows, at, times, met, cell)

    @property
    def _has_intervals(self) -> bool:
        return not self.mapping.cumulative and self.mapping.layout != "days"

    def _grid(self, key: tuple[str, int]) -> ReadingGrid:
        dtype = np.float64 if self.mapping.cumulative else np.float32
        longest = _MOST_YEARS * 366 * 24 * 60 // key[1]
        return self.grids.setdefault(key, ReadingGrid(longest, dtype))

    def _watts(self, number: NDArray[np.float64], minutes: int) -> NDArray[np.float64]:
        """Rounded to a hundredth of a watt: finer digits of a kWh in single precision are noise."""
        factor = self.mapping.watts_per_unit
        if self.mapping.step and self.mapping.is_energy:
            factor *= self.mapping.reading_minutes / minutes
        watts: NDArray[np.float64] = np.round(number * factor, 2)
        return watts

    def _count(
        self, rows: _Rows, at: NDArray[np.int64], times: int, met: Collisions, cell: int
    ) -> None:
        """Count readings whose place was taken."""
        for positions, reason in ((met.repeated, _REPEATED), (met.differing, _DIFFERING)):
            if len(positions):
                taken = np.zeros_like(rows.alive)
                taken[at[positions // times]] = True
                rows.reject(taken, reason, "time")
        for row, place in met.dropped.tolist():
            moment = str(np.datetime64(place * cell, "m")).replace("T", " ")
            self.ledger.reject_taken(self.roster.ids[row], [moment], _DIFFERING)

    def _note_temperature(self, rows: _Rows, utc: NDArray[np.int64]) -> None:
        """Sum up °C by half-hour: the set has one temperature for all households."""
        said = rows.frame[self.mapping.temperature]
        celsius = read_numbers(said, self.mapping.decimal_comma)
        known = rows.alive & np.isfinite(celsius)
        back = self.mapping.reading_minutes if self.mapping.interval == "end" else 0
        halves, which = np.unique((utc[known] // 60 - back) // STEP_MINUTES, return_inverse=True)
        sums = np.bincount(which, celsius[known], len(halves))
        for half, total, count in zip(
            halves.tolist(), sums.tolist(), np.bincount(which, minlength=len(halves)), strict=True
        ):
            before = self.celsius.get(half, (0.0, 0))
            self.celsius[half] = (before[0] + total, before[1] + int(count))


def _turns(every: list[_Readings], *, falling: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of equal local times of a household come second, and which come alone.

    Rows are in the order of the file; in one that runs backwards the later come first.
    """
    local = np.concatenate([some.moment for some in every])
    household = np.concatenate([some.household for some in every])
    register = np.unique(np.concatenate([some.register for some in every]), return_inverse=True)[1]
    order = np.arange(len(local))
    keys = np.lexsort((-order if falling else order, local, register, household))
    new = np.ones(len(keys), np.bool_)
    new[1:] = False
    for column in (household, register, local):
        new[1:] |= np.diff(column[keys]) != 0
    second, alone = np.empty(len(keys), np.bool_), np.empty(len(keys), np.bool_)
    second[keys], alone[keys] = ~new, new & np.append(new[1:], True)
    return second, alone


def _minutes_of(text: str) -> int:
    """Minutes of a written step such as PT30M, PT1H or 30; 0 if it does not fit half-hours.

    >>> _minutes_of("PT1H"), _minutes_of("10"), _minutes_of("P1D")
    (60, 10, 0)
    """
    found = _ISO_DURATION.fullmatch(text)
    if found is None:
        return 0
    minutes = int(found[1]) * _MINUTES_PER[(found[2] or "").upper()]
    return int(minutes) if minutes in STEPS else 0


def _too_far(rows: _Rows, at: NDArray[np.int64], start: NDArray[np.int64]) -> DataError:
    """What to say of a row that is years away from those around it."""
    far = int(np.argmax(np.abs(start - np.median(start))))
    row = rows.frame.row(int(at[far]), named=True)
    return DataError(
        f"{rows.file}, row {row[ROW] + rows.first}: '{row['stamp']}' is more than "
        f"{_MOST_YEARS} years from other readings, or the readings are too many for memory; "
        "look for a wrong year, or import a part."
    )


def check_columns(names: tuple[str, ...], mapping: ColumnMapping, file: str) -> None:
    """Refuse a mapping to columns that are not there."""
    for column in mapping.read_columns:
        if column not in names:
            there = ", ".join(f"'{name}'" for name in names[:12])
            raise DataError(f"{file} has no column '{column}'; choose one of {there}.")
