import dataclasses

import numpy as np
import pytest
import torch

from lvm_studio.analysis.judging.records import draw_cases
from lvm_studio.analysis.judging.rivals import (
    PENALTIES,
    BootstrapRival,
    _RidgeProblem,
    day_features,
    fit_noise,
    fit_ridge,
)
from lvm_studio.analysis.judging.scores import coverage

TRAIN, HELDOUT = np.arange(20), np.arange(20, 24)
ALL = np.arange(30)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_ridge_recovers_a_linear_world(linear_world):
    ridge = fit_ridge(linear_world, ALL, TRAIN, seed=0, sums=600, k_range=(3, 20))
    for case in draw_cases(linear_world, ALL, HELDOUT, 3, (3, 20), seed=1):
        expected = ridge.expectation(
            linear_world.labels[case.households], linear_world.context[case.week]
        )
        np.testing.assert_allclose(expected, case.x / case.k, atol=2e-3)


def test_ridge_finds_its_penalty_inside_the_grid_for_pure_noise(noisy_world):
    rng = np.random.default_rng(0)
    power = rng.normal(1.0, 0.1, size=noisy_world.power_kw.shape).astype(np.float32)
    noise = dataclasses.replace(noisy_world, power_kw=power)
    ridge = fit_ridge(noise, ALL, TRAIN, seed=0, sums=400)
    assert ridge.penalty >= 1.0  # nothing to be learnt: shrink as far as the grid goes


def test_the_chosen_penalty_has_the_least_residuals_of_all(noisy_world):
    weeks = np.arange(20)
    cases = draw_cases(noisy_world, np.arange(30), weeks, 3, (5, 25), seed=0)
    problem = _RidgeProblem.of(noisy_world, cases)
    chosen, residuals = problem.best_penalty(weeks)
    folds = [problem.leaving_out(weeks[i::10]) for i in range(10)]
    errors = [problem.cross_validated(folds, penalty) for penalty in PENALTIES]
    losses = [(problem.case_weight[:, None] * error**2).sum() for error in errors]
    assert chosen == PENALTIES[int(np.argmin(losses))]
    np.testing.assert_array_equal(residuals, errors[int(np.argmin(losses))])


def test_ridge_noise_is_calibrated_at_sizes_it_scales_to(noisy_world):
    ridge = fit_ridge(noisy_world, ALL, TRAIN, seed=0, sums=800, k_range=(5, 25))
    cases = draw_cases(noisy_world, ALL, HELDOUT, 10, (4, 25), seed=3)
    hits = [
        coverage(
            ridge(
                noisy_world.labels[case.households],
                noisy_world.context[case.week],
                case.households,
                case.week,
                200,
                generator(i),
            ),
            case.x,
            0.8,
        )
        for i, case in enumerate(cases)
    ]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.04)


def test_ridge_draws_scale_with_the_square_root_of_k(noisy_world):
    ridge = fit_ridge(noisy_world, ALL, TRAIN, seed=0, sums=800, k_range=(5, 25))
    label, context = np.zeros((1, 2), np.float32), noisy_world.context[20]

    def spread(k):
        few = np.repeat(label, k, axis=0)
        return ridge(few, context, np.zeros(k, np.int64), 20, 400, generator()).std(axis=0).mean()

    assert spread(24) / spread(6) == pytest.approx(2.0, rel=0.2)


def test_ridge_needs_weeks_to_cross_validate(linear_world):
    with pytest.raises(ValueError, match="two training weeks"):
        fit_ridge(linear_world, ALL, TRAIN[:1], seed=0)


def test_features_hold_all_products():
    label, context = np.array([[2.0, 3.0]]), np.arange(7.0)[None, :, None]
    features = day_features(label, context)
    assert features.shape == (1, 7, 1 + 7 + 2 + 2 + 1)
    np.testing.assert_array_equal(features[0, 4], [4, 0, 0, 0, 0, 1, 0, 0, 2, 3, 8, 12, 16])


def test_noise_is_never_negative():
    k = np.array([5.0, 10.0, 20.0, 60.0])
    a, b = fit_noise(0.2 / k - 0.001, k)
    assert b == 0.0
    assert a == pytest.approx(np.sqrt(0.2), rel=0.1)


def draws(rival, records, week):
    rows = np.array([0, 3, 3, 7])
    return rival(records.labels[rows], records.context[week], rows, week, 50, generator(2))


@pytest.mark.parametrize("make", ["ridge", "bootstrap"])
def test_rivals_never_look_at_held_out_weeks(noisy_world, make):
    def fit(records):
        if make == "ridge":
            return fit_ridge(records, ALL, TRAIN, seed=0, sums=200)
        return BootstrapRival(records, TRAIN, neighbours=4)

    power = noisy_world.power_kw.copy()
    power[:, HELDOUT] = 99.0
    perturbed = dataclasses.replace(noisy_world, power_kw=power)
    before = draws(fit(noisy_world), noisy_world, 22)
    np.testing.assert_array_equal(before, draws(fit(perturbed), perturbed, 22))


def test_bootstrap_draws_real_sums_of_the_nearest_weeks(noisy_world):
    rival = BootstrapRival(noisy_world, TRAIN, neighbours=3)
    real = {week: noisy_world.power_kw[[0, 3, 3, 7], week].sum(0) for week in (17, 18, 19)}
    seen = set()
    for curve in draws(rival, noisy_world, 22):
        matches = [week for week, x in real.items() if np.allclose(curve, x, atol=1e-4)]
        assert len(matches) == 1
        seen |= set(matches)
    assert seen == {17, 18, 19}


def test_bootstrap_of_a_week_it_knows_leaves_that_week_out(noisy_world):
    rival = BootstrapRival(noisy_world, TRAIN, neighbours=1)
    own = noisy_world.power_kw[[0, 3, 3, 7], 10].sum(0)
    assert not np.isclose(draws(rival, noisy_world, 10), own).all(axis=1).any()


def test_season_outweighs_temperature_when_told_so(noisy_world):
    season = np.zeros(24)
    season[[0, 22]] = 1.0
    records = dataclasses.replace(noisy_world, season=season)
    rival = BootstrapRival(records, TRAIN, neighbours=1, season_c=1000.0)
    np.testing.assert_allclose(
        draws(rival, records, 22)[0], records.power_kw[[0, 3, 3, 7], 0].sum(0), rtol=1e-5
    )


def test_a_household_missing_in_a_near_week_lends_its_own_nearest(noisy_world):
    complete = noisy_world.complete.copy()
    complete[7, 19] = False
    records = dataclasses.replace(noisy_world, complete=complete)
    rival = BootstrapRival(records, TRAIN, neighbours=1)
    power = records.power_kw
    expected = power[[0, 3, 3], 19].sum(0) + power[7, 18]
    np.testing.assert_allclose(draws(rival, records, 22)[0], expected, rtol=1e-5)
