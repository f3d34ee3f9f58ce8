from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.data.composition import Composition, measured_kw
from lvm_studio.data.errors import DataError

names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=4)
numbers = st.integers(1, 9)
compositions = st.dictionaries(names, numbers, min_size=1, max_size=8).map(
    lambda counts: Composition(tuple(counts.items()))
)


@given(compositions)
def test_written_and_read_back(composition: Composition) -> None:
    assert Composition.parse(str(composition)) == composition
    assert Composition.from_tree(composition.to_tree()) == composition


@given(st.lists(st.tuples(names, numbers), max_size=12))
def test_adding_counts_like_a_multi_set(additions: list[tuple[str, int]]) -> None:
    composition, expected = Composition(), Counter[str]()
    for name, n in additions:
        composition = composition.add(name, n)
        expected[name] += n
    assert dict(composition.counts) == dict(expected)
    assert composition.size == expected.total()
    assert composition.households == tuple(dict.fromkeys(name for name, _ in additions))


@given(compositions, st.data())
def test_removing_what_was_added_changes_nothing(
    composition: Composition, data: st.DataObject
) -> None:
    name, n = data.draw(names), data.draw(numbers)
    back = composition.add(name, n).remove(name, n)
    assert back == composition
    assert composition.add(name, n).size == composition.size + n


@given(compositions, st.data())
def test_setting_a_count(composition: Composition, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(composition.households))
    n = data.draw(st.integers(0, 9))
    changed = composition.set_count(name, n)
    assert changed.count(name) == n
    assert changed.size == composition.size - composition.count(name) + n
    assert [h for h in changed.households if h != name] == [
        h for h in composition.households if h != name
    ]


def test_removing_more_than_there_are_takes_all() -> None:
    assert Composition.parse("a*2,b").remove("a", 5) == Composition.parse("b")
    assert Composition.parse("a").clear() == Composition()


def test_households_named_twice_are_counted_twice() -> None:
    assert Composition.parse(" a*2 , b,a ") == Composition((("a", 3), ("b", 1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a*x", r"'a\*x' needs a whole number after '\*'"),
        ("a*0", "needs a whole number"),
        ("a,,b", "No household name in 'a,,b'"),
        ("", "No household name"),
        ("*3", "No household name"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Composition.parse(text)


def test_impossible_changes_are_refused() -> None:
    street = Composition.parse("a")
    with pytest.raises(DataError, match="'b' is not in the composition"):
        street.remove("b")
    with pytest.raises(DataError, match="at least 1"):
        street.add("a", 0)
    with pytest.raises(DataError, match="-1 times"):
        street.set_count("a", -1)
    with pytest.raises(DataError, match="cannot be used"):
        street.add("a,b")


def test_measured_is_the_dense_sum(small) -> None:
    households = small()
    week = households.weeks.ids[3]
    found = measured_kw(households, Composition.parse("h1*3,h5"), week)
    expected = (3 * households.power_w[1] + households.power_w[5])[3 * 336 : 4 * 336] / 1000
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_nothing_is_measured_where_a_reading_is_missing(small) -> None:
    power = small().power_w.copy()
    power[5, 3 * 336 + 17] = np.nan
    households = small(power)
    week = households.weeks.ids[3]
    assert measured_kw(households, Composition.parse("h1,h5"), week) is None
    assert measured_kw(households, Composition.parse("h1"), week) is not None
    assert measured_kw(households, Composition.parse("h5"), households.weeks.ids[4]) is not None
    assert measured_kw(households, Composition.parse("h1"), "1999-W01") is None
    assert measured_kw(households, Composition(), week) is None


def test_unknown_households_are_named(small) -> None:
    households = small()
    with pytest.raises(DataError, match="no household 'nobody' in small"):
        Composition.parse("nobody").indices(households)
