"""What the compute thread computes of tuned laws, with a small model that nobody has trained."""

from typing import Any

import numpy as np
import pytest
from street_requests import answers, changed, fan, one_in_100, three_households, tuned
from studio_fakes import households, small_model

from lvm_studio.models.trained import TrainedModel
from lvm_studio.studio.street.answers import StreetRequest, TunedAnswer
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.tunings import Source
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.reference_job import Reference
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.specs import FlowSpec

DATA = households()


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return small_model(DATA)


@pytest.fixture
def request_(model: TrainedModel) -> StreetRequest:
    return three_households(DATA, model)


# The tuned fan --------------------------------------------------------------------------------


def test_at_lam_zero_the_tuned_fan_is_the_base_fan(request_: StreetRequest) -> None:
    streets = StreetWork()
    base, answer = fan(streets, request_), tuned(TunedWork(streets), request_)
    np.testing.assert_allclose(answer.fan.curves, base.fan.curves, rtol=1e-5, atol=1e-6)
    assert answer.kl == 0.0
    assert answer.one_in_n == 1.0
    assert answer.expectation == pytest.approx(answer.base_expectation, abs=1e-6)
    assert answer.valid


@pytest.mark.parametrize("criterion", ["peak", "sustained", "flexibility"])
def test_lam_raises_the_criterion_and_kl(request_: StreetRequest, criterion: str) -> None:
    tunings = TunedWork(StreetWork())
    steps = [
        tuned(tunings, changed(request_, criterion=criterion, lam=lam)) for lam in (0.0, 0.5, 1.0)
    ]
    assert steps[0].expectation < steps[1].expectation < steps[2].expectation
    assert steps[0].kl < steps[1].kl < steps[2].kl
    assert {step.unit for step in steps} == {"kWh" if criterion == "flexibility" else "kW"}
    front = steps[2].front
    assert np.all(np.diff(front.kl[front.valid]) > 0)


def test_the_first_answer_pauses_for_what_is_more_urgent(request_: StreetRequest) -> None:
    told = list(TunedWork(StreetWork()).answer(request_))
    assert told.count(None) >= 4
    assert isinstance(told[-1], TunedAnswer)


def test_a_pool_that_the_next_lam_overtakes_is_gone_on_with(request_: StreetRequest) -> None:
    whole = tuned(TunedWork(StreetWork()), request_)
    tunings, pauses = TunedWork(StreetWork()), 0
    while True:  # as the compute thread does it: the work of a wish that is overtaken is closed
        work = tunings.answer(request_)
        answer = next(work)
        work.close()
        if answer is not None:
            break
        pauses += 1
    assert pauses == list(TunedWork(StreetWork()).answer(request_)).count(None)
    assert answer.log_z == whole.log_z
    np.testing.assert_array_equal(answer.fan.curves, whole.fan.curves)


def test_far_lams_become_valid_while_the_page_rests(request_: StreetRequest) -> None:
    far = one_in_100(request_)
    tunings = TunedWork(StreetWork())
    before = tuned(tunings, far)
    (settled,) = answers(tunings.settle(far))
    soon = tuned(tunings, far)
    climbed = answers(tunings.climb(far))
    after = tuned(tunings, far)
    assert not before.valid
    assert before.refining
    assert settled.settled
    assert soon.valid
    assert soon.method == "settled"
    assert not soon.refining
    assert climbed[-1] == settled
    assert after.valid
    assert tuned(tunings, changed(far, method="climb")).method == "climb"
    assert after.kl == pytest.approx(soon.kl, abs=0.2)
    assert answers(tunings.climb(far)) == []


def test_a_new_street_is_answered_first_by_what_the_last_one_knew(request_: StreetRequest) -> None:
    streets = StreetWork()
    tunings, here = TunedWork(streets), changed(request_, lam=1.0)
    answers(tunings.climb(here))
    composition = here.state.composition
    more = changed(here, composition=composition.add(composition.counts[0][0], 1))
    first, own = answers(tunings.answer(more))
    assert first.state == own.state == more.state
    assert first.valid
    assert first.method == "settled"
    assert first.samples < own.samples
    assert first.expectation == pytest.approx(own.expectation, rel=0.02)
    assert first.base_expectation == pytest.approx(own.base_expectation, rel=0.01)
    assert len(answers(tunings.answer(more))) == 1  # it is known now
    quiet = changed(more, lam=-1.0, composition=composition)
    assert len(answers(tunings.answer(quiet))) == 1  # the other side is another law


