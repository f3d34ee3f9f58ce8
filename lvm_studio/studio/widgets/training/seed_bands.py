"""Runs that differ in their seed alone, as one band: their mean, lowest and highest."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lvm_studio.studio.widgets.training.run_stack import Blocks
from lvm_studio.studio.widgets.training.series import Floats

COLUMNS = 400


def band_of(members: Iterable[Blocks]) -> tuple[Floats, Floats, Floats, Floats]:
    """x, mean, lowest and highest [m] of several smoothed series on a grid of their own.

    A series counts where it has values; none is extrapolated.

    >>> x = np.array([0.0, 1.0])
    >>> one, two = (Blocks(x, y, y, y) for y in (np.zeros(2), np.array([2.0, 4.0])))
    >>> [column[-1].item() for column in band_of([one, two])]
    [1.0, 2.0, 0.0, 4.0]
    """
    filled = [(b.x[np.isfinite(b.mean)], b.mean[np.isfinite(b.mean)]) for b in members]
    filled = [(x, y) for x, y in filled if len(x)]
    if not filled:
        return (np.empty(0),) * 4
    longest = max((x for x, _ in filled), key=len)
    low, high = min(x[0] for x, _ in filled), max(x[-1] for x, _ in filled)
    grid = longest if len(longest) <= COLUMNS else np.linspace(low, high, COLUMNS)
    table = np.stack([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in filled])
    known = np.isfinite(table).any(axis=0)
    grid, table = grid[known], table[:, known]
    counts = np.isfinite(table).sum(axis=0)
    mean = np.where(np.isfinite(table), table, 0.0).sum(axis=0) / counts
    return grid, mean, np.fmin.reduce(table, axis=0), np.fmax.reduce(table, axis=0)
