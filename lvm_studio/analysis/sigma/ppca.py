"""Probabilistic PCA in closed form, and a linear-Gaussian VAE trained to it.

Tipping and Bishop (1999): the likelihood of N(mean, W W' + sigma^2 I) is highest where sigma^2 is
the mean of the eigenvalues left out, and the columns of W span the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.models.noise.specs import BatchOptimalNoiseSpec, GlobalNoiseSpec, VectorNoiseSpec
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import build_module
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.objectives.objective import importance_bound

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ClosedForm:
    """The most likely linear-Gaussian model: mean log-likelihood of a point, nats, and sigma."""

    log_likelihood: float
    sigma: float


def ppca(x: Array, latent: int) -> ClosedForm:
    """Of points x [N, D] with `latent` < D coordinates.

    >>> x = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> round(ppca(x, 1).sigma ** 2, 6)
    0.5
    """
    dim = x.shape[1]
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    noise = float(values[latent:].mean())
    log_det = float(np.log(values[:latent]).sum()) + (dim - latent) * math.log(noise)
    return ClosedForm(-0.5 * (dim * math.log(2 * math.pi) + log_det + dim), math.sqrt(noise))


@dataclass(frozen=True)
class LinearRun:
    """A linear VAE after training: its bounds of the mean log-likelihood, and its sigma.

    `tight` is Eq. 3.5; `error` its Monte-Carlo standard error over repeated draws.
    """

    elbo: float
    tight: float
    error: float
    sigma: float


def linear_data(points: int, dim: int, latent: int, sigma: float, seed: int) -> Array:
    """Points [N, D] of a random linear-Gaussian law."""
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((latent, dim))
    x = rng.standard_normal((points, latent)) @ loadings
    return x + sigma * rng.standard_normal(x.shape)


def train_linear(
    x: Array, latent: int, seed: int, *, by_gradient: bool = False, steps: int = 2500
) -> LinearRun:
    """A VAE whose hidden paths stay at 0, trained on all points at each step."""
    noise: VectorNoiseSpec = GlobalNoiseSpec() if by_gradient else BatchOptimalNoiseSpec()
    spec = VectorVAESpec(dim=x.shape[1], latent_z=latent, hidden=1, blocks=0, noise=noise)
    vae = build_module(spec, seed=seed)
    assert isinstance(vae, VectorVAE)  # by its spec
    points = torch.from_numpy(x).float()
    vae.set_scale(points)
    for network in (vae.decoder, vae.encoder):
        network.out.requires_grad_(False)
        network.lift.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    batch = VectorBatch(points, points[:, :0])
    free = [p for p in vae.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(free, lr=0.02, betas=(0.9, 0.99))
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.01 * (1 + math.cos(math.pi * step / steps))
        loss = -vae.sample_draws(batch, 4, generator).elbo().elbo.mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    vae.eval()
    with torch.no_grad():
        elbo = float(vae.sample_draws(batch, 64, generator).elbo().elbo.mean())
        tight = [float(importance_bound(vae, batch, 64, generator).mean()) for _ in range(8)]
    error = float(np.std(tight, ddof=1)) / math.sqrt(len(tight))
    return LinearRun(elbo, float(np.mean(tight)), error, float(vae.sigma().detach()))
