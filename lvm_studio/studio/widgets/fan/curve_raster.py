"""Many curves as one antialiased image: how many of them cover each pixel, and a shade for that.

Qt draws a segment in 0.1 µs, so that 200 weeks take 6 ms of each frame without smooth rims; to
count them takes 2 ms, and the image tells where many run and where few do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Heights = NDArray[np.float32]
RGB = tuple[int, int, int]

FAR = 1e6
"""Pixels beyond which a height is cut off: single precision still tells neighbours apart."""
LEVELS = 16
"""Shades of one curve over a pixel."""
WHOLE = float(1 << 20)
"""Weight of a whole curve in a sum that counts curves and adds up fractions at once."""
BLOCK = 64
"""Columns counted at once: what 200 curves need for so many stays in the processor's cache."""


@dataclass(frozen=True)
class Grid:
    """Pixels that curves are drawn on: `columns` wide, `rows` high.

    first: where the first point of a curve lies, in columns from the left edge.
    step: columns from one point to the next.
    """

    columns: int
    rows: int
    first: float
    step: float


def coverage(
    heights: Heights,
    grid: Grid,
    width: float = 1.0,
    signs: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Return how many curves cover each pixel, [rows, columns], with fractions at their rims.

    Args:
        heights: [T, n] of n curves' points, in rows from the upper edge (downwards).
        grid: the pixels.
        width: of a line, in pixels.
        signs: [n], −1 for curves that are taken away instead of being added.

    In each column a curve covers what lies between its lowest and its highest point there, and
    half of its width beyond.

    >>> level = np.full((2, 1), 1.25, np.float32)
    >>> coverage(level, Grid(columns=1, rows=3, first=0.0, step=1.0))[:, 0].tolist()
    [0.25, 0.75, 0.0]
    """
    heights = np.clip(np.nan_to_num(heights, nan=FAR), -FAR, FAR)
    rises = heights[1:] - heights[:-1]
    edges = np.clip((np.arange(grid.columns + 1) - grid.first) / grid.step, 0, len(rises))
    covered = np.zeros((grid.columns, grid.rows), np.float32)
    if not heights.size:
        return covered.T
    for start in range(0, grid.columns, BLOCK):
        block = edges[start : start + BLOCK + 1]
        upper, lower = _extents(heights, rises, block)
        ends = np.stack([upper - np.float32(width / 2), lower + np.float32(width / 2)])
        top = int(np.clip(ends[0].min(), 0, grid.rows))  # what lies beyond is empty all over
        bottom = int(np.clip(np.ceil(ends[1].max()), top, grid.rows))
        here = covered[start : start + BLOCK]
        here[:, top:bottom] = _counted(ends - np.float32(top), bottom - top, signs)
        here[block[1:] <= block[:-1]] = 0.0  # before the first point or beyond the last
    return covered.T


def _extents(
    heights: Heights, rises: Heights, edges: NDArray[np.float64]
) -> tuple[Heights, Heights]:
    """Uppermost and lowest height of each curve between neighbouring edges, [columns, n] each.

    edges: [columns + 1], ascending, counted in points of the curves.
    """
    before = np.minimum(edges.astype(np.int64), len(rises) - 1)
    at_edges = rises[before]
    at_edges *= (edges - before).astype(np.float32)[:, None]
    at_edges += heights[before]
    upper = np.minimum(at_edges[:-1], at_edges[1:])
    lower = np.maximum(at_edges[:-1], at_edges[1:])
    first = np.ceil(edges[:-1]).astype(np.int64)
    count = np.floor(edges[1:]).astype(np.int64) - first + 1  # points between two edges
    for place in range(int(count.max())):
        there = np.flatnonzero(count > place)
        points = heights[first[there] + place]
        upper[there] = np.minimum(upper[there], points)
        lower[there] = np.maximum(lower[there], points)
    return upper, lower


def _counted(ends: Heights, rows: int, signs: NDArray[np.floating] | None) -> NDArray[np.float64]:
    """How many of n extents, with ends [2, columns, n], cover each of these rows, [columns, rows].

    One sum over extents tells where they begin and end, another over rows how many there are.
    """
    columns = ends.shape[1]
    np.clip(ends, np.float32(0), np.float32(rows), out=ends)
    cells = ends.astype(np.int64)
    part = np.subtract(ends, cells, dtype=np.float64)  # of its row that lies above an end
    np.subtract(WHOLE, part[0], out=part[0])
    np.subtract(part[1], WHOLE, out=part[1])
    if signs is not None:
        part *= signs
    cells += ((rows + 1) * np.arange(columns))[:, None]
    counted = np.bincount(cells.ravel(), weights=part.ravel(), minlength=(rows + 1) * columns)
    sums = np.asarray(counted, np.float64).reshape(columns, rows + 1)[:, :-1]
    begun = np.rint(sums / WHOLE)  # extents that begin in a row, less those that end there
    sums = sums - WHOLE * begun
    sums += np.cumsum(begun, axis=1, out=begun)
    return sums


def ink(
    covered: NDArray[np.float32], shades: NDArray[np.float64], paper: RGB, colour: RGB
) -> NDArray[np.uint32]:
    """Return premultiplied ARGB pixels [rows, columns] of a `coverage` in opaque colours.

    shades: share of `colour` on `paper` under 0, 1, 2, … curves, from 0 to 1; beyond their end as
    at their end. A pixel that is covered in part is transparent in part.

    >>> pixels = ink(np.array([[0.0, 0.5, 1.0, 9.0]], np.float32), np.array([0.5, 0.5, 1.0]),
    ...              paper=(255, 255, 255), colour=(255, 0, 0))
    >>> [f"{pixel:08x}" for pixel in pixels[0]]
    ['00000000', '80804040', 'ffff8080', 'ffff0000']
    """
    counts = np.arange(LEVELS * (len(shades) - 1) + 1) / LEVELS
    share = np.interp(counts, np.arange(len(shades)), shades)
    opacity = np.minimum(counts, 1.0)
    mixed = [p + share * (c - p) for p, c in zip(paper, colour, strict=True)]
    channels = [np.rint(opacity * part).astype(np.uint32) for part in (255, *mixed)]
    palette = channels[0] << 24 | channels[1] << 16 | channels[2] << 8 | channels[3]
    levels = (LEVELS * np.minimum(covered, len(shades) - 1) + 0.5).astype(np.int32)
    return np.ascontiguousarray(palette[levels])
