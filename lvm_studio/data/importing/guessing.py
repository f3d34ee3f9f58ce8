"""A first guess of how a file's columns are to be read; the user corrects it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.columns import (
    SINCE_1970,
    STEPS,
    TIME_FORMATS,
    ColumnMapping,
    Unit,
    make_mapping,
)
from lvm_studio.data.importing.ends import says_end
from lvm_studio.data.importing.layouts import stamp_of
from lvm_studio.data.importing.numbers import to_number
from lvm_studio.data.importing.profiles import Profile, plain, recognise
from lvm_studio.data.importing.stamps import instants, read_stamps
from lvm_studio.data.importing.tables import ROW, sample_table, table_files
from lvm_studio.data.units import STEP_MINUTES

#: Words of column names without accents: English, French, German, Spanish, Italian, Dutch.
_HOUSEHOLD_NAME = re.compile(
    r"house|lclid|meter|customer|home|site|mpan|point|user|\bid\b|\bid$|^id"
    r"|foyer|menage|logement|client|compteur|\bprm\b|\bpdl\b"
    r"|haushalt|kunde|zahler|zaehler|malo|melo"
    r"|hogar|vivienda|contador|suministro|cups"
    r"|utente|contatore|\bpod\b|abitazione"
    r"|huishouden|klant|aansluiting|\bean\b"
)
_VALUE_NAME = re.compile(
    r"k?wh?\b|power|energy|consum|load|value|reading|usage"
    r"|puissance|energie|conso|valeur|soutirage"
    r"|verbrauch|leistung|wert\b|bezug|arbeit"
    r"|potencia|energia|valor|potenza|prelievo"
    r"|vermogen|verbruik|waarde|afname"
)
_TEMPERATURE_NAME = re.compile(r"temp|°c|celsius|deg")
_LABELS = {
    "tariff": re.compile(r"tariff?|tarif\b|tarifa|tariffa|tarief|stdortou|time.of.use|\btou\b"),
    "acorn": re.compile(r"^acorn$"),
    "acorn_group": re.compile(r"acorn.?group"),
    "contracted_power": re.compile(r"(contracted|subscribed).?power|puissance.souscrite"),
}
_UNIT_NAMES: tuple[tuple[str, Unit], ...] = (
    (r"kwh", "kWh"),
    (r"(?<!k)wh", "Wh"),
    (r"kw", "kW"),
    (r"\bw\b|_w\b|watt", "W"),
)
_DAY_FORMATS = ("%d-%b-%y", "%d %b %Y", "%d/%m/%y")
_MOSTLY = 0.8
_OFTEN = 0.25  # decimal commas: whole numbers stand between them
_CLOCK = r"^\s*\d{1,2}:\d\d(:\d\d)?\s*$"
_LARGEST_KWH = 20.0  # a typical reading above this is not in kWh
_LEAST_SLOTS = 24


@dataclass(frozen=True, eq=False)
class Guess:
    """How a file looks to be read, and whose data it seems to be."""

    mapping: ColumnMapping
    profile: Profile | None


def guess_mapping(path: Path) -> ColumnMapping:
    """Guess layout, columns, unit, step, time format and decimal mark from a file's beginning.

    What a file cannot tell (whether stamps mark the start or the end, the zone of stamps
    without an offset) is guessed from column names alone: 'start' and UTC if they are silent.
    Data sets that are known (`profiles`) are recognised by their columns.
    """
    return guess(path).mapping


def guess(path: Path, profile: Profile | None = None) -> Guess:
    """As `guess_mapping`, with the profile: the one that is given, or one recognised."""
    first = table_files(path)[0]
    table = sample_table(first)
    names = tuple(name for name in table.columns if name != ROW)
    found = profile or recognise(names)
    if found is None:
        return Guess(_generic(table, first, folder=path.is_dir()), None)
    if not found.fits(names):
        raise DataError(
            f"{first.name} does not look like '{found.title}': it has the columns "
            f"{', '.join(names[:8])}; choose another profile."
        )
    return Guess(_of_profile(found, names, table, first), found)


def _of_profile(
    profile: Profile, names: tuple[str, ...], table: pl.DataFrame, path: Path
) -> ColumnMapping:
    """A profile's fields, and from the file what the profile leaves open."""
    fields = profile.fields(names)
    time, value = str(fields["time"]), str(fields.get("value", ""))
    fields.setdefault("time_format", _family(table, time, path))
    if isinstance(table[time].dtype, pl.String) and value:
        fields.setdefault("decimal_comma", _has_decimal_comma(table, time))
    household = str(fields.get("household", ""))
    if fields["layout"] != "days" and "step_minutes" not in fields and not fields.get("step"):
        fields["step_minutes"] = _step(table, time, str(fields["time_format"]), household)
    return make_mapping(fields)


