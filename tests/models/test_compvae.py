"""CompVAE: what must hold by construction, whatever the weights are."""

import copy
import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.gaussians import ResidualGaussian
from lvm_studio.models.specs import AutoregressiveNoiseSpec, CompVAESpec, VAESpec
from lvm_studio.models.trained import build_module

F, C = 5, 3
TINY = CompVAESpec(latent_w=4, latent_z=2, part_hidden=8, day_hidden=8, dropout=0.0)

RICH = TINY.model_copy(
    update={"noise": AutoregressiveNoiseSpec(), "week_in_z": True, "prior_widening": 2.0}
)


def shaken(module, seed=0, scale=0.15):
    """Random values everywhere: a fresh model hides its networks behind zeroed layers."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=g))
    return module.eval()


def random_batch(batch, parts, seed, *, absent=0):
    g = torch.Generator().manual_seed(seed)
    mask = torch.ones(batch, parts + absent)
    mask[:, parts:] = 0
    labels = torch.randn(batch, parts + absent, F, generator=g) * mask[..., None]
    return AggregateBatch(
        x=0.4 * parts * torch.rand(batch, 336, generator=g),
        labels=labels,
        mask=mask,
        context=torch.randn(batch, 7, C, generator=g),
        week=torch.zeros(batch, dtype=torch.long),
        households=torch.zeros(batch, parts + absent, dtype=torch.long),
    )


@pytest.fixture(scope="module", params=[TINY, RICH], ids=["plain", "rich"])
def model(request):
    return shaken(build_module(request.param, labels=F, context=C))


def elbo_terms(model, batch):
    e = model.elbo(batch, torch.Generator().manual_seed(7))
    return e.reconstruction, e.kl_w, e.kl_z, e.prior_path


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(0, 1000))
def test_order_of_the_parts_does_not_matter(batch, parts, seed):
    model = shaken(build_module(TINY, labels=F, context=C))
    data = random_batch(batch, parts, seed)
    order = torch.randperm(parts, generator=torch.Generator().manual_seed(seed))
    turned = dataclasses.replace(data, labels=data.labels[:, order])
    for one, other in zip(elbo_terms(model, data), elbo_terms(model, turned), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_parts_that_are_not_there_change_nothing(model):
    bare, padded = random_batch(3, 4, 1), random_batch(3, 4, 1, absent=5)
    padded = dataclasses.replace(
        padded,
        x=bare.x,
        context=bare.context,
        labels=torch.cat([bare.labels, torch.full((3, 5, F), 99.0)], 1),
    )
    for one, other in zip(elbo_terms(model, bare), elbo_terms(model, padded), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_posterior_of_a_turned_composition_is_turned(model):
    data = random_batch(2, 6, 3)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(0))

    def posterior(labels):
        prior = model.prior_path(labels, data.mask, data.context)
        return model.posterior_w(data.x, labels, data.mask, prior)

    one, other = posterior(data.labels), posterior(data.labels[:, order])
    torch.testing.assert_close(other.mu, one.mu[:, order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(other.rho, one.rho[:, order], rtol=1e-4, atol=1e-6)


def test_multiplicity_counts(model):
    label = torch.randn(1, 1, F, generator=torch.Generator().manual_seed(0))
    once, twice = label, label.expand(1, 2, F)
    m, s = model.prior_w(label)
    mean, std = model.prior_sum(*model.prior_w(twice), torch.ones(1, 2))
    torch.testing.assert_close(mean, 2 * m[:, 0])
    torch.testing.assert_close(std, s[:, 0] * 2**0.5)
    c = torch.zeros(1, 7, C)
    one = model.prior_path(once, torch.ones(1, 1), c).curve
    two = model.prior_path(twice, torch.ones(1, 2), c).curve
    torch.testing.assert_close(two.mean, 2 * one.mean, rtol=1e-4, atol=1e-5)
    assert (two.stddev < 2 * one.stddev).all()


@pytest.mark.parametrize("times", [2.0, 7.0, 50.0])
def test_output_is_proportional_to_the_number_of_parts(model, times):
    g = torch.Generator().manual_seed(0)
    sum_w, z = torch.randn(2, 4, generator=g), torch.randn(2, 7, 2, generator=g)
    k, c = torch.tensor([3.0, 8.0]), torch.randn(2, 7, C, generator=g)
    one = model.decode(sum_w, z, k, c).mean
    many = model.decode(times * sum_w, z, times * k, c).mean
    torch.testing.assert_close(many, times * one, rtol=1e-4, atol=1e-3)


def test_a_fresh_posterior_is_nearly_the_prior():
    model = build_module(CompVAESpec(dropout=0.0), labels=F, context=C).eval()
    for parts in (3, 60):
        elbo = model.elbo(random_batch(2, parts, 0), torch.Generator().manual_seed(0))
        assert elbo.kl_z_total.abs().max() < 1e-6
        assert elbo.kl_w_total.max() < 0.05 * model.spec.latent_w


@pytest.mark.parametrize("inference", ["correlated", "recurrent", "accumulator"])
def test_posteriors_stay_within_bounds_whatever_the_weights(inference):
    spec = TINY.model_copy(update={"inference": inference})
    model = shaken(build_module(spec, labels=F, context=C), scale=4.0)
    data = random_batch(2, 3, 0)
    k = data.mask.sum(-1)
    prior = model.prior_path(data.labels, data.mask, data.context)
    q_w = model.posterior_w(data.x, data.labels, data.mask, prior)
    q_z = model.posterior_z(data.x, prior.sum_mean, k, data.context, prior)
    assert (q_w.sum_variance().log() <= 16 + 2 * prior.s.amax().log() + math.log(3)).all()
    assert 15 < q_z.shift.abs().max() <= 30  # the weights do ask for more
    assert torch.isfinite(q_z.kl()).all()


def test_kl_of_z_is_that_of_the_normals(model):
    data = random_batch(2, 3, 0)
    k = data.mask.sum(-1)
    prior = model.prior_path(data.labels, data.mask, data.context)
    q = model.posterior_z(data.x, prior.sum_mean, k, data.context, prior)
    mu, sigma = model.prior_z(prior.sum_mean, k, data.context)
    expected = kl_divergence(Normal(q.mean, q.stddev), Normal(mu, sigma))
    torch.testing.assert_close(q.kl(), expected, rtol=1e-4, atol=1e-5)


def test_extreme_inputs_give_finite_curves(model):
    sum_w = torch.tensor([[1e3, -1e3, 1e3, -1e3]])
    curve = model.decode(sum_w, 50 * torch.ones(1, 7, 2), torch.ones(1), 10 * torch.ones(1, 7, C))
    assert torch.isfinite(curve.mean).all()
    assert torch.isfinite(curve.stddev).all()
    assert (curve.stddev > 0).all()


@pytest.mark.parametrize(
    "module",
    [
        build_module(TINY, labels=F, context=C),
        build_module(RICH, labels=F, context=C),
        build_module(VAESpec(k=4, latent_z=3, hidden=8), labels=0, context=0),
    ],
    ids=["compvae", "rich compvae", "vae"],
)
def test_gradient_reaches_every_parameter(module):
    elbo = shaken(module).elbo(random_batch(4, 4, 0), torch.Generator().manual_seed(0))
    (elbo.elbo + elbo.prior_path).sum().backward()
    silent = [
        name
        for name, parameter in module.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert silent == []


def test_a_wider_prior_leaves_posterior_means_where_they_were():
    wide = shaken(build_module(RICH, labels=F, context=C))
    narrow = copy.deepcopy(wide).train()
    data = random_batch(2, 5, 0)
    k = data.mask.sum(-1)

    def of(model):
        prior = model.prior_path(data.labels, data.mask, data.context)
        q_w = model.posterior_w(data.x, data.labels, data.mask, prior)
        q_z = model.posterior_z(data.x, q_w.sum_mean(), k, data.context, prior)
        return prior, q_w, q_z

    (p1, w1, z1), (p2, w2, z2) = of(narrow), of(wide)
    torch.testing.assert_close(p2.s, 2 * p1.s)
    torch.testing.assert_close(p2.sum_std, 2 * p1.sum_std)
    torch.testing.assert_close(w2.sigma, 2 * w1.sigma)
    for one, other in ((p1.m, p2.m), (w1.mu, w2.mu), (z1.mean, z2.mean)):
        torch.testing.assert_close(other, one)


def test_the_prior_is_widened_after_training_only():
    model = build_module(RICH, labels=F, context=C)
    labels = torch.zeros(1, 3, F)
    learned, used = model.train().prior_w(labels)[1], model.eval().prior_w(labels)[1]
    torch.testing.assert_close(used, 2 * learned)


def test_what_days_have_in_common_is_widened_and_narrowed_again():
    spec = TINY.model_copy(update={"week_straying": 4.5})
    model = build_module(spec, labels=F, context=C)
    g = torch.Generator().manual_seed(4)
    u = torch.randn(1, 14, generator=g)
    told = (torch.zeros(1, 4), torch.full((1,), 9.0), torch.zeros(1, 7, C))
    z, plain = model.sampled_z(u, *told), u.view(1, 7, 2)
    torch.testing.assert_close(z.mean(1), 3.25**0.5 * plain.mean(1))  # 1 + 4.5² / 9
    torch.testing.assert_close(z - z.mean(1, keepdim=True), plain - plain.mean(1, keepdim=True))
    q = ResidualGaussian(torch.zeros_like(z), torch.ones_like(z), z, 0.3 * plain)
    mean, std = model.whitened_z(q, *told)
    torch.testing.assert_close(mean, u)
    back = torch.autograd.functional.jacobian(lambda v: model.sampled_z(v, *told), u).view(14, 14)
    variance = back.inverse().square() @ (0.6 * u[0]).exp()
    torch.testing.assert_close(std[0], variance.sqrt())


def test_what_all_days_share_reaches_every_day():
    """With the sum of z over the week Monday moves Sunday, far beyond the neighbours."""
    spec = TINY.model_copy(update={"day_blocks": 1})
    for week_in_z, reached in ((False, False), (True, True)):
        model = shaken(
            build_module(spec.model_copy(update={"week_in_z": week_in_z}), labels=F, context=C)
        )
        z = torch.zeros(1, 7, 2, requires_grad=True)
        curve = model.decode(torch.zeros(1, 4), z, torch.ones(1), torch.zeros(1, 7, C))
        (gradient,) = torch.autograd.grad(curve.mean[0, -48:].sum(), z)
        assert bool(gradient[0, 0].abs().max() > 1e-6) is reached


def test_the_scale_of_varying_noise_is_bounded():
    model = shaken(build_module(RICH, labels=F, context=C))
    calm = model.observation.stddev
    k = torch.ones(2)
    z = torch.stack([torch.full((7, 2), -1e4), torch.full((7, 2), 1e4)])
    curve = model.decode(torch.zeros(2, 4), z, k, torch.zeros(2, 7, C))
    factor = curve.stddev / calm(curve.mean, k)
    assert factor.min() >= 0.99 * math.exp(-1)
    assert factor.max() <= 1.01 * math.e
    assert factor.max() / factor.min() > 1.5