def test_what_is_held_is_reached_on_a_new_street_before_its_pool_is_there(
    request_: StreetRequest,
) -> None:
    tunings, far = TunedWork(StreetWork()), one_in_100(request_)
    answers(tunings.climb(far))
    composition = far.state.composition
    more = changed(far, composition=composition.add(composition.counts[0][0], 1))
    (first,) = tunings.solve(more, "one_in_n", 100.0)  # no pause: nothing else was waited for
    (answer,) = answers(tunings.answer(changed(more, lam=first)))  # the pool alone knows less
    assert answer.valid
    assert answer.samples < 1000
    assert answer.one_in_n == pytest.approx(100.0, rel=0.02)
    answers(tunings.climb(more))
    (own,) = answers(tunings.solve(more, "one_in_n", 100.0))
    assert first == pytest.approx(own, abs=0.3)
    # what is shown there is what was asked for, whoever answers
    assert tuned(tunings, changed(more, lam=own)).one_in_n == pytest.approx(100.0, rel=0.01)


def test_a_pool_is_not_believed_where_the_climb_is_lost(request_: StreetRequest) -> None:
    tunings, near = TunedWork(StreetWork()), changed(request_, lam=0.5)
    believed = tuned(tunings, near)
    tuning = tunings.tunings.get(near)
    draws = tuning.sources["pool"].draws
    few = Draws(draws.u[:64], draws.f[:64], draws.log_ratio[:64])
    tuning.learn(Source("climb", few))
    tuning.end_climb()
    answer = tuned(tunings, near)
    assert believed.valid
    assert not answer.valid
    assert not answer.front.valid.any()


@pytest.mark.parametrize(("goal", "target"), [("kl", 1.0), ("kl", 4.6), ("one_in_n", 100.0)])
def test_a_target_is_reached(request_: StreetRequest, goal: Any, target: float) -> None:
    tunings = TunedWork(StreetWork())
    (lam,) = answers(tunings.solve(request_, goal, target))
    reached = tuned(tunings, changed(request_, lam=lam))
    assert reached.valid
    assert getattr(reached, goal) == pytest.approx(target, rel=0.01)


def test_an_expected_level_is_reached(request_: StreetRequest) -> None:
    tunings = TunedWork(StreetWork())
    level = tuned(tunings, changed(request_, lam=0.7)).expectation
    (lam,) = answers(tunings.solve(request_, "expectation", level))
    assert lam == pytest.approx(0.7, abs=0.01)


def test_a_flow_takes_over_and_moves_the_base_curves(request_: StreetRequest) -> None:
    streets = StreetWork()
    tunings, far = TunedWork(streets), one_in_100(request_)
    ((owner, job),) = answers(tunings.flow_job(far))
    assert owner is far
    pool = answers(tunings.answer(far))
    quick = FlowSpec(steps=30, couplings=2, hidden=8, climb_draws=512)
    tuning = tunings.tunings.get(far)
    reports = fit_flow(quick, tuning.pool.potential, tuning.pool.draws, seed=job.seed)
    snapshot = [report for report in reports if isinstance(report, FlowSnapshot)][-1]
    answers(tunings.adopt(far, snapshot))
    answer = tuned(tunings, far)
    assert pool[0].method == "pool"
    assert answer.method == "flow"
    assert answer.valid
    assert "flow" in answer.sentence
    assert answer.expectation > answer.base_expectation
    near = tuned(tunings, changed(far, lam=0.98 * far.state.lam))
    assert np.abs(near.fan.curves - answer.fan.curves).mean() < 0.2 * answer.fan.curves.std()
    raw = tuned(tunings, changed(far, corrected=False))
    assert answer.certificate.corrected
    assert (answer.weights == 1.0).all()
    assert not raw.certificate.corrected
    assert raw.weights.mean() == pytest.approx(1.0)
    assert raw.weights.std() > 0.0
    assert {row.tobytes() for row in answer.fan.curves} <= {row.tobytes() for row in raw.fan.curves}


