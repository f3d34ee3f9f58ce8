"""Binned sums are the sums of all draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.tuning.pools.estimates import moments_at
from lvm_studio.tuning.pools.sums import LARGEST_LAM, CriterionSums
from lvm_studio.tuning.pools.weights import log_mean_exp


def draws(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """f of two humps, one far out, and log-ratios that lean against it."""
    rng = np.random.default_rng(seed)
    f = np.concatenate([rng.gamma(4.0, 0.5, 900) - 2.0, rng.normal(6.0, 1.0, 300)])
    return f, rng.normal(size=1200) - 2.0 * np.maximum(f, 0.0)


@given(lam=st.floats(-LARGEST_LAM, LARGEST_LAM), seed=st.integers(0, 50))
def test_they_are_those_of_all_draws(lam: float, seed: int) -> None:
    f, log_ratio = draws(seed)
    binned, direct = CriterionSums.of(f, log_ratio).at(lam), moments_at(lam, f, log_ratio)
    assert binned.expectation == pytest.approx(direct.expectation, rel=1e-8, abs=1e-8)
    assert binned.kl == pytest.approx(direct.kl, rel=1e-8, abs=1e-8)
    assert binned.variance == pytest.approx(direct.variance, rel=1e-6, abs=1e-9)
    assert binned.third == pytest.approx(direct.third, rel=1e-5, abs=1e-9)


@given(lam=st.floats(-LARGEST_LAM, LARGEST_LAM), seed=st.integers(0, 50))
def test_log_z_is_the_log_of_the_mean_weight(lam: float, seed: int) -> None:
    f, log_ratio = draws(seed)
    exact = log_mean_exp(lam * f + log_ratio)
    assert CriterionSums.of(f, log_ratio).log_z(lam) == pytest.approx(exact, rel=1e-9, abs=1e-8)


def test_bins_are_far_fewer_than_draws() -> None:
    f, log_ratio = draws(0)
    sums = CriterionSums.of(np.tile(f, 50), np.tile(log_ratio, 50))
    assert len(sums.centre) < 1200
    assert np.all(np.diff(sums.centre) > 0.0)
