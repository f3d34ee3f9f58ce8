"""A refitted prior: one to one, with the density of its draws, fitted to what it is shown."""

import pytest
import torch

from lvm_studio.models.fitted_prior import FittedPrior, _width
from lvm_studio.models.specs import FittedPriorSpec
from lvm_studio.training.fitted_prior import Posteriors, fit_flow

SPEC = FittedPriorSpec(couplings=4, hidden=16, steps=300)


MATCHED = SPEC.model_copy(update={"matched": True})


def shaken(dim, features=2, spec=SPEC):
    prior = FittedPrior(spec, dim, features)
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=g))
    return prior


@pytest.mark.parametrize("dim", [1, 2, 5, 28])
@pytest.mark.parametrize("spec", [SPEC, MATCHED])
def test_it_is_one_to_one(dim, spec):
    prior = shaken(dim, spec=spec)
    prior.begin(torch.ones(dim), torch.eye(dim) + 0.5)
    u, told = torch.randn(9, dim), torch.randn(9, 2)
    with torch.no_grad():
        back, log_det = prior.inverse(prior(u, told), told)
    torch.testing.assert_close(back, u, atol=1e-4, rtol=1e-4)
    assert log_det.shape == (9,)


def test_every_coordinate_is_moved():
    prior = shaken(5)
    u = torch.randn(4, 5)
    assert ((prior(u, torch.zeros(4, 2)) - u).abs() > 1e-6).all()


def test_a_narrow_posterior_has_the_width_that_its_draws_have():
    prior = shaken(4)
    g = torch.Generator().manual_seed(2)
    mean, told = torch.randn(1, 4, generator=g), torch.randn(1, 2, generator=g)
    std = torch.tensor([[0.05, 0.02, 0.1, 0.01]])
    draws = mean + std * torch.randn(20_000, 4, generator=g)
    with torch.no_grad():
        at, width = prior.whitened(mean, std, told)
        u = prior.inverse(draws, told.expand(len(draws), -1))[0]
    torch.testing.assert_close(at, prior.inverse(mean, told)[0].detach())
    torch.testing.assert_close(width[0], u.std(0), rtol=0.05, atol=0)
    assert (width / std).log().abs().max() > 0.1  # the widths in v would not do


def test_a_prior_that_is_not_fitted_leaves_widths_alone():
    mean, std = torch.randn(3, 4), torch.rand(3, 4) + 0.1
    at, width = FittedPrior(SPEC, 4).whitened(mean, std, mean[:, :0])
    torch.testing.assert_close((at, width), (mean, std))


@pytest.mark.parametrize("spec", [SPEC, MATCHED])
def test_its_density_is_that_of_its_draws(spec):
    prior = shaken(3, 0, spec)
    prior.begin(torch.ones(3), torch.eye(3) + 0.5)
    u = torch.randn(3, generator=torch.Generator().manual_seed(1))
    nothing = torch.zeros(1, 0)
    jacobian = torch.autograd.functional.jacobian(lambda at: prior(at[None], nothing)[0], u)
    base = torch.distributions.Normal(0.0, 1.0).log_prob(u).sum()
    wanted = base - torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(prior.log_prob(prior(u[None], nothing), nothing)[0], wanted)


def test_it_learns_a_law_that_no_gaussian_is():
    g = torch.Generator().manual_seed(0)
    side = torch.where(torch.rand(4000, 1, generator=g) < 0.5, -1.5, 1.5)
    seen = Posteriors(torch.cat([side, 0.8 * side], 1), torch.full((4000, 2), 0.3), side[:, :0])
    prior = FittedPrior(SPEC, 2)
    *_, done = fit_flow(prior, seen, SPEC, g)
    assert done == 1.0
    v = prior(torch.randn(4000, 2, generator=g), torch.zeros(4000, 0))
    assert float(torch.corrcoef(v.T)[0, 1]) > 0.8
    assert float(prior.log_prob(v, v[:, :0]).mean()) > -2.2  # a Gaussian's best is -2.3


@pytest.mark.parametrize("spec", [SPEC, MATCHED])
def test_one_coordinate_has_nothing_to_couple_and_keeps_its_moments_at_most(spec):
    seen = Posteriors(
        torch.linspace(1, 3, 50)[:, None], torch.full((50, 1), 0.5), torch.ones(50, 0)
    )
    prior, u = FittedPrior(spec, 1), torch.tensor([[0.0], [1.0]])
    assert list(fit_flow(prior, seen, spec, torch.Generator())) == []
    mean, variance = seen.moments() if spec.matched else (torch.zeros(1), torch.ones(1, 1))
    torch.testing.assert_close(prior(u, u[:, :0]), mean + variance.sqrt() * u)


def test_a_matched_one_is_as_wide_as_the_posteriors_however_short_its_fit():
    g = torch.Generator().manual_seed(0)
    axes = torch.randn(3, 3, generator=g)
    mean = torch.randn(20_000, 3, generator=g).exp() @ axes
    seen = Posteriors(mean, torch.full((20_000, 3), 0.3), mean[:, :0])
    spec = MATCHED.model_copy(update={"steps": 5})
    prior = FittedPrior(spec, 3)
    *_, done = fit_flow(prior, seen, spec, g)
    assert done == 1.0
    v = prior(torch.randn(50_000, 3, generator=g), torch.zeros(50_000, 0))
    centre, covariance = seen.moments()
    values, vectors = torch.linalg.eigh(covariance)
    whiten = vectors * values.rsqrt() @ vectors.T
    wanted = mean + 0.3 * torch.randn(mean.shape, generator=g)
    widths = [_width((rows - centre) @ whiten) for rows in (v, wanted)]
    torch.testing.assert_close(widths[0], widths[1], atol=0.0, rtol=0.05)
    torch.testing.assert_close(v.mean(0), centre, atol=0.1, rtol=0.02)
