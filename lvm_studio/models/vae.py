"""The VAE of sums of k households: what a model knows that sees curves alone (chapters 3, 6, 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lvm_studio.data.units import WEEK
from lvm_studio.models.draws import ZDraws
from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.fitted_prior import FittedPrior
from lvm_studio.models.gaussians import ResidualGaussian, standard_normal
from lvm_studio.models.networks import ResidualMLP, within
from lvm_studio.models.noise.summed import curve_law, looking
from lvm_studio.models.observation import CurveDistribution, WholeCurveNoise
from lvm_studio.models.observations import CurveNoise, build_observation, varies
from lvm_studio.models.specs import VAESpec

if TYPE_CHECKING:
    from lvm_studio.data.sampler import AggregateBatch


SPREAD = 0.5
"""Spread of a sum of a few households, as a share of its mean."""


TYPICAL_STEP = 0.8
"""Change of a sum of a few households within half an hour, in units of its spread."""

FURTHEST_Z = 5.0
"""Where a bounded decoder stops following a coordinate of z until it is settled, deviations."""


class GaussianVAE(LatentVariableModel):
    """p(x | z) around f(z) with `spec.noise`, p(z) = N(0, I); curves x [B, 336], kW of the sum.

    `spec.k` households make every curve; the model knows neither who they are nor which week it is.
    Without `spec.noise` there is one learned sigma for every half-hour.
    """

    inference = ("encoder",)
    household_mean_kw: Tensor
    household_spread_kw: Tensor
    furthest_z: Tensor

    def __init__(self, spec: VAESpec) -> None:
        super().__init__()
        self.spec = spec
        z, hidden, blocks, drop = spec.latent_z, spec.hidden, spec.blocks, spec.dropout
        self.observation: CurveNoise = WholeCurveNoise(spec.k)
        if spec.noise is not None:
            self.observation = build_observation(spec.noise)
        self.varying = varies(spec.noise, self.observation)
        told = 2 * WEEK if self.varying else WEEK
        self.decoder = ResidualMLP(z, hidden, told, blocks=blocks, dropout=drop)
        seen = 2 * WEEK - 1 if spec.sees_steps else WEEK
        self.encoder = ResidualMLP(seen, hidden, 2 * z, blocks=blocks, dropout=drop)
        self.register_buffer("household_mean_kw", torch.full((WEEK,), 0.45))
        self.register_buffer("household_spread_kw", torch.tensor(0.15))
        if spec.bounded:
            self.register_buffer("furthest_z", torch.tensor(FURTHEST_Z))
        nn.init.normal_(self.decoder.direct.weight, std=0.1)
        self.refined = None
        if spec.fitted_prior is not None:
            self.refined = FittedPrior(spec.fitted_prior, z)
            self.refined.requires_grad_(False)  # until the rest is trained

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
        shape = self.decoder(within(z, self.furthest_z) if self.spec.bounded else z)
        household = self.household_mean_kw + self.household_spread_kw * shape[..., :WEEK]
        size = z.new_full(z.shape[:-1], k)
        return curve_law(self.observation, k * household, size, shape[..., WEEK:])

    def amplify(self, gain: float, offset_kw: Tensor) -> None:
        """Let mean curves stray `gain` times as far, and move them by offset [336], kW."""
        scale = self.spec.k * self.household_spread_kw
        with torch.no_grad():
            for layer in (self.decoder.direct, self.decoder.out):
                layer.weight[:WEEK] *= gain
                layer.bias[:WEEK] *= gain
            self.decoder.direct.bias[:WEEK] += offset_kw / scale

    def sampled_z(self, u: Tensor) -> Tensor:
        """z [N, Z] from standard normal u [N, Z]: u itself, unless the prior was refitted."""
        return u if self.refined is None else self.refined(u, u[:, :0])

    def whitened_z(self, q: ResidualGaussian) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [N, Z] of the u that `sampled_z` takes to draws of q."""
        if self.refined is None:
            return q.mean, q.stddev
        return self.refined.whitened(q.mean, q.stddev, q.mean[:, :0])

    def posterior(self, x: Tensor) -> ResidualGaussian:
        """q(z | x) relative to N(0, I), for curves x [B, 336]."""
        household = (x / self.spec.k - self.household_mean_kw) / self.household_spread_kw
        if self.spec.sees_steps:
            steps = household.diff(dim=-1).abs() - TYPICAL_STEP
            household = torch.cat([household, steps], -1)
        shift, log_scale = self.encoder(household).chunk(2, -1)
        zero = torch.zeros_like(shift)
        return ResidualGaussian(zero, torch.ones_like(shift), shift, log_scale)

    def sample_draws(
        self, batch: AggregateBatch, samples: int, generator: torch.Generator | None = None
    ) -> ZDraws:
        """`samples` draws of z for every curve, and the laws they lead to."""
        x, fitting = batch.x, looking(self, self.observation)
        if fitting is not None:
            x = fitting.perturbed(x, x.new_full(x.shape[:1], self.spec.k), generator)
        q = self.posterior(x)
        shape = (samples, *q.shift.shape)
        z = q.transport(standard_normal(shape, x, generator))
        if fitting is not None:
            fitting.expect(x)
        return ZDraws(x, q, z, self.decode(z))

    def elbo(self, batch: AggregateBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound."""
        return self.sample_draws(batch, 1, generator).elbo()
