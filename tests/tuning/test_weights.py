"""Weights: invariances, and the Pareto fit against tails that are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lvm_studio.tuning.pools.weights import (
    effective_sample_size,
    generalised_pareto_fit,
    log_mean_exp,
    normalised,
    pareto_khat,
    systematic_resample,
)

log_weights = arrays(np.float64, st.integers(1, 60), elements=st.floats(-30, 30))
# Equal, or apart by far more than rounding: between the two, a shift may make one the other.
apart = st.floats(-5, 5).map(lambda weight: round(weight, 6))
many_weights = arrays(np.float64, 200, elements=apart)


@given(log_weights, st.floats(-200, 200))
def test_a_common_factor_changes_only_the_mean_weight(weights: np.ndarray, shift: float) -> None:
    share, moved = normalised(weights), normalised(weights + shift)
    assert np.allclose(share, moved)
    assert math.isclose(log_mean_exp(weights + shift), log_mean_exp(weights) + shift, abs_tol=1e-9)


@given(log_weights)
def test_the_effective_size_lies_between_one_and_all(weights: np.ndarray) -> None:
    ess = effective_sample_size(normalised(weights))
    assert 1.0 - 1e-9 <= ess <= len(weights) + 1e-9


@given(log_weights, st.randoms())
def test_order_does_not_matter(weights: np.ndarray, random) -> None:
    order = list(range(len(weights)))
    random.shuffle(order)
    ess = effective_sample_size(normalised(weights))
    assert math.isclose(ess, effective_sample_size(normalised(weights[order])), rel_tol=1e-9)


@given(many_weights, st.floats(-50, 50))
def test_khat_ignores_a_common_factor(weights: np.ndarray, shift: float) -> None:
    khat, moved = pareto_khat(weights), pareto_khat(weights + shift)
    assert khat == moved or math.isclose(khat, moved, abs_tol=1e-5)


@given(log_weights)
def test_doubling_every_draw_doubles_the_effective_size(weights: np.ndarray) -> None:
    once = effective_sample_size(normalised(weights))
    twice = effective_sample_size(normalised(np.concatenate([weights, weights])))
    assert math.isclose(twice, 2.0 * once, rel_tol=1e-9)


@pytest.mark.parametrize("shape", [-0.4, 0.1, 0.5, 1.0])
def test_the_pareto_fit_finds_shape_and_scale(shape: float) -> None:
    uniform = np.random.default_rng(1).random(20_000)
    exceedances = 3.0 * np.expm1(-shape * np.log(uniform)) / shape
    k, sigma = generalised_pareto_fit(exceedances)
    assert k == pytest.approx(shape, abs=0.04)
    assert sigma == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize("shape", [0.3, 0.7, 1.2])
def test_khat_of_pareto_weights_is_their_shape(shape: float) -> None:
    """Weights U^-k have exactly a Pareto tail of index k; the prior pulls by little."""
    weights = -shape * np.log(np.random.default_rng(2).random(200_000))
    assert pareto_khat(weights) == pytest.approx(shape, abs=0.06)


def test_khat_of_a_quadratic_tilt_is_the_known_one() -> None:
    """e^{λ z²/√2} under z ~ N(0, 1) has a tail of index √2 λ: no mean from λ = 1/√2."""
    z = np.random.default_rng(3).standard_normal(100_000)
    for lam in (0.3, 0.6, 0.9):
        assert pareto_khat(lam * z**2 / math.sqrt(2.0)) == pytest.approx(
            math.sqrt(2.0) * lam, abs=0.15
        )


def test_bounded_weights_have_a_khat_below_zero() -> None:
    weights = np.log(0.5 + np.random.default_rng(4).random(4000))
    assert pareto_khat(weights) < 0.0


@pytest.mark.parametrize(
    "weights", [np.zeros(10), np.concatenate([np.zeros(3), np.full(997, -800.0)])]
)
def test_too_few_weights_for_a_tail_are_not_trusted(weights: np.ndarray) -> None:
    assert pareto_khat(weights) == math.inf


@given(log_weights, st.integers(1, 300), st.integers(0, 5))
def test_resampling_takes_each_draw_as_often_as_its_weight_says(
    weights: np.ndarray, n: int, seed: int
) -> None:
    share = normalised(weights)
    counts = np.bincount(systematic_resample(share, n, seed), minlength=len(share))
    assert counts.sum() == n
    assert bool((np.abs(counts - n * share) <= 1.0 + 1e-6).all())


def test_equal_weights_keep_every_draw_in_its_place() -> None:
    assert systematic_resample(np.full(50, 0.02), 50, seed=3).tolist() == list(range(50))


def test_survivors_keep_their_place() -> None:
    share = normalised(np.random.default_rng(5).normal(size=100))
    picked = systematic_resample(share, 100, seed=0)
    survivors = np.unique(picked)
    assert bool((picked[survivors] == survivors).all())


def test_a_small_change_of_weights_changes_few_rows() -> None:
    f = np.random.default_rng(6).normal(size=4096)
    before = systematic_resample(normalised(0.50 * f), 256, seed=0)
    after = systematic_resample(normalised(0.51 * f), 256, seed=0)
    assert np.count_nonzero(before != after) < 128
