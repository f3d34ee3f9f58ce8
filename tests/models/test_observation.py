"""Observation models: densities against torch, transport, and how noise grows with K."""

import pytest
import torch
from torch.distributions import Normal

from lvm_studio.models.observation import GaussianCurve, PerHouseholdNoise, WholeCurveNoise


def test_log_prob_is_that_of_independent_normals():
    g = torch.Generator().manual_seed(0)
    mean, x = torch.randn(2, 3, 336, generator=g), torch.randn(2, 3, 336, generator=g)
    stddev = torch.rand(2, 3, 336, generator=g) + 0.1
    expected = Normal(mean, stddev).log_prob(x).sum(-1)
    torch.testing.assert_close(GaussianCurve(mean, stddev).log_prob(x), expected)


def test_transport_of_noise_has_mean_and_stddev():
    curve = GaussianCurve(torch.full((4000, 336), 2.0), torch.full((4000, 336), 3.0))
    x = curve.transport(torch.randn(4000, 336, generator=torch.Generator().manual_seed(0)))
    assert x.mean().item() == pytest.approx(2.0, abs=0.02)
    assert x.std().item() == pytest.approx(3.0, abs=0.02)


def test_noise_of_a_sum_averages_out_down_to_what_is_shared():
    noise = PerHouseholdNoise()
    reference = noise.reference_kw

    def per_household(k):
        k = torch.tensor([float(k)])
        return (noise(k[:, None] * reference * torch.ones(1, 336), k).stddev / k).mean().item()

    own, shared = noise.own().mean().item(), noise.shared().mean().item()
    assert per_household(4) ** 2 == pytest.approx(own**2 / 4 + shared**2, rel=1e-4)
    assert per_household(10**6) == pytest.approx(shared, rel=1e-2)


def test_noise_variance_grows_with_the_load_and_stays_above_a_floor():
    noise, k = PerHouseholdNoise(), torch.tensor([10.0])
    flat = 10 * noise.reference_kw * torch.ones(1, 336)
    ratio = noise(4 * flat, k).stddev / noise(flat, k).stddev
    torch.testing.assert_close(ratio, torch.full_like(ratio, 2.0))
    assert (noise(-flat, k).stddev > 0).all()


@pytest.mark.parametrize("noise", [PerHouseholdNoise(), WholeCurveNoise(10)])
def test_units_follow_the_reference(noise):
    before = noise.sigma()
    noise.set_reference(2 * noise.reference_kw)
    torch.testing.assert_close(noise.sigma(), 2 * before)
