"""Tables that the latent page exports: coordinates of observations, and decoded curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lvm_studio.storage.tables import write_table


def write_columns(path: Path, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    """Write columns of one length as CSV or Parquet, by the path's suffix; whole or not at all.

    Raises:
        DataError: the suffix is neither, or the file cannot be written.
    """
    import polars as pl  # costs 0.1 s: not before somebody exports

    write_table(path, pl.DataFrame(dict(columns)))


def coordinate_columns(
    names: Sequence[str],
    u: NDArray[Any],
    std: NDArray[Any],
    known: Mapping[str, NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    """What is known of n observations, then mean and standard deviation of each coordinate."""
    means = {f"u {name}": u[:, i] for i, name in enumerate(names)}
    spreads = {f"std {name}": std[:, i] for i, name in enumerate(names)}
    return {**known, **means, **spreads}


def curve_columns(
    curves: Mapping[str, NDArray[Any]], times: NDArray[Any] | None, unit: str
) -> dict[str, NDArray[Any]]:
    """Curves [D] by name, one column each, behind their times in UTC if there are any."""
    first: dict[str, NDArray[Any]] = {}
    if times is not None:
        first = {"time": times.astype("datetime64[us]")}
    suffix = f" ({unit})" if unit else ""
    return {**first, **{f"{name}{suffix}": curve for name, curve in curves.items()}}
