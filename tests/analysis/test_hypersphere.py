"""What a fixed sigma sees of a sphere: quadrature against Bessel functions, and the threshold."""

import math

import numpy as np
import pytest
from scipy.special import gammaln, ive

from lvm_studio.analysis.sigma.hypersphere import (
    log_ell,
    log_gain,
    mean_cosine,
    optimal_radius,
    radius_map,
    sufficient_bound,
    threshold,
)


def bessel_log_ell(b, a, dim):
    """Eq. 6.5 by I_nu, where scipy's Bessel function does not vanish."""
    nu, kappa = dim / 2 - 1, a * b
    log_i = np.log(ive(nu, kappa)) + kappa
    constant = 0.5 * math.log(math.pi) + gammaln((dim - 1) / 2)
    return -(b**2) / 2 + constant + log_i - nu * np.log(kappa / 2)


def continued_fraction(kappa, dim, terms=200_000):
    """I_{D/2} / I_{D/2-1} from below: 1 / (D/k + 1 / ((D+2)/k + ...))."""
    value = 0.0
    for n in range(terms, -1, -1):
        value = 1.0 / ((dim + 2 * n) / kappa + value)
    return value


@pytest.mark.parametrize("dim", [2, 3, 5, 10, 100])
def test_the_integral_is_a_bessel_function(dim):
    a = np.array([1.5, 4.0, 30.0, 90.0])
    b = np.array([0.3, 2.0, 20.0, 89.0])
    np.testing.assert_allclose(log_ell(b, a, dim), bessel_log_ell(b, a, dim), rtol=1e-11)


@pytest.mark.parametrize(("dim", "kappa"), [(2, 0.01), (2, 50.0), (300, 1e3), (10_000, 2e4)])
def test_mean_cosine_is_a_ratio_of_bessel_functions(dim, kappa):
    exact = continued_fraction(kappa, dim)
    assert float(mean_cosine(kappa, dim)) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("dim", [2, 10, 1000, 10_000])
def test_below_the_threshold_nothing_pays_and_above_something_does(dim):
    just = np.array([0.9, 0.9999, 1.0001, 1.1]) * threshold(dim)
    radius = optimal_radius(just, dim)
    assert (radius[:2] == 0).all()
    assert (radius[2:] > 0).all()
    assert (log_gain(radius[2:], just[2:], dim) > 0).all()
    assert (log_gain(np.array([0.5, 2.0])[:, None] * 0.1, just[:2], dim) < 0).all()


@pytest.mark.parametrize("dim", [2, 10, 10_000])
def test_near_zero_the_gain_is_the_expansion_of_the_errata(dim):
    a = np.array([0.5, 1.0, 2.0]) * threshold(dim)
    b = 1e-2
    expected = b**2 / 2 * (a**2 / dim - 1)
    np.testing.assert_allclose(log_gain(b, a, dim), expected, rtol=2e-3, atol=2e-9)


@pytest.mark.parametrize("dim", [2, 10, 10_000])
def test_nothing_overflows_up_to_ten_thousand(dim):
    a = np.geomspace(0.1, 1e4, 30)
    table = radius_map(dim, a, np.linspace(0, 1e4, 40))
    assert np.isfinite(table.gain).all()
    assert (np.diff(table.optimum) >= 0).all()
    # far above the threshold r -> R - (D - 1) sigma^2 / 2R
    if dim < 100:
        assert table.optimum[-1] == pytest.approx(1e4 - (dim - 1) / 2e4, abs=1e-6)


def test_the_optimum_is_the_highest_point_of_the_map():
    b = np.linspace(0, 12, 2401)
    table = radius_map(10, np.array([3.0, 3.3, 5.0, 11.0]), b)
    assert np.abs(b[table.gain.argmax(0)] - table.optimum).max() <= 0.005


def test_the_bound_of_the_theorem_is_sufficient_only():
    between = 0.5 * (sufficient_bound(10) + threshold(10))
    assert sufficient_bound(10) < between < threshold(10)
    assert optimal_radius(between, 10) == 0


def test_a_line_has_no_sphere():
    with pytest.raises(ValueError, match="two dimensions"):
        log_ell(1.0, 1.0, 1)
