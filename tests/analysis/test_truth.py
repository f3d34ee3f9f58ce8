"""Judging by the exact law of a simulated street: the law itself must come out at 1."""

import numpy as np
import pytest
import torch

from lvm_studio.analysis.judging.records import WeekRecords
from lvm_studio.analysis.judging.truth import TRUTH, TruthReport, TruthSpec, judge_by_truth
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import STATISTICS, LabelEncoder
from lvm_studio.data.london import load_london
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.data.simulation.residents import labels_of
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.training.household_problem import told_statistics
from lvm_studio.training.recipes import recipe_named, with_overrides

SMALL = TruthSpec(repeats=4, samples=40, streets=4, k_range=(5, 8), weeks=4)


@pytest.fixture(scope="module")
def street():
    return simulate_street(StreetSpec(households=40, weeks=20, seed=1))


def report(street, predictors, spec=SMALL) -> TruthReport:
    records = WeekRecords.of(street, LabelEncoder.fit(street, ()))
    steps = judge_by_truth(predictors, street, records, spec)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return end.value
        assert done <= total == spec.repeats * spec.weeks


def predictors(street):
    """The law asked again, and the law with half as much again of everything."""
    labels = np.array(labels_of(street), dtype=object)

    def lawful(_labels, _context, households, week, n, generator):
        seed = int(torch.randint(2**31, (1,), generator=generator))
        weeks = street.weeks
        who = tuple(labels[households])
        return StreetTruth().sample(who, weeks.temperature_c[week], weeks.starts[week], n, seed)

    return {"lawful": lawful, "inflated": lambda *known: 1.5 * lawful(*known)}


def test_the_law_scores_as_itself_and_nothing_beats_it(street):
    found = report(street, predictors(street))
    assert found.predictors == ("lawful", "inflated", TRUTH)
    assert found.ratio(TRUTH).mean == 1.0
    assert found.ratio("lawful").mean == pytest.approx(1.0, abs=0.05)
    assert found.ratio("inflated").mean > 1.1
    assert found.same_against_truth("lawful").mean == pytest.approx(1.0, abs=0.1)
    assert found.same_over_independent(TRUTH).mean < 1.0
    assert found.mean(found.spread, "inflated").mean == pytest.approx(1.5, abs=0.2)
    assert found.mean(found.bias, "inflated").mean > 3 * found.mean(found.bias, "lawful").mean
    assert len(found.lines()) == 3


def test_real_households_have_no_known_law():
    london = load_london()
    records = WeekRecords.of(london)
    with pytest.raises(DataError, match="not a simulated street"):
        next(judge_by_truth({}, london, records, SMALL))


def test_a_street_without_two_held_out_weeks_is_refused():
    street = simulate_street(StreetSpec(households=8, weeks=5))
    with pytest.raises(DataError, match="fewer than two weeks out"):
        report(street, {})


def test_of_a_simulated_street_only_what_was_asked_is_told(street):
    spec = recipe_named("households").spec
    assert told_statistics(spec, street) == ()
    assert told_statistics(spec, load_london()) == STATISTICS
    measured = with_overrides(recipe_named("households"), {"labels": "measured"}).spec
    assert told_statistics(measured, street) == STATISTICS
    surveyed = with_overrides(recipe_named("households"), {"labels": "surveyed"}).spec
    assert told_statistics(surveyed, load_london()) == ()
