"""A page becomes a folder: `index.html`, and the numbers of each figure as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.pages.html import data_path, html
from lvm_studio.analysis.pages.page import Page
from lvm_studio.data.errors import DataError


def write_page(page: Page, folder: Path) -> Path:
    """Write the page into `folder`, made where it is missing; returns the path of its HTML.

    Raises:
        DataError: the folder cannot be written.
    """
    index = folder / "index.html"
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for figure in page.figures:
            _write_columns(folder / data_path(figure), figure.data)
        index.write_text(html(page), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The page could not be written to {folder}: {error.strerror}.") from error
    return index


def _write_columns(path: Path, data: Mapping[str, NDArray[Any]]) -> None:
    columns = dict(_flat(data))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip_longest(*(column.tolist() for column in columns.values())))


def _flat(data: Mapping[str, NDArray[Any]]) -> list[tuple[str, NDArray[Any]]]:
    """Columns of one dimension: `curves` [N, 3] becomes `curves_0` to `curves_2`."""
    columns = []
    for name, values in data.items():
        if values.ndim <= 1:
            columns.append((name, np.atleast_1d(values)))
        else:
            flat = values.reshape(len(values), -1)
            columns += [(f"{name}_{index}", flat[:, index]) for index in range(flat.shape[1])]
    return columns
