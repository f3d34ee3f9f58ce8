"""The correlated Gaussian against dense linear algebra and torch's own distributions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from lvm_studio.models.gaussians import CorrelatedGaussian, ResidualGaussian, standard_normal_kl

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 3), st.integers(0, 10_000))


def random_q(batch, parts, width, seed, *, absent=False):
    g = torch.Generator().manual_seed(seed)

    def normal():
        return torch.randn(batch, parts, width, generator=g, dtype=torch.float64)

    mask = torch.ones(batch, parts, dtype=torch.float64)
    if absent:
        mask[:, 1:] = (torch.rand(batch, parts - 1, generator=g) < 0.5).double()
    return CorrelatedGaussian(normal(), (0.5 * normal()).exp(), 2 * normal(), mask)


def dense(q, b, c):
    """Mean and covariance of observation b, coordinate c, of the parts that exist (Eq. 9.20)."""
    there = q.mask[b].bool()
    rho, sigma = q.rho[b, there, c], q.sigma[b, there, c]
    a = torch.eye(len(rho), dtype=rho.dtype) - rho[:, None]
    return q.mu[b, there, c], a @ torch.diag(sigma**2) @ a.T


def multivariate(q, b, c):
    mean, covariance = dense(q, b, c)
    return MultivariateNormal(mean, covariance)


def every(q):
    return [(b, c) for b in range(q.mu.shape[0]) for c in range(q.mu.shape[2])]


@settings(max_examples=25, deadline=None)
@given(SHAPES)
def test_density_and_entropy_are_those_of_the_dense_normal(shape):
    q = random_q(*shape, absent=True)
    w = q.rsample(torch.Generator().manual_seed(1))
    density, entropy = q.log_prob(w), q.entropy()
    for b, c in every(q):
        there, normal = q.mask[b].bool(), multivariate(q, b, c)
        torch.testing.assert_close(density[b, c], normal.log_prob(w[b, there, c]))
        torch.testing.assert_close(entropy[b, c], normal.entropy())


@settings(max_examples=25, deadline=None)
@given(SHAPES)
def test_kl_is_that_of_the_dense_normals(shape):
    q = random_q(*shape, absent=True)
    p = random_q(*shape[:3], shape[3] + 1)
    kl = q.kl(p.mu, p.sigma)
    for b, c in every(q):
        there = q.mask[b].bool()
        prior = MultivariateNormal(p.mu[b, there, c], torch.diag(p.sigma[b, there, c] ** 2))
        torch.testing.assert_close(kl[b, c], kl_divergence(multivariate(q, b, c), prior))


@settings(max_examples=25, deadline=None)
@given(SHAPES)
def test_sum_has_the_mean_and_variance_of_the_dense_sum(shape):
    q = random_q(*shape, absent=True)
    for b, c in every(q):
        mean, covariance = dense(q, b, c)
        torch.testing.assert_close(q.sum_mean()[b, c], mean.sum())
        torch.testing.assert_close(q.sum_variance()[b, c], covariance.sum())


@settings(max_examples=25, deadline=None)
@given(SHAPES)
def test_each_part_has_the_variance_and_kl_of_its_own_dense_marginal(shape):
    q = random_q(*shape, absent=True)
    p = random_q(*shape[:3], shape[3] + 1)
    variance, kl = q.part_variance(), q.part_kl(p.mu, p.sigma)
    for b, c in every(q):
        there = q.mask[b].bool()
        mean, covariance = dense(q, b, c)
        own = Normal(mean, covariance.diagonal().sqrt())
        torch.testing.assert_close(variance[b, there, c], own.variance)
        prior = Normal(p.mu[b, there, c], p.sigma[b, there, c])
        torch.testing.assert_close(kl[b, there, c], kl_divergence(own, prior))
    assert not kl[~q.mask.bool()].any()


@pytest.mark.parametrize("nu", [3.0, 12.0, 30.0])
def test_a_single_part_told_almost_exactly_has_the_variance_of_the_sum(nu):
    one = torch.ones(1, 1, 1)  # 32 bits: 1 - rho is 0 there from nu = 17 on
    q = CorrelatedGaussian(0 * one, one, nu * one, torch.ones(1, 1))
    torch.testing.assert_close(q.part_variance()[:, 0], q.sum_variance(), rtol=1e-5, atol=0)
    torch.testing.assert_close(q.part_kl(0 * one, one)[:, 0], q.kl(0 * one, one))


def test_samples_have_the_covariance():
    q = random_q(1, 4, 1, 3)
    many = CorrelatedGaussian(*(v.expand(200_000, *v.shape[1:]) for v in vars_of(q)))
    w = many.rsample(torch.Generator().manual_seed(0))[:, :, 0]
    mean, covariance = dense(q, 0, 0)
    scale = covariance.diagonal().max()
    torch.testing.assert_close(w.mean(0), mean, atol=0.01 * float(scale.sqrt()), rtol=0)
    torch.testing.assert_close(torch.cov(w.T), covariance, atol=0.02 * float(scale), rtol=0)
    totals = many.rsample_sum(torch.Generator().manual_seed(1))[:, 0]
    torch.testing.assert_close(totals.mean(), mean.sum(), atol=0.02, rtol=0)
    torch.testing.assert_close(totals.var(), covariance.sum(), rtol=0.02, atol=0)


def vars_of(q):
    return q.mu, q.sigma, q.nu, q.mask


def test_a_standing_sum_keeps_its_parts_moving():
    part = torch.zeros(1, 5, 1)
    q = CorrelatedGaussian(part, part + 1, part + 30, torch.ones(1, 5))
    assert q.sum_variance().item() < 1e-10
    assert q.rsample(torch.Generator().manual_seed(0)).std().item() > 0.3
    assert torch.isfinite(q.kl(part, part + 1)).all()


@settings(max_examples=20, deadline=None)
@given(SHAPES)
def test_what_is_not_there_changes_nothing(shape):
    q = random_q(*shape)
    junk = torch.full_like(q.mu[:, :2], 1e6)
    padded = CorrelatedGaussian(
        torch.cat([q.mu, junk], 1),
        torch.cat([q.sigma, junk], 1),
        torch.cat([q.nu, junk], 1),
        torch.cat([q.mask, torch.zeros(len(q.mask), junk.shape[1])], 1),
    )
    m, s = torch.zeros_like(padded.mu), torch.ones_like(padded.mu)
    parts = shape[1]
    for whole, part in (
        (padded.kl(m, s), q.kl(m[:, :parts], s[:, :parts])),
        (padded.entropy(), q.entropy()),
        (padded.sum_mean(), q.sum_mean()),
        (padded.sum_variance(), q.sum_variance()),
        (padded.log_prob(m), q.log_prob(m[:, :parts])),
    ):
        torch.testing.assert_close(whole, part)


def test_shapes_that_do_not_belong_together_are_refused():
    part = torch.ones(2, 3, 4)
    with pytest.raises(ValueError, match="one shape"):
        CorrelatedGaussian(part, part, part[..., :1], torch.ones(2, 3))
    with pytest.raises(ValueError, match="mask"):
        CorrelatedGaussian(part, part, part, torch.ones(2, 4))


def test_residual_gaussian_is_an_ordinary_normal():
    g = torch.Generator().manual_seed(0)
    mu, shift, log_scale = (torch.randn(5, generator=g) for _ in range(3))
    q = ResidualGaussian(mu, torch.full((5,), 0.7), shift, log_scale)
    expected = kl_divergence(Normal(q.mean, q.stddev), Normal(mu, 0.7))
    torch.testing.assert_close(q.kl(), expected)
    torch.testing.assert_close(
        standard_normal_kl(shift, log_scale),
        kl_divergence(Normal(shift, log_scale.exp()), Normal(0.0, 1.0)),
    )


def as_on_a_gpu(shape, *, generator=None, dtype=None, device=None):
    """What CUDA asks of `torch.randn`: a generator of the device that is drawn on."""
    assert generator is None or generator.device.type == torch.device(device or "cpu").type
    return torch.zeros(shape, dtype=dtype, device=device)


def test_noise_is_drawn_where_its_generator_lives(monkeypatch):
    """So that a run on a GPU can be refined with a generator of the processor."""
    monkeypatch.setattr(torch, "randn", as_on_a_gpu)
    far = torch.ones(2, 3, 4, device="meta")
    q = CorrelatedGaussian(far, far, far, far[..., 0])
    z = ResidualGaussian(far, far, far, far)
    for draw in (q.rsample, q.rsample_sum, z.rsample):
        assert draw(torch.Generator()).device == far.device
        assert draw(None).device == far.device