def test_more_rows_than_the_race_allows_are_resampled(request_: StreetRequest) -> None:
    answer = tuned(TunedWork(StreetWork()), changed(request_, samples=900, lam=0.5))
    assert answer.fan.curves.shape == (900, 336)


# The quiet weeks, the reference, the levels ---------------------------------------------------


def test_below_zero_lam_asks_for_quiet_weeks(request_: StreetRequest) -> None:
    tunings = TunedWork(StreetWork())
    quiet = tuned(tunings, changed(request_, lam=-0.5))
    loud = tuned(tunings, changed(request_, lam=0.5))
    assert quiet.lam == -0.5
    assert quiet.valid
    assert quiet.kl > 0.0
    assert quiet.expectation < quiet.base_expectation < loud.expectation
    assert quiet.fan.peak_kw.mean < loud.fan.peak_kw.mean
    assert (np.diff(quiet.front.lam) < 0).all()
    assert (np.diff(quiet.front.expectation) < 0).all()


def test_a_level_below_the_mean_is_reached_by_a_negative_lam(request_: StreetRequest) -> None:
    tunings = TunedWork(StreetWork())
    level = tuned(tunings, changed(request_, lam=-0.7)).expectation
    (lam,) = answers(tunings.solve(request_, "expectation", level))
    assert lam == pytest.approx(-0.7, abs=0.02)


@pytest.mark.parametrize(("lam", "share"), [(0.7, 0.5), (0.6, 0.9), (-0.6, 0.25)])
def test_a_quantile_is_reached(request_: StreetRequest, lam: float, share: float) -> None:
    tunings, there = TunedWork(StreetWork()), changed(request_, lam=lam)
    tuned(tunings, there)
    tuning = tunings.tunings.get(there)
    draws, potential = tuning.pool.draws, tuning.pool.potential
    below = share if lam > 0 else 1.0 - share
    order, weights = np.argsort(draws.f), draws.estimate(abs(lam))[1]
    place = int(np.searchsorted(np.cumsum(weights[order]), below))
    level = potential.natural(float(draws.f[order[place]]))
    held = changed(request_, goal="quantile", target=level, share=share)
    (found,) = answers(tunings.solve(held, "quantile", level))
    assert found == pytest.approx(lam, abs=0.03)


def test_a_level_that_no_week_has_is_told(request_: StreetRequest) -> None:
    held = changed(request_, goal="quantile", target=1e6)
    with pytest.raises(TuningError, match="choose a level"):
        answers(TunedWork(StreetWork()).solve(held, "quantile", 1e6))


def test_answers_are_held_against_the_reference(request_: StreetRequest) -> None:
    tunings, near = TunedWork(StreetWork()), changed(request_, lam=0.5)
    before = tuned(tunings, near)
    draws = tunings.tunings.get(near).sources["pool"].draws
    lam = np.linspace(0.0, 1.0, 3)
    pool = SmcPool(draws, np.arange(len(draws.f)) % 2, lam, 0, 0.0)
    far_off = Reference(lam, np.full((2, 3), before.log_z + 1.0), pool, 0, 0.0)
    answers(tunings.compare(near, far_off))
    after = tuned(tunings, near)
    assert before.certificate.ok
    assert before.certificate.reference_log_z is None
    assert not after.certificate.ok
    assert "reference" in after.certificate.sentence
    assert tuned(tunings, changed(near, method="smc")).method == "smc"
    assert tuned(tunings, changed(near, method="flow")).method != "flow"  # there is none yet


def test_one_in_n_names_three_figures_in_their_order(request_: StreetRequest) -> None:
    tunings, rare = TunedWork(StreetWork()), one_in_100(request_)
    answers(tunings.climb(rare))
    (told,) = answers(tunings.levels(rare))
    assert told.one_in_n == pytest.approx(100.0, rel=0.1)
    assert told.base_mean < told.quantile < told.beyond
    assert told.tuned_mean > told.base_mean
    assert told.base.sum() == pytest.approx(1.0, abs=0.01)
    assert told.tuned.sum() == pytest.approx(1.0, abs=0.05)
    (still,) = answers(tunings.levels(request_))
    assert still.quantile is None
    np.testing.assert_allclose(still.base, still.tuned)
