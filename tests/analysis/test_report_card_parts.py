"""Distances, features, twins, phrases and limits of report cards, against closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.analysis.judging.records import WeekRecords
from lvm_studio.analysis.report_card.comparison import jackknife
from lvm_studio.analysis.report_card.distances import circular_wasserstein, wasserstein
from lvm_studio.analysis.report_card.features import features, temperature_response
from lvm_studio.analysis.report_card.others import OtherHouseholds
from lvm_studio.analysis.report_card.pairs import draw_ladder, draw_pairs, twins
from lvm_studio.analysis.report_card.phrases import shown
from lvm_studio.analysis.report_card.privacy import nearest_households, nearest_sums
from lvm_studio.analysis.report_card.svg import ticks
from lvm_studio.analysis.report_card.trial import Trial
from lvm_studio.analysis.report_card.verdicts import Limit, Verdict, is_close, verdict
from lvm_studio.analysis.report_card.weekly import draw_two_weeks
from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import result_of
from lvm_studio.tuning.criteria.criterion import CRITERIA

samples = st.lists(st.floats(-50, 50), min_size=1, max_size=30).map(np.array)


@given(samples, samples)
def test_wasserstein_is_that_of_scipy(first, second):
    known = scipy.stats.wasserstein_distance(first, second)
    assert wasserstein(first, second) == pytest.approx(known, abs=1e-9)


@given(st.floats(0, 24), st.floats(0, 24))
def test_one_hour_against_another_is_the_shorter_way_round(first, second):
    way = abs(first - second)
    found = circular_wasserstein(np.array([first]), np.array([second]), 24.0)
    assert found == pytest.approx(min(way, 24.0 - way), abs=1e-9)


@given(st.floats(0, 24), st.integers(0, 2**32 - 1))
def test_turning_the_clock_changes_nothing(turn, seed):
    first, second = np.random.default_rng(seed).uniform(0, 24, size=(2, 12))
    still = circular_wasserstein(first, second, 24.0)
    turned = circular_wasserstein(first + turn, second + turn, 24.0)
    assert turned == pytest.approx(still, abs=1e-9)
    assert still <= wasserstein(first, second) + 1e-9


def test_features_of_a_daily_sine():
    t = np.arange(336)
    curve = 10.0 * (2.0 + np.sin(2 * np.pi * t / 48))[None]
    found = features(curve, np.array([10]), np.zeros((1, 336)), np.array([1.0]))
    assert found.peak[0] == pytest.approx(3.0)
    assert found.peak_hour[0] == pytest.approx(6.0 + 1.0)  # a quarter of a day, summer time
    assert found.autocorrelation[0, 48] == pytest.approx(6 / 7)
    assert found.autocorrelation[0, 24] == pytest.approx(-6.5 / 7)
    step = 2 * math.sin(math.pi / 48)  # of a sine of amplitude 1, as is its own sd
    assert found.roughness[0] == pytest.approx(step, rel=0.01)
    np.testing.assert_allclose(found.daily, 2000.0)


def test_criteria_are_those_of_the_tuning():
    import torch

    curves = np.random.default_rng(0).gamma(2.0, size=(5, 336))
    found = features(curves, np.full(5, 4), np.zeros((5, 336)), np.zeros(5))
    for name, criterion in CRITERIA.items():
        known = criterion(torch.from_numpy(curves)).numpy() / 4
        np.testing.assert_allclose(getattr(found, name), known)


def test_a_linear_answer_to_cold_is_read_off_exactly():
    temperature = np.random.default_rng(0).uniform(-5, 25, size=(8, 7)).repeat(48, axis=1)
    load = 0.3 + 0.012 * np.clip(15.0 - temperature, 0.0, None)
    found = features(5 * load, np.full(8, 5), temperature, np.zeros(8))
    assert temperature_response(found) == pytest.approx(12.0)
    flat = features(5 * load, np.full(8, 5), np.full((8, 336), 3.0), np.zeros(8))
    assert math.isnan(temperature_response(flat))


def test_a_flat_curve_has_finite_features():
    found = features(np.ones((1, 336)), np.array([1]), np.zeros((1, 336)), np.zeros(1))
    assert np.isfinite(found.autocorrelation).all()
    assert found.roughness[0] == 0.0


def test_the_error_of_one_week_is_unknown():
    assert math.isnan(jackknife(lambda rows: 1.0, np.zeros(4, dtype=int)))


def test_twins_share_out_all_households_by_their_labels():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10.0), 2)[:, None] + 0.01 * rng.normal(size=(20, 1))
    both = twins(labels, np.arange(20), rng)
    assert sorted(both.ravel()) == list(range(20))
    assert (np.abs(labels[both[:, 0]] - labels[both[:, 1]]) < 0.1).all()
    assert len(twins(labels, np.arange(7), rng)) == 3


def test_pairs_are_disjoint_complete_and_of_one_size(noisy_world: WeekRecords):
    complete = noisy_world.complete.copy()
    complete[:12, 20] = False
    records = WeekRecords(**{**vars(noisy_world), "complete": complete})
    weeks = np.array([20, 21])
    pairs = draw_pairs(records, np.arange(30), weeks, splits=3, k_ranges=[(4, 40)] * 5, seed=0)
    assert len(pairs) == 3 * 2 * 5
    for i in range(len(pairs)):
        first, second, week = pairs.first[i], pairs.second[i], pairs.week[i]
        assert len(set(first) | set(second)) == 2 * pairs.k[i]
        assert complete[first, week].all()
        assert complete[second, week].all()
        np.testing.assert_allclose(pairs.real[i], records.power_kw[first, week].sum(0), rtol=1e-5)
        np.testing.assert_allclose(pairs.other[i], records.power_kw[second, week].sum(0), rtol=1e-5)
    assert pairs.k.max() <= 15


def test_a_week_without_complete_twins_has_no_pair_and_stops_no_card(noisy_world: WeekRecords):
    complete = noisy_world.complete.copy()
    complete[:, 20] = False
    records = WeekRecords(**{**vars(noisy_world), "complete": complete})
    who = (records, np.arange(30), np.array([20, 21, 22]))
    pairs = draw_pairs(*who, splits=2, k_ranges=[(4, 8)], seed=0)
    assert set(pairs.week) == {21, 22}
    rungs = draw_ladder(*who, (1, 15), splits=2, each=3, seed=0)
    assert set(rungs.k) == {1, 15}
    complete[:, 21] = False
    with pytest.raises(DataError, match="Fewer than two held-out weeks have households"):
        draw_pairs(*who, splits=2, k_ranges=[(4, 8)], seed=0)


def test_a_ladder_has_only_rungs_that_every_week_can_fill(noisy_world: WeekRecords):
    complete = noisy_world.complete.copy()
    complete[:12, 20] = False
    records = WeekRecords(**{**vars(noisy_world), "complete": complete})
    rungs = draw_ladder(
        records, np.arange(30), np.array([20, 21]), (1, 2, 3, 15, 20), splits=2, each=3, seed=0
    )
    assert set(rungs.k) == {1, 2, 3}
    assert all(count >= 12 for count in np.bincount(rungs.k)[1:])


def privacy_trial(records: WeekRecords, heldout: tuple[int, ...]) -> Trial:
    def nothing(labels, context, households, week, n, generator):
        return np.zeros((n, 336))

    return Trial(
        name="zero",
        dataset="a set",
        attribution="",
        predictor=nothing,
        records=records,
        households=np.arange(30),
        new_households=np.arange(0),
        train_weeks=np.setdiff1d(np.arange(24), heldout),
        heldout_weeks=np.array(heldout),
        utc_offset_h=np.zeros(24),
    )


def test_a_week_without_readings_is_not_a_week_of_zero_kilowatts(linear_world: WeekRecords):
    """A model that draws 0 kW is far from training, though nobody was metered in some weeks."""
    complete = linear_world.complete.copy()
    complete[:, :12] = False
    complete[:, 12:] = True
    records = replace(
        linear_world,
        complete=complete,
        power_kw=np.where(complete[..., None], 1.0 + linear_world.power_kw, 0.0).astype(np.float32),
    )
    trial = privacy_trial(records, (20, 21))
    pairs = draw_pairs(
        records, trial.households, trial.heldout_weeks, splits=2, k_ranges=[(3, 3)], seed=0
    )
    near = nearest_sums(trial, pairs, np.zeros((len(pairs), 336)), most=10)
    assert (near.generated > 0.5 * np.sqrt(336)).all()
    assert near.measure().distance == 0.0


def test_two_weeks_are_untold_where_no_twins_are_complete(noisy_world: WeekRecords):
    labels = np.repeat(np.arange(15.0), 2)[:, None].astype(np.float32)
    complete = np.ones_like(noisy_world.complete[:30])
    complete[::2, 20:23] = False  # one of each two of like labels
    records = replace(
        noisy_world, labels=labels, complete=complete, power_kw=noisy_world.power_kw[:30]
    )
    assert draw_two_weeks(privacy_trial(records, (20, 21)), (4, 8), splits=2, seed=0) is None
    untroubled = draw_two_weeks(privacy_trial(records, (5, 6)), (4, 8), splits=2, seed=0)
    assert untroubled is not None
    assert set(untroubled.pairs.week) == {5, 6}


def test_privacy_is_untold_where_nobody_has_two_weeks(linear_world: WeekRecords):
    complete = np.ones_like(linear_world.complete)
    complete[:15, 20] = complete[15:, 21] = False
    trial = privacy_trial(replace(linear_world, complete=complete), (20, 21))
    alone = result_of(nearest_households(trial, seed=0)).measure()
    assert math.isnan(alone.distance)
    assert math.isnan(alone.floor)


def test_other_households_leave_out_those_that_are_judged(linear_world: WeekRecords):
    import torch

    others = OtherHouseholds(linear_world, np.arange(30))
    chosen = np.arange(0, 24)
    drawn = others(
        linear_world.labels[chosen], linear_world.context[5], chosen, 5, 50, torch.Generator()
    )
    rest = linear_world.power_kw[24:, 5]
    assert drawn.shape == (50, 336)
    assert (drawn <= 24 * rest.max(axis=0) + 1e-4).all()
    assert (drawn >= 24 * rest.min(axis=0) - 1e-4).all()


@pytest.mark.parametrize(
    ("distance", "floor", "limit", "expected"),
    [
        (0.9, 1.0, 1.5, Verdict.AS_REAL),
        (1.2, 1.0, 1.5, Verdict.GOOD),
        (1.6, 1.0, 1.5, Verdict.SHORT),
        (1.2, 2.0, 1.0, Verdict.SHORT),
        (math.nan, 1.0, 1.5, Verdict.UNTOLD),
        (1.0, math.nan, math.nan, Verdict.UNTOLD),
    ],
)
def test_verdicts(distance, floor, limit, expected):
    assert verdict(distance, floor, limit) is expected


def test_a_limit_that_hangs_on_an_unknown_floor_is_unknown():
    assert math.isnan(Limit("why", times_floor=1.5).at(math.nan))
    assert Limit("why", absolute=0.9).at(math.nan) == 0.9


def test_a_close_call_is_within_two_errors():
    assert is_close(1.0, 1.1, 0.06)
    assert not is_close(1.0, 1.2, 0.06)
    assert not is_close(1.0, 1.0, math.nan)


def test_figures_have_three_digits():
    assert shown(412.31, "W") == "412 W"
    assert shown(19.147, "kWh", 1.1) == "19.1 ± 1.1 kWh"
    assert shown(0.0441, "kW") == "0.044 kW"
    assert shown(-0.5, "") == "−0.500"


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_few_round_and_inside(low, span):
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-6 * span <= tick <= low + 1.000001 * span for tick in found)
