"""Certificates against closed forms: what they vouch for, and what turns them red."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.tuning.certificate import certify

N = 20_000
RNG = np.random.default_rng(0)
Z = RNG.standard_normal(N)


def shifted(mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Draws of q = N(mean, 1) with f = z, and their log p - log q."""
    z = Z + mean
    return z, 0.5 * (z - mean) ** 2 - 0.5 * z**2


@given(lam=st.floats(-2, 2))
def test_the_exact_proposal_has_equal_weights(lam: float) -> None:
    """p̂_λ = N(λ, 1): weights are all Z, k̂ has nothing to fit, KL(q ‖ p̂) is 0."""
    f, log_ratio = shifted(lam)
    found = certify(lam, f, log_ratio)
    assert found.ess_share == pytest.approx(1.0)
    assert found.log_z == pytest.approx(lam**2 / 2)
    assert found.log_z_error == pytest.approx(0.0, abs=1e-6)
    assert found.kl_to_target == pytest.approx(0.0, abs=1e-9)
    assert found.ok


@pytest.mark.parametrize(("lam", "mean"), [(1.0, 0.5), (0.5, 0.0), (2.0, 2.4), (-1.0, -0.6)])
def test_the_kl_to_the_target_is_that_of_two_gaussians(lam: float, mean: float) -> None:
    """KL(N(mean, 1) ‖ N(λ, 1)) = (mean - λ)²/2; ESS / N = e^{-(mean - λ)²}."""
    found = certify(lam, *shifted(mean))
    gap = (mean - lam) ** 2
    assert found.kl_to_target == pytest.approx(gap / 2, abs=0.03)
    assert found.ess_share == pytest.approx(math.exp(-gap), rel=0.05)
    assert found.log_z == pytest.approx(lam**2 / 2, abs=4 * found.log_z_error)
    assert found.log_z_error == pytest.approx(math.sqrt(math.expm1(gap) / N), rel=0.1)


def test_a_heavy_tail_turns_it_red() -> None:
    """f = (z² - 1)/√2 has no tuned law from λ = 1/√2 on."""
    found = certify(0.9, (Z**2 - 1) / math.sqrt(2), np.zeros(N))
    assert not found.ok
    assert "k̂" in found.sentence


def test_too_few_draws_turn_it_red() -> None:
    f, log_ratio = shifted(1.0)
    found = certify(1.0, f[:60], log_ratio[:60])
    assert not found.ok
    assert "worth only 60" in found.sentence


def test_a_lost_mode_is_seen_by_the_reference_alone() -> None:
    """f = |z|-like with two sides: a proposal that holds one has equal weights and half of Z."""
    f, log_ratio = shifted(2.0)
    alone = certify(2.0, f, log_ratio)
    assert alone.ok
    whole = 2.0 + math.log(2.0)
    found = certify(2.0, f, log_ratio, reference=(whole, whole + 0.02))
    assert not found.ok
    assert "may be missing" in found.sentence


def test_a_way_that_the_reference_has_lost_is_laid_to_its_charge() -> None:
    f, log_ratio = shifted(2.0)
    lost = 2.0 - math.log(2.0)
    found = certify(2.0, f, log_ratio, reference=(lost, lost + 0.02))
    assert not found.ok
    assert "the draws have found" in found.sentence


def test_references_that_disagree_vouch_for_nothing() -> None:
    found = certify(1.0, *shifted(1.0), reference=(0.4, 0.6))
    assert not found.ok
    assert "Two runs of the reference differ by 0.20" in found.sentence


def test_agreement_is_told() -> None:
    found = certify(1.0, *shifted(1.1), reference=(0.49, 0.51))
    assert found.ok
    assert found.sentence.endswith("nats from the reference's.")
    assert certify(1.0, *shifted(1.1)).sentence.endswith("not yet compared with the reference.")
