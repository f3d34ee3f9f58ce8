"""Noise of appliances: against a dense normal, by recursion, and the law it is shaped by."""

import pytest
import torch
from scipy.integrate import quad
from torch.distributions import MultivariateNormal, Normal

from lvm_studio.models.autoregressive import SkewedNormal
from lvm_studio.models.bursts import BurstCurve, BurstNoise, memory_filter
from lvm_studio.models.observation import PerHouseholdNoise
from lvm_studio.models.tailed_normal import LEAST_TAIL, MOST_TAIL, TailedNormal


def some_curve(skew=0.0, tail=1.0, length=30, batch=(3,)):
    g = torch.Generator().manual_seed(0)
    mean = torch.randn(*batch, length, generator=g, dtype=torch.float64)
    stddev = 0.2 + torch.rand(*batch, length, generator=g, dtype=torch.float64)
    phi = 0.1 + 0.8 * torch.rand(length, generator=g, dtype=torch.float64)
    shape = TailedNormal(torch.full_like(mean, skew), torch.full_like(mean, tail))
    return BurstCurve(mean, stddev, phi, shape)


def noise_like(curve):
    g = torch.Generator().manual_seed(1)
    return torch.randn(curve.mean.shape, generator=g, dtype=curve.mean.dtype)


def test_log_prob_is_that_of_the_dense_normal():
    curve = some_curve()
    x = curve.mean + noise_like(curve)
    entering = (1 - curve.phi**2).sqrt()
    entering[0] = 1.0
    root = curve.stddev[..., None] * memory_filter(curve.phi, entering)
    dense = MultivariateNormal(curve.mean, scale_tril=root)
    torch.testing.assert_close(curve.log_prob(x), dense.log_prob(x), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(("skew", "tail"), [(0.0, 1.0), (0.6, 0.75), (-0.4, 1.3)])
def test_transport_remembers_first_and_shapes_then(skew, tail):
    curve = some_curve(skew, tail, length=110)
    eps = noise_like(curve)
    g = [eps[:, 0]]
    for t in range(1, 110):
        g.append(curve.phi[t] * g[-1] + (1 - curve.phi[t] ** 2).sqrt() * eps[:, t])
    x = curve.transport(eps)
    r = curve.shape.transport(torch.stack(g, -1))
    torch.testing.assert_close(x, curve.mean + curve.stddev * r)
    torch.testing.assert_close(curve.shape.normal_of(r)[0], torch.stack(g, -1))
    shared = curve.transport(eps[0])
    torch.testing.assert_close(shared[0], x[0])


@pytest.mark.parametrize(("skew", "tail"), [(0.5, 0.8), (-0.7, 1.2)])
def test_density_and_transport_belong_to_each_other(skew, tail):
    curve = some_curve(skew, tail, length=6, batch=())
    eps = noise_like(curve)
    jacobian = torch.autograd.functional.jacobian(curve.transport, eps)
    expected = Normal(0.0, 1.0).log_prob(eps).sum() - jacobian.slogdet().logabsdet
    torch.testing.assert_close(curve.log_prob(curve.transport(eps)), expected)


@pytest.mark.parametrize("tail", [LEAST_TAIL, 0.9, MOST_TAIL])
@pytest.mark.parametrize("skew", [0.0, 0.5, -1.2])
def test_the_tailed_law_has_mean_zero_variance_one_and_total_one(skew, tail):
    law = TailedNormal(*torch.tensor([skew, tail], dtype=torch.float64))

    def moment(power):
        def integrand(v):
            return v**power * float(law.log_prob(torch.tensor(v, dtype=torch.float64)).exp())

        return quad(integrand, -40, 40, points=[0.0], limit=200)[0]

    assert [moment(p) for p in (0, 1, 2)] == pytest.approx([1, 0, 1], abs=1e-4)


def test_with_ordinary_tails_it_is_the_skewed_normal():
    e, skew = torch.linspace(-4, 4, 9, dtype=torch.float64), torch.tensor(0.7).double()
    ours = TailedNormal(skew, torch.ones_like(skew))
    torch.testing.assert_close(
        ours.transport(e), SkewedNormal(skew).transport(e), atol=1e-5, rtol=1e-5
    )


def test_variances_are_those_of_independent_noise_and_shape_follows_the_load():
    noise, plain = BurstNoise(), PerHouseholdNoise()
    with torch.no_grad():
        noise.raw_tail.copy_(torch.tensor([-0.04, 0.02]))
        noise.remember(torch.linspace(0.1, 0.9, 48))
    k = torch.tensor([1.0, 10.0])
    mean = k[:, None] * 0.5 * torch.ones(2, 336)
    law = noise(mean, k)
    torch.testing.assert_close(law.stddev, plain(mean, k).stddev)
    assert (law.shape.tail[0] < law.shape.tail[1]).all()
    torch.testing.assert_close(noise.phi()[48:96], torch.linspace(0.1, 0.9, 48))


def test_noise_is_bounded_once_a_bound_is_set():
    noise, k = BurstNoise(), torch.tensor([10.0])
    mean = torch.linspace(1.0, 20.0, 336)[None]
    before = noise(mean, k).stddev
    noise.bound(float(before.detach().median()))
    torch.testing.assert_close(noise(mean, k).stddev, before.clamp(max=before.median()))