def _generic(table: pl.DataFrame, path: Path, *, folder: bool) -> ColumnMapping:
    """The mapping of a file that no profile knows, from names and contents of its columns."""
    time, time_format = _time_column(table, path)
    table, clock = _with_clock(table, time, time_format)
    comma = _has_decimal_comma(table, time)
    numeric = [c for c in table.columns if c not in (ROW, time) and _is_numeric(table[c], comma)]
    household = _household_column(table, time, numeric)
    warm, values = _warm_and_values(numeric, household, time, path)
    common = {
        "time": time,
        "clock": clock,
        "time_format": time_format,
        "decimal_comma": comma,
        "interval": "end" if says_end(clock) or says_end(time) else "start",
    }
    if household and _are_days(table, time, time_format):
        if len(values) >= _LEAST_SLOTS:
            unit = _unit(table, "", values, path, comma)
            slots = {"household": household, "slots": tuple(values), "unit": unit}
            return make_mapping(common | {"layout": "days"} | slots)
        _refuse_repeated_days(table, time, household, path)
    value = _best(values, _VALUE_NAME) if household or folder else ""
    units = {
        "unit": _unit(table, value, values, path, comma),
        "step_minutes": _step(table, time, time_format, household),
    }
    if not (household or folder):
        return make_mapping(common | units | {"layout": "wide", "households": tuple(values)})
    if not household:
        return make_mapping(common | units | {"layout": "files", "value": value})
    long = {
        "layout": "long",
        "value": value,
        "household": household,
        "labels": _guessed_labels(table, time, household, value),
        "temperature": warm[0] if warm and warm[0] != value else "",
    }
    return make_mapping(common | units | long)


def _refuse_repeated_days(table: pl.DataFrame, time: str, household: str, path: Path) -> None:
    """DataError where many readings of a household bear the same day and no clock time."""
    if _repeats(table, time, household):
        raise DataError(
            f"{path.name}: column '{time}' holds days without a clock time, many rows to a "
            "day; add the clock time (2013-01-07 00:30), or a column of clock times (00:30)."
        )


def _warm_and_values(
    numeric: list[str], household: str, time: str, path: Path
) -> tuple[list[str], list[str]]:
    """Columns of temperatures, and columns of readings (temperatures, where there is no other)."""
    warm = [c for c in numeric if _TEMPERATURE_NAME.search(plain(c))]
    values = [c for c in numeric if c != household and c not in warm] or warm
    if not values:
        raise DataError(
            f"{path.name} has no column of numbers beside '{time}' (like 1234.5 or 1234,5); "
            "choose a file with readings."
        )
    return warm, values


def guess_temperature_columns(table: pl.DataFrame, path: Path) -> tuple[str, str, str, bool]:
    """(time column or '', its format, temperature column, decimal comma) of a weather file."""
    try:
        time, time_format = _time_column(table, path)
    except DataError:
        time, time_format = "", "iso"
    comma = _has_decimal_comma(table, time)
    numeric = [c for c in table.columns if c not in (ROW, time) and _is_numeric(table[c], comma)]
    if not numeric:
        raise DataError(f"{path.name} has no column of temperatures; add one in °C.")
    return time, time_format, _best(numeric, _TEMPERATURE_NAME), comma


def _time_column(table: pl.DataFrame, path: Path) -> tuple[str, str]:
    best, column, family = 0.0, "", ""
    for name in table.columns:
        if isinstance(table[name].dtype, pl.Datetime | pl.Date):
            return name, "iso"
        if table[name].dtype != pl.String:
            continue
        for key in (*TIME_FORMATS, *_DAY_FORMATS):
            share = _readable(table, name, key) if key != SINCE_1970 else 0.0
            if share > best:
                best, column, family = share, name, key
    if best >= _MOSTLY:
        return column, family
    for name in table.columns:  # only now: numbers of meters may look like seconds
        if name != ROW and _readable(table, name, SINCE_1970) >= _MOSTLY:
            return name, SINCE_1970
    raise DataError(
        f"{path.name} has no column of times; write them like 2013-01-07 00:30, in one column."
    )


def _family(table: pl.DataFrame, time: str, path: Path) -> str:
    """The format of a column that is known to hold times."""
    return _time_column(table.select(time), path)[1]


def _readable(table: pl.DataFrame, column: str, family: str) -> float:
    zoned, local = instants(column, table[column].dtype, family)
    read = table.select(pl.coalesce(zoned, local).is_not_null().mean()).item()
    return float(read or 0.0)


