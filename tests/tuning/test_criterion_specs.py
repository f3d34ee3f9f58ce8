"""Criteria as text and as frozen values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lvm_studio.tuning.criteria.specs import (
    ClassSpec,
    CriterionSpec,
    DistanceSpec,
    EnergySpec,
    FlexibilitySpec,
    LogitSpec,
    LogPeakSpec,
    Objective,
    PeakSpec,
    RampSpec,
    SumSpec,
    SustainedSpec,
    Term,
    parse_criterion,
)
from lvm_studio.tuning.errors import TuningError


def six_digits(sizes):
    """Whole multiples of these sizes, as far as a text keeps them."""
    pairs = st.tuples(st.integers(-99, 99).filter(bool), st.sampled_from(sizes))
    return pairs.map(lambda pair: float(f"{pair[0] * pair[1]:.6g}"))


half_hours = st.integers(1, 47).map(lambda steps: steps / 2)
singles = st.one_of(
    st.sampled_from([PeakSpec(), LogPeakSpec(), FlexibilitySpec(), LogitSpec()]),
    half_hours.map(lambda hours: SustainedSpec(hours=hours)),
    half_hours.map(lambda hours: RampSpec(hours=hours)),
    st.tuples(half_hours, half_hours)
    .filter(lambda window: window[0] != window[1])
    .map(lambda window: EnergySpec(first=window[0], last=window[1])),
    st.builds(ClassSpec, label=st.integers(0, 9), log=st.booleans()),
    st.builds(
        DistanceSpec,
        start=st.integers(0, 300),
        target=st.lists(six_digits([1e-6, 0.25]), min_size=1, max_size=5).map(tuple),
    ),
)
weights = six_digits([1e-5, 0.125, 1e7])
sums = st.lists(st.builds(Term, weight=weights, criterion=singles), min_size=2, max_size=4).map(
    lambda terms: SumSpec(terms=tuple(terms))
)
objectives = st.builds(
    Objective,
    criterion=st.one_of(singles, sums),
    noise=st.sampled_from(["expected", "mean"]),
)


@given(objectives)
def test_a_text_is_read_as_what_it_was_written_from(objective: Objective) -> None:
    assert parse_criterion(objective.text) == objective


@given(objectives)
def test_json_keeps_it_whole(objective: Objective) -> None:
    assert Objective.model_validate_json(objective.model_dump_json()) == objective


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("peak", PeakSpec()),
        ("sustained", SustainedSpec()),
        ("sustained:8h", SustainedSpec()),
        ("sustained:2.5h", SustainedSpec(hours=2.5)),
        ("energy:17-20", EnergySpec(first=17, last=20)),
        ("logclass:4", ClassSpec(label=4)),
        ("class:4", ClassSpec(label=4, log=False)),
        (
            "energy:17-20-0.5*peak",
            SumSpec(
                terms=(
                    Term(weight=1, criterion=EnergySpec(first=17, last=20)),
                    Term(weight=-0.5, criterion=PeakSpec()),
                )
            ),
        ),
        ("-ramp", SumSpec(terms=(Term(weight=-1, criterion=RampSpec()),))),
    ],
)
def test_what_people_type(text: str, spec: object) -> None:
    assert parse_criterion(text).criterion == spec


@pytest.mark.parametrize("text", ["", "valley", "peak+", "peak flexibility", "2*", "energy:17"])
def test_what_is_none_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(TuningError, match=r"There is no criterion .* choose one of peak"):
        parse_criterion(text)


@pytest.mark.parametrize("text", ["sustained:0h", "energy:17-17", "energy:17-30", "ramp:99h"])
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(TuningError, match="cannot be"):
        parse_criterion(text)


def test_a_kind_decides_what_may_stand_beside_it() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CriterionSpec).validate_python({"kind": "peak", "hours": 3})
