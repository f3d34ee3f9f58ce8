"""What the compute thread computes, with a small model that nobody has trained."""

from dataclasses import replace

import numpy as np
import pytest
from street_requests import answers, changed, fan, three_households, tuned
from studio_fakes import households, small_model

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.models.specs import VAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.studio.street.answers import LoadedModel, StreetRequest
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import Recent, StreetWork

DATA = households()


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return small_model(DATA)


@pytest.fixture
def request_(model: TrainedModel) -> StreetRequest:
    return three_households(DATA, model)


# The base fan ---------------------------------------------------------------------------------


def test_a_stored_model_is_loaded(model: TrainedModel) -> None:
    tree = model.to_tree()
    (loaded,) = answers(StreetWork().load(tree))
    assert isinstance(loaded, LoadedModel)
    assert loaded.tree is tree
    assert loaded.device.startswith("CPU, ")


def test_a_stored_model_that_does_not_fit_is_a_sentence() -> None:
    with pytest.raises(DataError):
        answers(StreetWork().load({"name": "nothing"}))


def test_the_fan_has_the_measured_sum_beside_it(request_: StreetRequest) -> None:
    answer = fan(StreetWork(), request_)
    week = DATA.weeks.power_kw[:, DATA.weeks.index("2013-W03")]
    assert answer.households == 3
    assert answer.fan.curves.shape == (64, 336)
    np.testing.assert_allclose(answer.fan.measured, week[0] + 2 * week[1], rtol=1e-5)
    assert str(answer.fan.times[0]) == "2013-01-14T00:00"


def test_under_other_weather_nothing_was_measured(request_: StreetRequest) -> None:
    cold = changed(request_, own_temperature=(-8.0,) * 7)
    streets = StreetWork()
    assert fan(streets, cold).fan.measured is None
    assert not np.array_equal(fan(streets, cold).fan.mean, fan(streets, request_).fan.mean)


def test_the_same_seed_is_the_same_noise_however_many_are_drawn(request_: StreetRequest) -> None:
    few = fan(StreetWork(), request_).fan.curves
    many = fan(StreetWork(), changed(request_, samples=700)).fan.curves
    np.testing.assert_allclose(few, many[:64], rtol=1e-4, atol=1e-5)
    other = fan(StreetWork(), changed(request_, seed=4)).fan.curves
    assert not np.allclose(few, other)


def test_a_household_more_bends_the_curves_and_does_not_reshuffle_them(
    request_: StreetRequest,
) -> None:
    before = fan(StreetWork(), request_).fan.curves
    more = changed(request_, composition=Composition.parse("A,B*2,C"))
    after = fan(StreetWork(), more).fan.curves
    own = [np.corrcoef(a, b)[0, 1] for a, b in zip(before, after, strict=True)]
    others = [np.corrcoef(a, b)[0, 1] for a, b in zip(before, after[::-1], strict=True)]
    assert np.mean(own) > 0.8
    assert np.mean(own) > np.mean(others) + 0.3


def test_many_samples_come_in_slices_that_newer_wishes_may_preempt(
    request_: StreetRequest,
) -> None:
    told = list(StreetWork().fan(changed(request_, samples=1500)))
    assert told[:2] == [None, None]
    assert len(told[2].fan.curves) == 1500


def test_what_was_used_last_is_remembered() -> None:
    recent: Recent[str, int] = Recent(2)
    for key in ("a", "b"):
        recent.put(key, 1)
    recent.get("a")
    recent.put("c", 1)
    assert recent.get("b") is None
    assert recent.get("a") == 1
    assert recent.make("d", lambda: 4) == 4


# Who makes the peak ---------------------------------------------------------------------------


def test_parts_are_of_the_very_fans_on_screen(request_: StreetRequest) -> None:
    streets = StreetWork()
    tunings = TunedWork(streets)
    extreme = changed(request_, lam=1.0)
    (answer,) = answers(tunings.parts(extreme))
    base, shown = fan(streets, extreme).fan, tuned(tunings, extreme).fan
    np.testing.assert_allclose(answer.base.total_curve_kw, base.mean, atol=1e-5)
    np.testing.assert_allclose(answer.tuned.total_curve_kw, shown.mean, atol=1e-5)
    assert answer.tuned.total_peak_kw == pytest.approx(shown.peak_kw.mean, abs=1e-5)
    assert answer.tuned.household_ids == ("A", "B")
    assert answer.tuned.counts.tolist() == [1, 2]
    assert answer.weeks is not None
    (without,) = answers(answer.weeks.without("B"))
    assert without.household_id == "B"
    assert without.tuned_kw != without.base_kw
    (still,) = answers(tunings.parts(request_))
    assert still.tuned is still.base is answer.base
    assert still.weeks is not None
    (without,) = answers(still.weeks.without("B"))
    assert without.tuned_kw == without.base_kw


def test_a_model_without_households_has_no_rows(request_: StreetRequest) -> None:
    spec = VAESpec(latent_z=2, k=3)
    module = build_module(spec, labels=0, context=0, seed=0)
    plain = TrainedModel("plain", spec, module, None, request_.model.context)
    (answer,) = answers(TunedWork(StreetWork()).parts(replace(request_, model=plain)))
    assert answer.tuned.household_ids == ()
    assert answer.tuned.total_peak_kw > 0.0
