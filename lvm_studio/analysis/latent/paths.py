"""Walks through a latent space: along one coordinate, and from one point to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_ALIKE = 1e-6  # radians below which a great circle is a straight line, or has no single direction


def traversal(u: ArrayLike, coordinate: int, values: ArrayLike) -> Array:
    """Rows [S, dim]: u [dim] with one coordinate set to each of `values` [S].

    >>> traversal([0.0, 5.0], 0, [-1.0, 1.0]).tolist()
    [[-1.0, 5.0], [1.0, 5.0]]
    """
    rows = np.tile(np.asarray(u, dtype=np.float64), (len(np.asarray(values)), 1))
    rows[:, coordinate] = values
    return rows


def straight(
    start: ArrayLike, end: ArrayLike, steps: int, coordinates: Sequence[int] | None = None
) -> Array:
    """Rows [steps, dim] on the line from start [dim] to end [dim], both included.

    `coordinates` (default all) are those that move; the others stay as in `start`.
    """
    first, last, chosen = _ends(start, end, coordinates)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    return _with(first, chosen, (1.0 - t) * first[chosen] + t * last[chosen])


def spherical(
    start: ArrayLike, end: ArrayLike, steps: int, coordinates: Sequence[int] | None = None
) -> Array:
    """Rows [steps, dim] on the great circle from start to end; the length changes evenly.

    Under a standard normal of high dimension points lie near a sphere: a straight line leaves
    it, this path does not. `coordinates` as for `straight`. Where no direction is given (an end
    at 0, or opposite ends) the straight line is taken.
    """
    first, last, chosen = _ends(start, end, coordinates)
    a, b = first[chosen], last[chosen]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) == 0.0:
        return straight(start, end, steps, coordinates)
    angle = float(np.arccos(np.clip(a @ b / (lengths[0] * lengths[1]), -1.0, 1.0)))
    if min(angle, np.pi - angle) < _ALIKE:
        return straight(start, end, steps, coordinates)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    direction = np.sin((1 - t) * angle) * a / lengths[0] + np.sin(t * angle) * b / lengths[1]
    length = (1 - t) * lengths[0] + t * lengths[1]
    return _with(first, chosen, direction / np.sin(angle) * length)


def _ends(
    start: ArrayLike, end: ArrayLike, coordinates: Sequence[int] | None
) -> tuple[Array, Array, NDArray[np.int64]]:
    first = np.asarray(start, dtype=np.float64)
    last = np.asarray(end, dtype=np.float64)
    if first.shape != last.shape or first.ndim != 1:
        raise ValueError(f"Both ends need the same coordinates; got {first.shape}, {last.shape}.")
    moving = range(len(first)) if coordinates is None else coordinates
    return first, last, np.asarray(list(moving), dtype=np.int64)


def _with(base: Array, chosen: NDArray[np.int64], values: Array) -> Array:
    rows = np.tile(base, (len(values), 1))
    rows[:, chosen] = values
    return rows
