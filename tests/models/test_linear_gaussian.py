"""A linear Gaussian VAE is probabilistic PCA: its bound meets the exact log-likelihood."""

import pytest
import torch
from torch.distributions import MultivariateNormal

from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.specs import VAESpec
from lvm_studio.models.vae import GaussianVAE

Z = 3


@pytest.fixture
def linear_vae():
    """A VAE without hidden path whose encoder is the exact posterior of its decoder."""
    vae = GaussianVAE(VAESpec(k=2, latent_z=Z, hidden=4, blocks=0, dropout=0.0)).eval()
    g = torch.Generator().manual_seed(0)
    loadings, _ = torch.linalg.qr(torch.randn(336, Z, generator=g))
    loadings = loadings * torch.tensor([3.0, 2.0, 1.0])  # orthogonal: the posterior is diagonal
    scale = vae.spec.k * vae.household_spread_kw
    with torch.no_grad():
        vae.decoder.direct.weight.copy_(loadings / scale)
        sigma = vae.observation.sigma()
        precision = 1.0 + (loadings**2).sum(0) / sigma**2
        vae.encoder.direct.weight[:Z] = (loadings / sigma**2 / precision).T * scale
        vae.encoder.direct.bias[Z:] = -0.5 * precision.log()
    return vae, loadings


def batch_of(x):
    nothing = torch.zeros(len(x), 0)
    return AggregateBatch(x, nothing, nothing, nothing, nothing, nothing)


def test_bound_at_the_exact_posterior_is_the_likelihood(linear_vae):
    vae, loadings = linear_vae
    sigma = vae.observation.sigma()
    covariance = loadings @ loadings.T + sigma**2 * torch.eye(336)
    mean = vae.spec.k * vae.household_mean_kw
    exact = MultivariateNormal(mean.double(), covariance.double())
    x = exact.sample((1,)).float()
    many = batch_of(x.expand(4000, -1))
    with torch.no_grad():
        elbo = vae.elbo(many, torch.Generator().manual_seed(1)).elbo
    standard_error = elbo.std().item() / 4000**0.5
    assert elbo.mean().item() == pytest.approx(
        exact.log_prob(x.double()).item(), abs=4 * standard_error + 0.01
    )


def test_bound_elsewhere_is_below_the_likelihood(linear_vae):
    vae, _ = linear_vae
    x = vae.spec.k * vae.household_mean_kw.expand(2000, -1)
    with torch.no_grad():
        best = vae.elbo(batch_of(x), torch.Generator().manual_seed(1)).elbo.mean()
        vae.encoder.direct.bias[:Z] += 0.5
        worse = vae.elbo(batch_of(x), torch.Generator().manual_seed(1)).elbo.mean()
    assert worse < best
