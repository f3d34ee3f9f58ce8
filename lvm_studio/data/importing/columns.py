"""How the columns of somebody's file are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from lvm_studio.data.calendar import zone
from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.ends import says_end
from lvm_studio.data.units import STEP_MINUTES

Unit: TypeAlias = Literal["W", "kW", "Wh", "kWh"]
Layout: TypeAlias = Literal["long", "wide", "files", "days"]
#: What a mapping must name beside the time.
NEEDED: Mapping[Layout, tuple[str, ...]] = {
    "long": ("household", "value"),
    "wide": ("households",),
    "files": ("value",),
    "days": ("household", "slots"),
}

SINCE_1970 = "seconds since 1970"
#: Families of written times; every member is tried, so that seconds may be there or not.
TIME_FORMATS: Mapping[str, tuple[str, ...]] = {
    "iso": ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
    "day/month/year": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"),
    "month/day/year": (
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %I:%M %p",
        "%m/%d/%Y",
    ),
    "day.month.year": ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
    "day-month-year": ("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y"),
    "year/month/day": ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d"),
    SINCE_1970: (),
}
#: Steps of readings, in minutes, that can be brought to half-hours.
STEPS = (1, 2, 3, 5, 6, 10, 12, 15, 20, STEP_MINUTES, 60)


class ColumnMapping(BaseModel):
    """Which columns hold what, in which units, and on whose clock.

    A *long* file has one row per reading: columns ``time``, ``household``, ``value``. A *wide*
    file has one row per time and one column per household: ``time`` and ``households``. *Files*
    are a folder with one file per household, named after it: columns ``time`` and ``value``.
    *Days* have one row per household and day: ``time`` is the day, ``slots`` are its intervals
    in their order (named by clock times such as 0:30, or by anything).

    ``clock`` is the column of the clock time where ``time`` tells the day alone (not of *days*).
    Where its name says that it holds ends, and the day's does not, 0:00 ends the day beside it.

    ``interval`` says whether a stamp marks the start or the end of its interval of
    ``step_minutes``; ``step`` is a column that says the interval of each row instead (PT30M, or
    minutes). ``time_zone`` is the clock of stamps without an offset; ``lives_in`` the zone where
    people live ('' = the same); ``country`` the ISO code for public holidays; ``time_format`` a
    key of `TIME_FORMATS`, or a pattern like ``%d %b %Y %H:%M``.

    ``cumulative``: values are counters of energy that only grow; the moment of a stamp is the
    moment of its reading. ``keep`` maps a column to the values whose rows are consumption; other
    rows are left out. ``parts`` is a column that tells apart readings of one household that
    add up (general load, controlled load). ``labels`` maps names of metadata to the columns
    they come from; ``temperature`` is a column of °C.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Layout
    time: str
    clock: str = ""
    household: str = ""
    value: str = ""
    households: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    step: str = ""
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    parts: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    temperature: str = ""
    cumulative: bool = False
    unit: Unit = "kWh"
    interval: Literal["start", "end"] = "start"
    time_zone: str = "UTC"
    lives_in: str = ""
    country: str = ""
    step_minutes: int = STEP_MINUTES
    time_format: str = "iso"
    decimal_comma: bool = False

    @field_validator("households", "slots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) and value else value or ()

    @field_validator("keep", mode="before")
    @classmethod
    def _typed_keep(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return {key: tuple(said.split("|")) for key, said in _typed_pairs(value).items()}

    @field_validator("labels", mode="before")
    @classmethod
    def _typed_labels(cls, value: object) -> object:
        return _typed_pairs(value) if isinstance(value, str) else value

    @field_validator("labels")
    @classmethod
    def _free_names(cls, value: dict[str, str]) -> dict[str, str]:
        if "suspect" in value:
            raise DataError("'suspect' is the studio's own; give the label another name.")
        return value

    @field_validator("time_zone", "lives_in")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value:
            zone(value)
        return value

    @field_validator("time_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in TIME_FORMATS and "%" not in value:
            raise DataError(f"write one of {', '.join(TIME_FORMATS)}, or a pattern with %.")
        return value

    @field_validator("step_minutes")
    @classmethod
    def _known_step(cls, value: int) -> int:
        if value not in STEPS:
            raise DataError(
                f"readings every {value} minutes cannot be brought to half-hours; "
                f"export them every {', '.join(map(str, STEPS[:-1]))} or {STEPS[-1]} minutes."
            )
        return value

    @model_validator(mode="after")
    def _columns_given(self) -> ColumnMapping:
        for name in ("time", *NEEDED[self.layout]):
            if not getattr(self, name):
                raise DataError(f"a {self.layout} file needs the column of '{name}'.")
        if self.layout == "days" and 24 * 60 % len(self.slots):
            raise DataError(f"{len(self.slots)} columns do not cut a day into equal intervals.")
        if self.clock and self.layout == "days":
            raise DataError("the columns of a day tell its clock times; leave out 'clock'.")
        if self.cumulative and self.unit not in ("Wh", "kWh"):
            raise DataError(f"a counter counts Wh or kWh, not {self.unit}.")
        if self.cumulative and (self.step or self.layout == "days"):
            raise DataError("a counter is read at moments, all one step apart.")
        return self

    @property
    def home(self) -> str:
        """The time zone where people live."""
        return self.lives_in or self.time_zone

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        named = (self.time, self.clock, self.household, self.value)
        beside = (self.step, self.parts, self.temperature)
        several = (*self.households, *self.slots, *self.keep, *self.labels.values())
        return tuple(dict.fromkeys(column for column in (*named, *beside, *several) if column))

    @property
    def midnight_ends_its_day(self) -> bool:
        """Whether 0:00 beside a day is its end, since the day is that of the interval."""
        ends = self.interval == "end" and says_end(self.clock)
        return ends and not says_end(self.time)

    @property
    def reading_minutes(self) -> int:
        """The interval of a reading; of a day's columns, what they cut it into."""
        return 24 * 60 // len(self.slots) if self.layout == "days" else self.step_minutes

    @property
    def is_energy(self) -> bool:
        """Whether values are energies, which the length of their interval makes powers."""
        return self.unit in ("Wh", "kWh")

    @property
    def watts_per_unit(self) -> float:
        """Mean power in W of one unit within one step."""
        thousands = 1000.0 if self.unit in ("kW", "kWh") else 1.0
        return thousands * (60 / self.reading_minutes if self.is_energy else 1.0)

    def corrected(self, corrections: Mapping[str, object]) -> ColumnMapping:
        """With some fields replaced; values may be texts, as typed on a command line.

        >>> mapping = ColumnMapping(layout="long", time="t", household="id", value="v")
        >>> mapping.corrected({"unit": "Wh", "step_minutes": "15"}).watts_per_unit
        4.0
        """
        for key in corrections:
            if key not in type(self).model_fields:
                known = ", ".join(type(self).model_fields)
                raise DataError(f"A column mapping has no '{key}'; it has {known}.")
        return make_mapping(self.model_dump() | dict(corrections))


def _typed_pairs(text: str) -> dict[str, str]:
    """``name:column,name:column`` as typed on a command line."""
    pairs = [pair.rpartition(":") for pair in text.split(",") if pair]
    if any(not (name and column) for name, _, column in pairs):
        raise DataError("write pairs like tariff:stdorToU, with commas between.")
    return {name.strip(): column.strip() for name, _, column in pairs}


def make_mapping(fields: Mapping[str, object]) -> ColumnMapping:
    """A mapping from plain fields; DataError says in one sentence what does not fit."""
    try:
        return ColumnMapping.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "columns"
        said = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise DataError(f"The column mapping does not fit at {where}: {said}.") from None
