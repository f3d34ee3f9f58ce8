"""Counting curves over pixels: additive, as wide as asked, between each column's extremes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.studio.widgets.fan.curve_raster import Grid, coverage, ink

SEEDS = st.integers(0, 2**32 - 1)


def some_heights(seed: int, points: int, curves: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-5.0, 25.0, (points, curves)).astype(np.float32)


@given(SEEDS, st.integers(2, 40), st.integers(1, 5), st.floats(-30.0, 30.0), st.floats(0.2, 9.0))
def test_curves_add_up(seed: int, points: int, curves: int, first: float, step: float) -> None:
    grid = Grid(columns=30, rows=20, first=first, step=step)
    heights = some_heights(seed, points, curves)
    alone = [coverage(heights[:, [i]], grid) for i in range(curves)]
    together = coverage(heights, grid)
    np.testing.assert_allclose(together, np.sum(alone, axis=0), atol=1e-4)
    assert max(each.max() for each in alone) <= 1.0 + 1e-6


@given(SEEDS, st.floats(-30.0, 30.0), st.floats(0.2, 9.0))
def test_a_column_holds_what_lies_between_its_extremes(
    seed: int, first: float, step: float
) -> None:
    """Against the curve itself, looked at in many places of each column."""
    heights = some_heights(seed, 25, 1)
    grid = Grid(columns=30, rows=20, first=first, step=step)
    covered = coverage(heights, grid).sum(axis=0)
    for column in range(30):
        fine = np.linspace(column, column + 1, 2001)
        points = first + step * np.arange(25)
        inside = fine[(fine >= points[0]) & (fine <= points[-1])]
        if len(inside) < 3:
            continue
        y = np.interp(inside, points, heights[:, 0].astype(float))
        wanted = np.diff(np.clip([y.min() - 0.5, y.max() + 0.5], 0.0, 20.0))[0]
        assert covered[column] == pytest.approx(wanted, abs=0.2)


@pytest.mark.parametrize("width", [1.0, 2.0, 3.5])
def test_a_level_line_is_as_wide_as_asked(width: float) -> None:
    covered = coverage(np.full((2, 1), 7.3, np.float32), Grid(5, 20, 0.0, 5.0), width)
    assert covered.sum(axis=0) == pytest.approx(np.full(5, width))


def test_what_is_no_number_is_not_drawn() -> None:
    heights = np.array([[np.nan, 3.0], [np.inf, 3.0]], np.float32)
    assert coverage(heights, Grid(4, 10, 0.0, 4.0)).sum() == pytest.approx(4.0)


def test_no_curves_cover_nothing() -> None:
    assert not coverage(np.empty((5, 0), np.float32), Grid(4, 10, 0.0, 1.0)).any()


def test_nothing_is_drawn_beside_the_curve() -> None:
    covered = coverage(np.full((3, 1), 5.0, np.float32), Grid(10, 10, 4.0, 1.0))
    assert covered.sum(axis=0).astype(bool).tolist() == [4 <= x < 6 for x in range(10)]


def test_ink_is_the_darker_the_more_curves_there_are() -> None:
    pixels = ink(
        np.arange(5, dtype=np.float32)[None], np.linspace(0.2, 1.0, 4), (255,) * 3, (0,) * 3
    )
    greys = [int(pixel) & 255 for pixel in pixels[0, 1:]]
    assert greys == sorted(greys, reverse=True)
    assert greys[-1] == greys[-2] == 0  # more than shades tell of
