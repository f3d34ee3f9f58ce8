"""More to know of households: the columns of a file that names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing.numbers import metadata_column
from lvm_studio.data.importing.tables import ROW, read_table


def with_columns(households: HouseholdSet, path: Path) -> HouseholdSet:
    """The set with all other columns of a CSV or Parquet file as metadata.

    The column that holds most of the households' names says whom a row is about; who is not in
    the file is unknown, and of several rows about one the last counts. A column that was known
    before is replaced.

    Raises:
        DataError: no column names a household, there is no other column, or one has the name of
            the studio's own.
    """
    table = read_table(path)
    texts = {name: table[name].cast(pl.String).fill_null("").to_list() for name in table.columns}
    known = set(households.household_ids)
    named = {name: len(known & set(texts[name])) for name in texts if name != ROW}
    key = max(named, key=lambda name: named[name], default="")
    if not named.get(key):
        raise DataError(
            f"No column of {path.name} names a household such as {households.household_ids[0]}; "
            "give the file one."
        )
    others = [name for name in named if name != key]
    if not others:
        raise DataError(f"{path.name} has no column beside '{key}'; nothing to know.")
    if "suspect" in others:
        raise DataError(f"'suspect' is the studio's own; rename that column of {path.name}.")
    row_of = {household: row for row, household in enumerate(texts[key])}
    rows = [row_of.get(household) for household in households.household_ids]
    columns = {
        name: metadata_column(["" if row is None else texts[name][row] for row in rows])
        for name in others
    }
    return replace(households, metadata={**households.metadata, **columns})
