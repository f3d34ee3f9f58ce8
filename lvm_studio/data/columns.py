"""How the columns of somebody's file are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from lvm_studio.data.calendar import zone
from lvm_studio.data.errors import DataError
from lvm_studio.data.units import STEP_MINUTES

Unit: TypeAlias = Literal["W", "kW", "Wh", "kWh"]

#: Families of written times; every member is tried, so that seconds may be there or not.
TIME_FORMATS: Mapping[str, tuple[str, ...]] = {
    "iso": ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
    "day/month/year": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"),
    "month/day/year": ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"),
    "day.month.year": ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"),
    "day-month-year": ("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M"),
    "year/month/day": ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
}
#: Steps that add up to half-hours.
STEPS = (1, 5, 10, 15, STEP_MINUTES)


class ColumnMapping(BaseModel):
    """Which columns hold what, in which units, and on whose clock.

    A *long* file has one row per reading: columns ``time``, ``household``, ``value``. A *wide*
    file has one row per time and one column per household: ``time`` and ``households``.
    ``interval`` says whether a stamp marks the start or the end of its interval of
    ``step_minutes``; ``time_zone`` is the clock of stamps without an offset; ``lives_in`` the
    zone where people live ('' = the same); ``country`` the ISO code for public holidays;
    ``time_format`` a key of `TIME_FORMATS`, or a pattern like ``%d %b %Y %H:%M``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Literal["long", "wide"]
    time: str
    household: str = ""
    value: str = ""
    households: tuple[str, ...] = ()
    unit: Unit = "kWh"
    interval: Literal["start", "end"] = "start"
    time_zone: str = "UTC"
    lives_in: str = ""
    country: str = ""
    step_minutes: int = STEP_MINUTES
    time_format: str = "iso"
    decimal_comma: bool = False

    @field_validator("households", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value

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
                f"export them every {STEP_MINUTES} minutes or finer "
                f"({', '.join(map(str, STEPS))})."
            )
        return value

    @model_validator(mode="after")
    def _columns_given(self) -> ColumnMapping:
        needed = {"time": self.time}
        if self.layout == "long":
            needed |= {"household": self.household, "value": self.value}
        else:
            needed |= {"households": ",".join(self.households)}
        for name, column in needed.items():
            if not column:
                raise DataError(f"a {self.layout} file needs the column of '{name}'.")
        return self

    @property
    def home(self) -> str:
        """The time zone where people live."""
        return self.lives_in or self.time_zone

    @property
    def watts_per_unit(self) -> float:
        """Mean power in W of one unit within one step."""
        per_hour = 60 / self.step_minutes
        return {"W": 1.0, "kW": 1000.0, "Wh": per_hour, "kWh": 1000.0 * per_hour}[self.unit]

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


def make_mapping(fields: Mapping[str, object]) -> ColumnMapping:
    """A mapping from plain fields; DataError says in one sentence what does not fit."""
    try:
        return ColumnMapping.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "columns"
        said = first["msg"].removeprefix("Value error, ")
        raise DataError(f"The column mapping does not fit at {where}: {said}") from None
