"""Autoregressive noise: against a dense multivariate normal, by recursion, and how it leans."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch.distributions import MultivariateNormal, Normal

from lvm_studio.models.autoregressive import (
    MEAN_SECANT,
    AutoregressiveCurve,
    AutoregressiveNoise,
    SkewedNormal,
    ar1_filter,
)
from lvm_studio.models.observation import GaussianCurve, PerHouseholdNoise

STRAIGHT = torch.tensor(0.0, dtype=torch.float64)


def some_curve(phi, skew=0.0, length=40, batch=(3,), seed=0):
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(*batch, length, generator=g, dtype=torch.float64)
    stddev = 0.2 + torch.rand(*batch, length, generator=g, dtype=torch.float64)
    number = torch.tensor([phi, skew], dtype=torch.float64)
    return AutoregressiveCurve(mean, stddev, number[0], number[1])


def noise_like(curve, seed=1):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(curve.mean.shape, generator=g, dtype=curve.mean.dtype)


@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.35, 0.97])
def test_log_prob_is_that_of_the_dense_normal(phi):
    curve = some_curve(phi)
    x = curve.mean + noise_like(curve)
    steps = torch.arange(40)
    correlation = (torch.tensor(phi, dtype=torch.float64)) ** (steps[:, None] - steps).abs()
    covariance = curve.stddev[..., None] * correlation * curve.stddev[..., None, :]
    expected = MultivariateNormal(curve.mean, covariance).log_prob(x)
    torch.testing.assert_close(curve.log_prob(x), expected)


@pytest.mark.parametrize("skew", [0.0, 0.6])
def test_transport_is_the_recursion(skew):
    curve = some_curve(0.7, skew)
    eps = noise_like(curve)
    v = SkewedNormal(curve.skew).transport(eps)
    r = [v[:, 0]]
    for t in range(1, 40):
        r.append(0.7 * r[-1] + math.sqrt(1 - 0.7**2) * v[:, t])
    expected = curve.mean + curve.stddev * torch.stack(r, -1)
    torch.testing.assert_close(curve.transport(eps), expected)


@pytest.mark.parametrize("skew", [0.0, -0.8, 1.1])
def test_density_and_transport_belong_to_each_other(skew):
    """log p(T(e)) = log N(e) - log |det dT/de|, the determinant taken by differentiation."""
    curve = some_curve(0.6, skew, length=6, batch=())
    eps = noise_like(curve)
    jacobian = torch.autograd.functional.jacobian(curve.transport, eps)
    expected = Normal(0.0, 1.0).log_prob(eps).sum() - jacobian.slogdet().logabsdet
    torch.testing.assert_close(curve.log_prob(curve.transport(eps)), expected)


def test_filter_squares_to_the_correlation():
    filtered = ar1_filter(torch.tensor(0.9, dtype=torch.float64), 336)
    steps = torch.arange(336)
    expected = torch.tensor(0.9, dtype=torch.float64) ** (steps[:, None] - steps).abs()
    torch.testing.assert_close(filtered @ filtered.T, expected)


def test_without_memory_and_skew_it_is_independent_noise():
    curve = some_curve(0.0)
    plain, eps = GaussianCurve(curve.mean, curve.stddev), noise_like(curve)
    torch.testing.assert_close(curve.transport(eps), plain.transport(eps))
    torch.testing.assert_close(curve.log_prob(eps), plain.log_prob(eps))


@pytest.mark.parametrize("skew", [0.0, 0.3, -1.2, 2.0])
def test_skewed_law_has_mean_zero_variance_one_and_total_one(skew):
    law = SkewedNormal(torch.tensor(skew, dtype=torch.float64))

    def moment(power):
        def integrand(v):
            return v**power * float(law.log_prob(torch.tensor(v, dtype=torch.float64)).exp())

        return quad(integrand, -30, 30, points=[0.0], limit=200)[0]

    assert [moment(p) for p in (0, 1, 2)] == pytest.approx([1, 0, 1], abs=1e-5)
    assert np.sign(round(moment(3), 6)) == np.sign(skew)


def test_the_constant_of_the_skewed_law_is_its_integral():
    def integrand(e):
        return math.sqrt(1 + e * e) * math.exp(-0.5 * e * e) / math.sqrt(2 * math.pi)

    assert quad(integrand, -40, 40)[0] == pytest.approx(MEAN_SECANT, abs=1e-7)


def test_tails_stay_gaussian():
    """Far out the law is a half-Gaussian: a peak tilted by any lambda has a finite Z."""
    e = torch.tensor([20.0, 40.0, 80.0], dtype=torch.float64)
    v = SkewedNormal(torch.tensor(0.9, dtype=torch.float64)).transport(e)
    assert float((v[2] - v[1]) / (v[1] - v[0])) == pytest.approx(2.0, rel=1e-2)


def test_variances_are_those_of_independent_noise_and_skew_averages_out():
    noise, plain = AutoregressiveNoise(skewed=True), PerHouseholdNoise()
    with torch.no_grad():
        noise.raw_skew.fill_(0.1)
    k = torch.tensor([4.0, 400.0])
    mean = k[:, None] * 0.5 * torch.ones(2, 336)
    torch.testing.assert_close(noise(mean, k).stddev, plain(mean, k).stddev)
    few, many = noise.skew(k).tolist()
    assert few == pytest.approx(10 * many, rel=0.05)
    assert many > 0


def test_skew_that_is_not_wanted_is_not_learned():
    noise = AutoregressiveNoise(skewed=False)
    k = torch.ones(2)
    x = torch.rand(2, 336)
    noise(torch.ones(2, 336), k).log_prob(x).sum().backward()
    assert noise.raw_skew.grad is None
    assert noise.raw_phi.grad.abs() > 0


def test_learning_finds_phi_and_skew():
    g = torch.Generator().manual_seed(0)
    truth = AutoregressiveCurve(
        torch.zeros(200, 336), torch.ones(200, 336), torch.tensor(0.55), torch.tensor(0.4)
    )
    x = truth.transport(torch.randn(200, 336, generator=g))
    noise = AutoregressiveNoise(skewed=True)
    optimiser = torch.optim.Adam([noise.raw_phi, noise.raw_skew], lr=0.02)
    k = torch.ones(200)
    for _ in range(150):
        optimiser.zero_grad()
        law = AutoregressiveCurve(truth.mean, truth.stddev, noise.phi(), noise.skew(k)[:, None])
        (-law.log_prob(x).mean()).backward()
        optimiser.step()
    assert noise.phi().item() == pytest.approx(0.55, abs=0.02)
    assert noise.skew(k)[0].item() == pytest.approx(0.4, abs=0.04)
