"""Reweighting against closed forms: f linear, f quadratic, and the Pareto identities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuning_spaces import LinearSpace, QuadraticSpace

from lvm_studio.tuning.answers import answer_from_pool
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.pools.estimates import estimate, kl_of_one_in, moments_at, one_in_n
from lvm_studio.tuning.pools.pool import Pool

PEAK = CRITERIA["peak"]


@pytest.fixture(scope="module")
def linear() -> Pool:
    return Pool.from_space(LinearSpace(), PEAK, n=20_000, seed=1)


@pytest.mark.parametrize("lam", [-1.0, 0.0, 0.5, 1.0, 1.5])
def test_a_linear_criterion_shifts_a_gaussian(linear: Pool, lam: float) -> None:
    """E f = λ, KL = λ²/2, log Z = λ²/2."""
    found = linear.reweight(lam)
    error = 4.0 * math.exp(lam**2 / 2) / math.sqrt(20_000)
    assert found.moments.expectation == pytest.approx(lam, abs=error)
    assert found.moments.kl == pytest.approx(lam**2 / 2, abs=(1 + abs(lam)) * error)
    assert found.log_z == pytest.approx(lam**2 / 2, abs=error)
    assert found.valid


def test_the_effective_size_of_a_linear_criterion_is_the_known_one(linear: Pool) -> None:
    """ESS / n = e^{-λ²} where f is Gaussian."""
    found = linear.reweight(1.0)
    assert found.ess / found.samples == pytest.approx(math.exp(-1.0), rel=0.1)


def test_the_base_law_is_at_no_distance_from_itself_whoever_draws() -> None:
    """Draws of N(0.5, 1) weighted to N(0, 1): log Z and KL are 0 at λ = 0, not nearly."""
    f = np.random.default_rng(0).normal(0.5, 1.0, 500)
    found, _ = estimate(0.0, f, 0.125 - 0.5 * f)
    assert found.log_z == found.moments.kl == moments_at(0.0, f, 0.125 - 0.5 * f).kl == 0.0


def test_a_far_lam_is_not_valid_and_says_why(linear: Pool) -> None:
    found = linear.reweight(4.0)
    assert not found.valid
    assert found.doubt.endswith("choose a smaller one.") or "worth only" in found.doubt


def test_where_the_tuned_law_does_not_exist_khat_says_so() -> None:
    """f = (z² - 1)/√2: Z is infinite from λ = 1/√2 on."""
    pool = Pool.from_space(QuadraticSpace(), PEAK, n=20_000, seed=2)
    allowed, refused = pool.reweight(0.2), pool.reweight(0.75)
    assert allowed.valid
    assert allowed.log_z == pytest.approx(
        -0.5 * math.log(1 - 0.2 * math.sqrt(2)) - 0.2 / math.sqrt(2), abs=0.01
    )
    assert not refused.valid
    assert refused.khat >= 0.7
    assert "no number of such draws" in refused.doubt


@given(lam=st.floats(-2, 2), seed=st.integers(0, 20))
def test_the_kl_is_that_of_the_weights_themselves(lam: float, seed: int) -> None:
    """λ E f - log Z is the KL of the weighted draws to the equal ones: never negative."""
    f = np.random.default_rng(seed).gamma(2.0, size=300)
    found, share = estimate(lam, f, np.zeros(300))
    assert found.moments.kl == pytest.approx(float(share @ np.log(share * 300)), abs=1e-9)
    assert found.moments.kl >= -1e-12


@given(lam=st.floats(-1.5, 1.5), seed=st.integers(0, 20))
def test_derivatives_are_the_moments(lam: float, seed: int) -> None:
    """Eq. 10.6-10.9 against differences."""
    f, zeros, h = np.random.default_rng(seed).normal(size=200), np.zeros(200), 1e-4
    behind, at, ahead = (moments_at(lam + step, f, zeros) for step in (-h, 0.0, h))
    slope = (ahead.expectation - behind.expectation) / (2 * h)
    assert slope == pytest.approx(at.variance, abs=1e-5)
    assert (ahead.kl - behind.kl) / (2 * h) == pytest.approx(lam * at.variance, abs=1e-5)
    assert (ahead.variance - behind.variance) / (2 * h) == pytest.approx(at.third, abs=1e-5)


@given(lam=st.floats(-2, 2), shift=st.floats(-5, 5))
def test_only_log_z_knows_the_scale_of_the_proposal(lam: float, shift: float) -> None:
    f = np.random.default_rng(0).normal(size=200)
    plain, _ = estimate(lam, f, np.zeros(200))
    moved, _ = estimate(lam, f, np.full(200, shift))
    assert moved.moments.expectation == pytest.approx(plain.moments.expectation, abs=1e-9)
    known = lam == 0.0  # log Z is 0 there, whatever the proposal
    assert moved.log_z == pytest.approx(0.0 if known else plain.log_z + shift, abs=1e-9)


def test_one_week_in_n_and_kl_are_each_others_inverse() -> None:
    assert one_in_n(kl_of_one_in(52.0)) == pytest.approx(52.0)
    assert one_in_n(1e9) < math.inf


def test_a_pool_answer_at_lam_zero_is_the_base(linear: Pool) -> None:
    answer = answer_from_pool(linear, 0.0, n=64)
    assert answer.kl == pytest.approx(0.0, abs=1e-12)
    assert answer.expectation == pytest.approx(answer.base_expectation, abs=1e-9)
    assert answer.ess == pytest.approx(20_000)
    assert answer.mean_kw == pytest.approx(linear.curves_kw.mean(axis=0), rel=1e-3)
