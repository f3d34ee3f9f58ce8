"""A first guess of how a file's columns are to be read; the user corrects it."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from lvm_studio.data.columns import TIME_FORMATS, ColumnMapping, Unit, make_mapping
from lvm_studio.data.errors import DataError
from lvm_studio.data.stamps import instants
from lvm_studio.data.tables import ROW, sample_table
from lvm_studio.data.units import STEP_MINUTES

_HOUSEHOLD_NAME = re.compile(
    r"house|lclid|meter|customer|home|site|mpan|point|user|\bid\b|_id$|^id"
)
_VALUE_NAME = re.compile(r"k?wh?\b|power|energy|consum|load|value|reading|usage")
_TEMPERATURE_NAME = re.compile(r"temp|°c|celsius|deg")
_UNIT_NAMES: tuple[tuple[str, Unit], ...] = (
    (r"kwh", "kWh"),
    (r"(?<!k)wh", "Wh"),
    (r"kw", "kW"),
    (r"\bw\b|_w\b|watt", "W"),
)
_MOSTLY = 0.8
_OFTEN = 0.25  # decimal commas: whole numbers stand between them
_LARGEST_KWH = 20.0  # a typical reading above this is not in kWh


def guess_mapping(path: Path) -> ColumnMapping:
    """Guess layout, columns, unit, step, time format and decimal mark from a file's beginning.

    What a file cannot tell (whether stamps mark the start or the end, the zone of stamps
    without an offset) is guessed from column names alone: 'start' and UTC if they are silent.
    """
    table = sample_table(path)
    time, time_format = _time_column(table, path)
    comma = _has_decimal_comma(table, time)
    numeric = [c for c in table.columns if c not in (ROW, time) and _is_numeric(table[c], comma)]
    household = _household_column(table, time, numeric)
    values = [c for c in numeric if c != household]
    if not values:
        raise DataError(
            f"{path.name} has no column of numbers beside '{time}'; choose a file with readings."
        )
    value = _best(values, _VALUE_NAME) if household else ""
    return make_mapping(
        {
            "layout": "long" if household else "wide",
            "time": time,
            "household": household,
            "value": value,
            "households": () if household else tuple(values),
            "unit": _unit(table, value, values, path, comma),
            "interval": "end" if "end" in time.lower().split("_") else "start",
            "step_minutes": _step(table, time, time_format, household),
            "time_format": time_format,
            "decimal_comma": comma,
        }
    )


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


def to_number(column: str, dtype: pl.DataType, decimal_comma: bool) -> pl.Expr:
    """Numbers of a column; null where there is none."""
    if dtype != pl.String:
        return pl.col(column).cast(pl.Float64, strict=False)
    text = pl.col(column)
    if decimal_comma:
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def _time_column(table: pl.DataFrame, path: Path) -> tuple[str, str]:
    best, column, family = 0.0, "", ""
    for name in table.columns:
        if isinstance(table[name].dtype, pl.Datetime):
            return name, "iso"
        if table[name].dtype != pl.String:
            continue
        for key in TIME_FORMATS:
            share = _readable(table, name, key)
            if share > best:
                best, column, family = share, name, key
    if best < _MOSTLY:
        raise DataError(
            f"{path.name} has no column of times; times are written like 2013-01-07 00:30."
        )
    return column, family


def _readable(table: pl.DataFrame, column: str, family: str) -> float:
    zoned, local = instants(column, table[column].dtype, family)
    read = table.select(pl.coalesce(zoned, local).is_not_null().mean()).item()
    return float(read or 0.0)


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
    named = [c for c in table.columns if c != time and _HOUSEHOLD_NAME.search(c.lower())]
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


def _best(columns: list[str], pattern: re.Pattern[str]) -> str:
    return next((c for c in columns if pattern.search(c.lower())), columns[0])


def _unit(table: pl.DataFrame, value: str, values: list[str], path: Path, comma: bool) -> Unit:
    for text in (value.lower(), " ".join(values).lower(), path.stem.lower()):
        for pattern, unit in _UNIT_NAMES:
            if re.search(pattern, text):
                return unit
    column = value or values[0]
    typical = table.select(to_number(column, table[column].dtype, comma).abs().median()).item()
    return "kWh" if typical is None or typical < _LARGEST_KWH else "W"


def _step(table: pl.DataFrame, time: str, time_format: str, household: str) -> int:
    zoned, local = instants(time, table[time].dtype, time_format)
    frame = table.select(
        stamp=pl.coalesce(zoned, local),
        household=pl.col(household).cast(pl.String) if household else pl.lit(""),
    ).drop_nulls()
    gaps = frame.sort("household", "stamp").select(
        pl.col("stamp").diff().over("household").dt.total_minutes().alias("gap")
    )["gap"]
    common = gaps.filter(gaps > 0).mode().sort()
    return int(common[0]) if common.len() else STEP_MINUTES
