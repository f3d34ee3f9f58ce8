"""What is told of vectors: codes and values, the weeks of a set, vectors out of weeks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.known_columns import with_columns
from lvm_studio.data.london import load_london
from lvm_studio.data.vectors.conditions import WEEKS_PER_YEAR, Condition, VectorColumns, places
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.sources import week_curves
from lvm_studio.data.vectors.week_conditions import tellable, week_conditions

KINDS = Condition("tariff", "kinds", ("flat", "night", "tide"))


@given(value=st.floats(-1e6, 1e6), kind=st.integers(-1, 2), week=st.floats(0, 52.1))
def test_a_code_says_what_was_told(value: float, kind: int, week: float) -> None:
    told = (Condition("t", unit="°C"), KINDS, Condition("season", "season"))
    values = (value, float(kind), week)
    k = np.concatenate([c.code(v) for c, v in zip(told, values, strict=True)])
    for condition, place, expected in zip(told, places(told), values, strict=True):
        assert len(k[place]) == condition.width
        assert condition.value(k[place]) == pytest.approx(expected, abs=1e-6)
    again = VectorColumns.from_tree(VectorColumns(conditions=told).to_tree())
    assert again.conditions == told


def test_a_column_of_codes_is_read_by_name() -> None:
    codes = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert KINDS.column(codes).tolist() == ["night", "unknown"]
    assert Condition("season", "season").words(np.array([1.0, 0.0])) == "week 13 of the year"
    assert pytest.approx(52.18, abs=0.01) == WEEKS_PER_YEAR


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="3 columns"):
        VectorSet("v", np.zeros((2, 3)), columns=VectorColumns(("a", "b")))
    with pytest.raises(DataError, match="have 3 numbers, k has 1"):
        VectorSet(
            "v", np.zeros((2, 3)), np.zeros((2, 1)), columns=VectorColumns(conditions=(KINDS,))
        )


def test_a_set_keeps_what_its_numbers_are() -> None:
    x = np.array([[1.0, 20.0], [3.0, 40.0]])
    columns = VectorColumns(("a", "b"), conditions=(KINDS,))
    made = VectorSet("v", x, np.eye(3)[:2], columns=columns, unit="kW")
    scaled = made.scaled(x.mean(0), x.std(0))
    again = VectorSet.from_tree(scaled.to_tree())
    assert again.columns == scaled.columns
    assert again.unit == "kW"
    assert np.allclose(again.x * again.columns.scale + again.columns.centre, x)


def test_weeks_tell_weather_season_and_metadata() -> None:
    london = load_london()
    names = ("temperature", "season", "tariff", "acorn_group")
    assert set(names) <= set(tellable(london))
    who, week = np.array([0, 3]), np.array([5, 30])
    k, told = week_conditions(london, names, who, week)
    for n, (condition, place) in enumerate(zip(told, places(told), strict=True)):
        for row in range(2):
            said = condition.column(k[:, place])[row]
            if n == 0:
                assert said == pytest.approx(london.weeks.temperature_c[week[row]].mean())
            elif n >= 2:
                assert said in {str(london.metadata[names[n]][who[row]]), "unknown"}
    with pytest.raises(DataError, match="no column 'colour' to tell; it has temperature"):
        week_conditions(london, ("colour",), who, week)


def test_single_weeks_are_training_weeks_in_kw() -> None:
    london = load_london()
    rows = week_curves(london, ("season",))
    assert rows.dim == 336
    assert rows.unit == "kW"
    assert set(rows.labels["week"]) <= set(london.split.train_weeks)
    assert set(rows.labels["household"]) <= set(london.split.train_households)
    h, w = london.index(rows.labels["household"][7]), london.weeks.index(rows.labels["week"][7])
    assert np.array_equal(rows.x[7], london.weeks.power_kw[h, w])


def test_a_file_tells_more_of_households(tmp_path: Path) -> None:
    london = load_london()
    first, second = london.household_ids[:2]
    path = tmp_path / "more.csv"
    path.write_text(f"floor,who,heating\n80,{first},gas\n,{second},oil\n70,stranger,gas\n")
    more = with_columns(london, path)
    assert more.metadata["floor"][0] == 80.0
    assert np.isnan(more.metadata["floor"][1:]).all()
    assert more.metadata["heating"][:3].tolist() == ["gas", "oil", ""]
    assert {"floor", "heating"} <= set(tellable(more))
    k, _ = week_conditions(more, ("floor", "heating"), np.array([0, 5]), np.array([3, 3]))
    assert k.tolist() == [[80.0, 1.0, 0.0], [80.0, 0.0, 0.0]]  # the median; of no known kind
    path.write_text(f"suspect,who\nyes,{first}\n")
    with pytest.raises(DataError, match="'suspect' is the studio's own"):
        with_columns(london, path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="names a household such as"):
        with_columns(london, path)
