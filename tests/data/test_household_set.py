import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet, pack_readings, unpack_readings
from lvm_studio.data.split import Split, choose_split
from lvm_studio.data.tree import TreeView


def same(a: HouseholdSet, b: HouseholdSet) -> bool:
    return (
        a.household_ids == b.household_ids
        and np.array_equal(a.power_w, b.power_w, equal_nan=True)
        and a.start == b.start
        and a.metadata.keys() == b.metadata.keys()
        and all(np.array_equal(a.metadata[k], b.metadata[k]) for k in a.metadata)
        and np.array_equal(a.temperature_c, b.temperature_c, equal_nan=True)
        and (a.name, a.time_zone, a.country, a.split, a.provenance)
        == (b.name, b.time_zone, b.country, b.split, b.provenance)
    )


def test_tree_and_pickle_give_the_same_set_back(small) -> None:
    households = small()
    assert same(HouseholdSet.from_tree(households.to_tree()), households)
    _ = households.weeks
    copied = pickle.loads(pickle.dumps(households))
    assert same(copied, households)
    assert "weeks" not in vars(copied)


@pytest.mark.parametrize("factor", [1.0, 0.3, -2.0, 1e6])
def test_readings_are_packed_without_loss(factor: float) -> None:
    power = np.array([[0, 2, 438, np.nan, 65534]], np.float32) * np.float32(factor)
    packed = pack_readings(power)
    np.testing.assert_array_equal(unpack_readings(TreeView(packed)), power)
    assert ("wh" in packed) == (factor == 1.0)


def test_errors_name_the_leaf(small) -> None:
    tree = small().to_tree()
    tree["start"] = "Monday"
    with pytest.raises(DataError, match="set/start is not a time"):
        HouseholdSet.from_tree(tree)
    tree = small().to_tree()
    tree["temperature_c"] = np.zeros(3, np.float32)
    with pytest.raises(DataError, match="set/temperature_c has shape"):
        HouseholdSet.from_tree(tree)
    tree = small().to_tree()
    del tree["readings"]
    with pytest.raises(DataError, match="set/readings is missing"):
        HouseholdSet.from_tree(tree)


def test_inconsistent_sets_are_refused(small) -> None:
    households = small()
    with pytest.raises(DataError, match="is there twice"):
        replace(households, household_ids=("h0", "h0", *households.household_ids[2:]))
    with pytest.raises(DataError, match="not on a half-hour"):
        replace(households, start=households.start + np.timedelta64(7, "m"))
    with pytest.raises(DataError, match="'Mars/Base' is not a known time zone"):
        replace(households, time_zone="Mars/Base")
    with pytest.raises(DataError, match="needs a column 'suspect'"):
        replace(households, metadata={})
    with pytest.raises(DataError, match="split names household 'x'"):
        replace(households, split=Split((), (), ("x",), (), 0))


def test_positions(small) -> None:
    households = small()
    assert households.index("h3") == 3
    np.testing.assert_array_equal(households.indices(["h5", "h0"]), [5, 0])
    with pytest.raises(DataError, match="no household 'h99' in small"):
        households.index("h99")


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 2**31), st.randoms())
def test_split_parts_everything_once(households, weeks, seed, random) -> None:
    household_ids = [f"h{i}" for i in range(households)]
    week_ids = [f"w{i:02d}" for i in range(weeks)]
    suspect = np.array([random.random() < 0.2 for _ in household_ids], dtype=bool)
    split = choose_split(household_ids, week_ids, suspect, seed=seed)
    assert sorted(split.train_weeks + split.heldout_weeks) == week_ids
    sound = [h for h, bad in zip(household_ids, suspect, strict=True) if not bad]
    assert sorted(split.train_households + split.heldout_households) == sorted(sound)
    assert bool(split.heldout_weeks) == (weeks >= 3)
    assert split == choose_split(household_ids, week_ids, suspect, seed=seed)
    assert Split.from_tree(split.to_tree()) == split


@given(st.integers(0, 2**31))
def test_weeks_that_are_whole_for_nobody_are_neither_trained_on_nor_held_out(seed: int) -> None:
    """Four of ten weeks are whole for somebody, one of them for the suspect household alone."""
    complete = np.zeros((6, 10), np.bool_)
    complete[:5, [2, 5, 9]] = True
    complete[5, [2, 7]] = True
    households, weeks = [f"h{i}" for i in range(6)], [f"w{i}" for i in range(10)]
    split = choose_split(households, weeks, np.arange(6) == 5, complete, seed=seed)
    assert sorted(split.train_weeks + split.heldout_weeks) == ["w2", "w5", "w9"]
    assert len(split.heldout_weeks) == 1


def test_heldout_weeks_are_spread_over_the_year(london: HouseholdSet) -> None:
    months = {week_at // 5 for week_at in london.weeks.indices(london.split.heldout_weeks)}
    assert len(months) >= 8


def test_a_split_cannot_train_on_what_it_holds_out() -> None:
    with pytest.raises(DataError, match="Week 'w1' is both"):
        Split(("w1",), ("w1",), (), (), 0)
