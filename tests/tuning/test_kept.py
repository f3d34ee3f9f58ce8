"""One of a few proposals kept by weight: closed forms, and a Gaussian whose law is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.tuning.pools.kept import keep_one, kept_draws, kept_gap, kept_log_weights
from lvm_studio.tuning.pools.pool import Draws

SHIFT = 0.6
"""N(0, 1) is the proposal for N(SHIFT, 1): f = x, λ = SHIFT, log Z = SHIFT² / 2."""


def log_weights(n: int) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal(n)
    return SHIFT * x - 0.5 * SHIFT**2


def kept_of(proposals: int, n: int = 500) -> Draws:
    generator = torch.Generator().manual_seed(proposals)
    u = torch.randn(n * proposals, 1, generator=generator, dtype=torch.float64)
    draws = Draws(u, u[:, 0].numpy(), np.zeros(len(u)))
    return kept_draws(draws, SHIFT, proposals, generator)


def test_one_proposal_has_the_gap_of_the_proposals() -> None:
    assert kept_gap(log_weights(8_000), 1) == pytest.approx(0.5 * SHIFT**2, rel=0.05)


def test_the_gap_told_is_that_of_what_is_kept() -> None:
    """KL of the kept draws' own histogram to N(SHIFT, 1)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400_000, 2, generator=generator, dtype=torch.float64)
    kept = x.gather(1, keep_one(SHIFT * x, generator)[:, None]).squeeze(1).numpy()
    edges = np.linspace(-4.0, 4.6, 60)
    seen = np.histogram(kept, edges)[0] / len(kept)
    exact = np.diff([0.5 * math.erfc((SHIFT - edge) / math.sqrt(2.0)) for edge in edges])
    full = seen > 0
    measured = float((seen[full] * np.log(seen[full] / exact[full])).sum())
    assert measured == pytest.approx(kept_gap(log_weights(20_000), 2), rel=0.1)
    assert measured < 0.4 * 0.5 * SHIFT**2


@given(high=st.floats(0.1, 4.0), common=st.floats(-50.0, 50.0))
def test_of_two_proposals_with_two_weights(high: float, common: float) -> None:
    """Weights 1 and b, as likely: that of a kept 1 is 1 / (1/2 + 1/(1+b)), of b alike."""
    b = math.exp(high)
    exact = np.array([1.0 / (0.5 + 1.0 / (1.0 + b)), 1.0 / (0.5 / b + 1.0 / (1.0 + b))])
    single = np.array([0.0, high]) + common
    kept = kept_log_weights(single, np.repeat(single, 500), 2)
    np.testing.assert_allclose(kept - common, np.log(exact), atol=0.1)
    assert kept[0] > single[0]
    assert kept[1] < single[1]


@pytest.mark.parametrize("proposals", [1, 2, 4, 16])
def test_weights_of_what_is_kept_have_mean_z(proposals: int) -> None:
    """Whatever the number of proposals; the mean of the draws is then that of N(SHIFT, 1)."""
    kept = kept_of(proposals, 1500)
    weights = np.exp(SHIFT * kept.f + kept.log_ratio)
    error = weights.std() / math.sqrt(len(weights))
    assert weights.mean() == pytest.approx(math.exp(0.5 * SHIFT**2), abs=4.0 * error + 0.02)
    estimate, _ = kept.estimate(SHIFT)
    assert estimate.moments.expectation == pytest.approx(SHIFT, abs=0.1)


def test_the_more_proposals_the_flatter_the_weights() -> None:
    spread = [np.std(SHIFT * kept.f + kept.log_ratio) for kept in map(kept_of, (1, 2, 8, 32))]
    assert spread == sorted(spread, reverse=True)
    assert spread[-1] < 0.08
