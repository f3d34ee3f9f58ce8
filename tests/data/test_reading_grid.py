"""The grid keeps what a dictionary would, in any order and any cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.data.importing.faults import Faults, stuck_runs
from lvm_studio.data.importing.grid import ROWS, GridTooLargeError, ReadingGrid
from lvm_studio.data.importing.half_hours import from_counter, part_minutes, to_half_hours

readings = st.lists(
    st.tuples(st.integers(0, 3 * ROWS), st.integers(-5000, 5000), st.integers(1, 3)), max_size=60
)


def told(grid: ReadingGrid) -> dict[tuple[int, int], float]:
    """Every finite cell of a grid."""
    found = {}
    for number, group in grid.groups.items():
        for row, column in np.argwhere(np.isfinite(group.values)):
            place = (int(row) + number * ROWS, int(column) + group.first)
            found[place] = float(group.values[row, column])
    return found


@given(rows=readings, cuts=st.lists(st.integers(0, 60), max_size=3))
def test_it_is_a_dictionary_that_drops_contradictions(
    rows: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    grid = ReadingGrid(longest=100_000)
    repeated = differing = dropped = 0
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        some = np.array(rows[start:end], np.int64).reshape(-1, 3)
        met = grid.put(some[:, 0], some[:, 1], some[:, 2].astype(np.float64))
        repeated += len(met.repeated)
        differing += len(met.differing)
        dropped += len(met.dropped)
    values: dict[tuple[int, int], set[int]] = {}
    for household, cell, value in rows:
        values.setdefault((household, cell), set()).add(value)
    sound = {place: said.pop() for place, said in values.items() if len(said) == 1}
    assert told(grid) == sound
    assert len(rows) == len(sound) + repeated + differing + dropped


def test_a_span_that_no_meter_measures_is_refused() -> None:
    grid = ReadingGrid(longest=10_000)
    grid.put(np.array([0]), np.array([5]), np.array([1.0]))
    with pytest.raises(GridTooLargeError):
        grid.put(np.array([1]), np.array([50_000]), np.array([1.0]))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 6, 10, 15, 30])
def test_half_hours_are_means_of_all_parts(step: int) -> None:
    parts = 30 // step
    watts = np.arange(4.0 * parts).reshape(1, -1)
    power, lonely = to_half_hours(watts, part_minutes(step))
    np.testing.assert_allclose(power[0], watts.reshape(4, parts).mean(axis=1))
    assert not lonely.any()
    watts[0, 0] = np.nan
    power, lonely = to_half_hours(watts, step)
    assert np.isnan(power[0]).tolist() == [True, False, False, False]
    assert lonely.sum() == (parts - 1 if parts > 1 else 0)


def test_a_counter_is_read_by_differences() -> None:
    counts = np.array([[10.0, 10.5, np.nan, 11.0, 10.0, 10.25]])
    watts, backwards = from_counter(counts, 2000.0)
    np.testing.assert_array_equal(watts, [[1000, np.nan, np.nan, np.nan, 500, np.nan]])
    assert np.flatnonzero(backwards[0]).tolist() == [3]


def test_gaps_and_stuck_meters_are_told() -> None:
    faults = Faults()
    curve = np.tile(np.array([1, 2], np.float32), 200)
    faults.look_at("sound", curve)
    assert list(faults.sentences()) == []
    gap = curve.copy()
    gap[:9], gap[50:60] = np.nan, np.nan
    faults.look_at("gap", gap)
    stuck = curve.copy()
    stuck[100:200] = 7
    faults.look_at("stuck", stuck)
    vacant = np.zeros(400, np.float32)
    faults.look_at("vacant", vacant)
    assert [s.split(" (")[0] for s in faults.sentences()] == [
        "10 half-hours are missing within the records of 1 households",
        "1 households repeat one value for a day or longer, 100 half-hours in all",
    ]
    assert stuck_runs(stuck).tolist() == [100]
