"""Probabilistic PCA in closed form, and a linear-Gaussian VAE trained to it.

Tipping and Bishop (1999): the likelihood of N(mean, W W' + sigma^2 I) is highest where sigma^2 is
the mean of the eigenvalues left out, and the columns of W span the others.

A linear VAE meets it where q, diagonal and linear in x, is the true posterior: the columns of W
have then turned until they are orthogonal. Steps with drawn z come there slowly and never arrive;
what they leave out of the likelihood is second order in the distance, the error of an estimate by
Eq. 3.5 only first order divided by the draws, so that more draws show the gap ever more clearly.
Its bound is quadratic in the noise of z, though: a few fixed points give its expectation, and
with that it can be climbed to the very top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.models.noise.specs import BatchOptimalNoiseSpec, GlobalNoiseSpec, VectorNoiseSpec
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import build_module
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.objectives.objective import importance_bound

Array = NDArray[np.float64]

RATE, DRAWS_A_STEP = 0.02, 4
SETTLING_STEPS = 500
DRAWS, REPETITIONS = 64, 8
"""Of an estimate by Eq. 3.5. Its bias is half the variance of log w over `DRAWS`; on N points it is
below the standard error while that variance is below 4 DRAWS / (N REPETITIONS)."""


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
class LinearReading:
    """What a linear VAE is worth: mean log-likelihood of a point, in nats, and its sigma.

    exact: of its decoder, N(b, W W' + sigma^2 I), in closed form.
    tight: estimated by Eq. 3.5, as for a VAE of which nothing is known; `error` its Monte-Carlo
        standard error over repeated draws.
    elbo: the bound of Eq. 3.3, in expectation.
    """

    exact: float
    tight: float
    error: float
    elbo: float
    sigma: float


@dataclass(frozen=True)
class LinearRun:
    """A linear VAE trained with drawn z as any other, and then settled at its maximum."""

    closed: ClosedForm
    drawn: LinearReading
    settled: LinearReading


def linear_data(points: int, dim: int, latent: int, sigma: float, seed: int) -> Array:
    """Points [N, D] of a random linear-Gaussian law."""
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((latent, dim))
    x = rng.standard_normal((points, latent)) @ loadings
    return x + sigma * rng.standard_normal(x.shape)


def train_linear(
    x: Array, latent: int, seed: int, *, by_gradient: bool = False, steps: int = 1500
) -> LinearRun:
    """A VAE whose hidden paths stay at 0, trained on all points x [N, D] at each step."""
    noise: VectorNoiseSpec = GlobalNoiseSpec() if by_gradient else BatchOptimalNoiseSpec()
    spec = VectorVAESpec(dim=x.shape[1], latent_z=latent, hidden=1, blocks=0, noise=noise)
    vae = build_module(spec, seed=seed)
    assert isinstance(vae, VectorVAE)  # by its spec
    for network in (vae.decoder, vae.encoder):
        network.out.requires_grad_(False)
        network.lift.requires_grad_(False)
    points = torch.from_numpy(x)
    vae.set_scale(points.float())
    _train(vae, points.float(), steps, torch.Generator().manual_seed(seed))
    vae.double()  # what is told below is smaller than the rounding of floats
    drawn = _read(vae, points, seed)
    _settle(vae, points)
    return LinearRun(ppca(x, latent), drawn, _read(vae, points, seed))


def _free(vae: VectorVAE) -> list[Tensor]:
    return [p for p in vae.parameters() if p.requires_grad]


def _train(vae: VectorVAE, points: Tensor, steps: int, generator: torch.Generator) -> None:
    """Adam on the ELBO of drawn z, its rate half a cosine down to zero."""
    batch = VectorBatch(points, points[:, :0])
    optimiser = torch.optim.Adam(_free(vae), lr=RATE, betas=(0.9, 0.99))
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.5 * RATE * (1 + math.cos(math.pi * step / steps))
        loss = -vae.sample_draws(batch, DRAWS_A_STEP, generator).elbo().elbo.mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()


def _settle(vae: VectorVAE, points: Tensor) -> None:
    """L-BFGS on the ELBO in expectation; a sigma by Eq. 7.3 is at its optimum at every look."""
    optimiser: torch.optim.Optimizer = torch.optim.LBFGS(
        _free(vae),
        max_iter=SETTLING_STEPS,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def loss() -> float:
        optimiser.zero_grad()
        value = -_expected_elbo(vae, points)
        torch.autograd.backward(value)
        return float(value.detach())

    optimiser.step(loss)


def _expected_elbo(vae: VectorVAE, points: Tensor) -> Tensor:
    eps = quadratic_points(vae.spec.latent_z)[:, None].expand(-1, len(points), -1)
    return vae.draws(points, eps, torch.zeros_like(points)).elbo().elbo.mean()


def quadratic_points(dim: int) -> Tensor:
    """Points [2 dim, dim] whose mean of any quadratic function is that of a standard normal.

    >>> points = quadratic_points(3)
    >>> torch.allclose(points.T @ points / len(points), torch.eye(3, dtype=torch.float64))
    True
    """
    axes = math.sqrt(dim) * torch.eye(dim, dtype=torch.float64)
    return torch.cat([axes, -axes])


@torch.no_grad()
def _read(vae: VectorVAE, points: Tensor, seed: int) -> LinearReading:
    """What a linear VAE in double precision makes of points [N, D]; it is left in training mode."""
    vae.eval()
    generator = torch.Generator().manual_seed(seed)
    batch = VectorBatch(points, points[:, :0])
    tight = [
        float(importance_bound(vae, batch, DRAWS, generator).mean()) for _ in range(REPETITIONS)
    ]
    elbo = float(_expected_elbo(vae, points))
    vae.train()
    error = float(np.std(tight, ddof=1)) / math.sqrt(REPETITIONS)
    return LinearReading(
        float(_exact(vae, points)), float(np.mean(tight)), error, elbo, float(vae.sigma())
    )


def _exact(vae: VectorVAE, points: Tensor) -> Tensor:
    """Mean log-density of points [N, D] under p(x) of a decoder that is linear in z."""
    path = vae.decoder.direct
    loadings, mean = vae.spread * path.weight, vae.centre + vae.spread * path.bias
    covariance = loadings @ loadings.T + vae.sigma() ** 2 * torch.eye(len(loadings))
    around = (points - mean).T @ (points - mean) / len(points)
    misfit = torch.linalg.solve(covariance, around).trace()
    log_density: Tensor = -0.5 * (len(mean) * math.log(2 * math.pi) + covariance.logdet() + misfit)
    return log_density
