"""The Gaussian VAE with one learned sigma (chapters 3, 6 and 7), on sums of k households."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lvm_studio.data.units import WEEK
from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.gaussians import ResidualGaussian
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.observation import CurveDistribution, GlobalNoise
from lvm_studio.models.specs import VAESpec

if TYPE_CHECKING:
    from lvm_studio.data.sampler import AggregateBatch


SPREAD = 0.5
"""Spread of a sum of a few households, as a share of its mean."""


class GaussianVAE(LatentVariableModel):
    """p(x | z) = N(f(z), sigma^2 I), p(z) = N(0, I); curves x [B, 336] in kW of the whole sum.

    `spec.k` households make every curve; who they are, and the week, the model does not know.
    """

    household_mean_kw: Tensor
    household_spread_kw: Tensor

    def __init__(self, spec: VAESpec) -> None:
        super().__init__()
        self.spec = spec
        z, hidden, blocks, drop = spec.latent_z, spec.hidden, spec.blocks, spec.dropout
        self.decoder = ResidualMLP(z, hidden, WEEK, blocks=blocks, dropout=drop)
        self.encoder = ResidualMLP(WEEK, hidden, 2 * z, blocks=blocks, dropout=drop)
        self.observation = GlobalNoise(spec.k)
        self.register_buffer("household_mean_kw", torch.full((WEEK,), 0.45))
        self.register_buffer("household_spread_kw", torch.tensor(0.15))
        nn.init.normal_(self.decoder.direct.weight, std=0.1)

    def set_scale(self, mean_kw: Tensor) -> None:
        """Fix the mean curve [336] of one household (kW): networks see and give multiples."""
        self.household_mean_kw.copy_(mean_kw)
        self.household_spread_kw.copy_(mean_kw.mean() * SPREAD)
        self.observation.set_reference(mean_kw.mean())

    def sigma(self) -> Tensor:
        """Noise as the observation model sums it up, kW."""
        return self.observation.sigma()

    def decode(self, z: Tensor) -> CurveDistribution:
        """p(x | z) for z [B, Z]: curves [B, 336]."""
        k = self.spec.k
        household = self.household_mean_kw + self.household_spread_kw * self.decoder(z)
        size = z.new_full(z.shape[:-1], k)
        curve: CurveDistribution = self.observation(k * household, size)
        return curve

    def posterior(self, x: Tensor) -> ResidualGaussian:
        """q(z | x) relative to N(0, I), for curves x [B, 336]."""
        household = (x / self.spec.k - self.household_mean_kw) / self.household_spread_kw
        shift, log_scale = self.encoder(household).chunk(2, -1)
        zero = torch.zeros_like(shift)
        return ResidualGaussian(zero, torch.ones_like(shift), shift, log_scale)

    def elbo(self, batch: AggregateBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound."""
        q_z = self.posterior(batch.x)
        curve = self.decode(q_z.rsample(generator))
        nothing = batch.x.new_zeros(len(batch.x))
        return Elbo(curve.log_prob(batch.x), nothing[:, None][:, :0], q_z.kl(), nothing)