def _with_clock(table: pl.DataFrame, time: str, time_format: str) -> tuple[pl.DataFrame, str]:
    """The table with clock times beside its days put to them, and the name of their column.

    Starts, where there are both.
    """
    if not _are_days(table, time, time_format):
        return table, ""
    clocks = [name for name in table.columns if name != time and _tells_clock(table[name])]
    if not clocks:
        return table, ""
    best = min(clocks, key=says_end)
    moments = table.with_columns(stamp_of(time, best).alias(time))
    return moments.drop(clocks), best


def _tells_clock(values: pl.Series) -> bool:
    return values.dtype == pl.Time or (
        values.dtype == pl.String and _share(values.str.contains(_CLOCK).fill_null(False)) > _MOSTLY
    )


def _are_days(table: pl.DataFrame, time: str, time_format: str) -> bool:
    """Whether all times are midnights."""
    seconds, read, _ = read_stamps(table[time], time_format)
    return bool((seconds[read] % 86_400 == 0).all())


def _repeats(table: pl.DataFrame, time: str, household: str) -> bool:
    """Whether most rows have the time of another row of their household."""
    return table.select(time, household).n_unique() < table.height / 2


def _is_numeric(values: pl.Series, comma: bool) -> bool:
    if values.dtype.is_numeric():
        return True
    if values.dtype != pl.String:
        return False
    filled = values.filter(values.str.len_chars() > 0)
    numbers = filled.to_frame("v").select(to_number("v", filled.dtype, comma).is_not_null())
    return _share(numbers["v"]) > _MOSTLY


def _share(truths: pl.Series) -> float:
    return float(truths.sum()) / max(truths.len(), 1)


def _has_decimal_comma(table: pl.DataFrame, time: str) -> bool:
    pattern = r"^-?\d+,\d+$"
    for name in table.columns:
        if name != time and table[name].dtype == pl.String:
            filled = table[name].filter(table[name].str.len_chars() > 0)
            if _share(filled.str.contains(pattern)) > _OFTEN:
                return True
    return False


def _household_column(table: pl.DataFrame, time: str, numeric: list[str]) -> str:
    """The column that names households, '' if the file has one column for each of them."""
    named = [c for c in table.columns if c != time and _HOUSEHOLD_NAME.search(plain(c))]
    texts = [c for c in table.columns if c not in (ROW, time, *numeric)]
    for column in texts:
        if column in named:
            return column
    numbered = [c for c in named if c in numeric and _is_name(table[c])]
    if len(numbered) == 1 and len(numeric) > 1:
        return numbered[0]
    if table[time].n_unique() == table.height:
        return ""
    return next((c for c in texts if table[c].n_unique() <= table.height / 2), "")


def _is_name(values: pl.Series) -> bool:
    """Whole numbers that come again and again may name a household."""
    whole = values.cast(pl.String).str.contains(r"^\d+$").fill_null(value=False)
    return bool(whole.all()) and values.n_unique() <= values.len() / 2


def _guessed_labels(table: pl.DataFrame, time: str, household: str, value: str) -> dict[str, str]:
    """Columns whose names say that they describe the household, and that do."""
    found: dict[str, str] = {}
    for column in table.columns:
        if column in (ROW, time, household, value):
            continue
        for label, words in _LABELS.items():
            if label not in found and words.search(plain(column)):
                constant = table.group_by(household).agg(pl.col(column).n_unique())[column]
                if constant.max() == 1:
                    found[label] = column
    return found


def _best(columns: list[str], pattern: re.Pattern[str]) -> str:
    return next((c for c in columns if pattern.search(plain(c))), columns[0])


def _unit(table: pl.DataFrame, value: str, values: list[str], path: Path, comma: bool) -> Unit:
    for text in (value.lower(), " ".join(values).lower(), path.stem.lower()):
        for pattern, unit in _UNIT_NAMES:
            if re.search(pattern, text):
                return unit
    column = value or values[0]
    typical = table.select(to_number(column, table[column].dtype, comma).abs().median()).item()
    return "kWh" if typical is None or typical < _LARGEST_KWH else "W"


def _step(table: pl.DataFrame, time: str, time_format: str, household: str) -> int:
    """The most frequent gap between readings of a household, if it is one that can be read."""
    seconds, read, _ = read_stamps(table[time], time_format)
    frame = pl.DataFrame({"stamp": seconds // 60}).with_columns(
        household=table[household].cast(pl.String) if household else pl.lit("")
    )
    gaps = (
        frame.filter(pl.Series(read))
        .sort("household", "stamp")
        .select(gap=pl.col("stamp").diff().over("household"))["gap"]
        .drop_nulls()
    )
    positive = gaps.filter(gaps > 0).to_numpy()
    if not len(positive):
        return STEP_MINUTES
    steps, counts = np.unique(positive, return_counts=True)
    common = int(steps[counts.argmax()])
    return common if common in STEPS or counts.max() > 1 else STEP_MINUTES
