"""Curve files: sampled weeks as a table that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.units import STEP_MINUTES, WATTS_PER_KW
from lvm_studio.storage.tables import write_table

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def write_curves(path: Path, start: np.datetime64, curves_kw: NDArray[np.floating]) -> None:
    """Write curves [n, T] kW as a CSV or Parquet table, by the path's suffix.

    The first column ``time`` is the start of the half-hour in UTC; then one column a sample
    (``sample_1`` …), in watts of the whole composition. The file appears whole or not at all.

    Raises:
        DataError: the suffix is neither .csv nor .parquet, or the folder cannot be written.
    """
    write_table(path, curves_table(start, curves_kw), decimals=1)


def write_weights(path: Path, weights: NDArray[np.floating]) -> None:
    """Write the importance weights [n] of curves, mean one, as a table beside theirs.

    Columns ``sample`` (the name of the curve's column) and ``weight``; CSV or Parquet by the
    path's suffix. Weights of one say that the curves count equally.

    Raises:
        DataError: the suffix is neither .csv nor .parquet, or the folder cannot be written.
    """
    import polars as pl

    names = [f"sample_{i}" for i in range(1, len(weights) + 1)]
    write_table(path, pl.DataFrame({"sample": names, "weight": np.asarray(weights, np.float64)}))


def curves_table(start: np.datetime64, curves_kw: NDArray[np.floating]) -> pl.DataFrame:
    """The table that `write_curves` writes.

    >>> curves_table(np.datetime64("2013-01-07T00:00"), np.array([[0.5, 0.25]]))["sample_1"].sum()
    750.0
    """
    import polars as pl  # costs 0.1 s: not before somebody exports

    steps = np.timedelta64(STEP_MINUTES, "m") * np.arange(curves_kw.shape[1])
    times = (start.astype("datetime64[m]") + steps).astype("datetime64[us]")
    watts = np.asarray(curves_kw, dtype=np.float64) * WATTS_PER_KW
    columns = {f"sample_{i}": row for i, row in enumerate(watts, start=1)}
    return pl.DataFrame({"time": times, **columns}).with_columns(
        pl.col("time").dt.replace_time_zone("UTC")
    )
