"""A VAE of vectors with any noise: the model of chapters 6 and 7, and the blocks of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.gaussians import ResidualGaussian
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.noise.laws import Law

if TYPE_CHECKING:
    from lvm_studio.data.vectors import VectorBatch
    from lvm_studio.models.specs import VectorVAESpec


@dataclass(frozen=True, eq=False)
class Draws:
    """S draws of z for each of B vectors, and the laws they come from and lead to.

    x [B, D] as it was learned (a floor may have perturbed it); q over [B, Z]; z [S, B, Z];
    law of vectors [S, B, D].
    """

    x: Tensor
    q: ResidualGaussian
    z: Tensor
    law: Law


class VectorVAE(LatentVariableModel):
    """p(x | z) around f(z) with `spec.noise`, p(z) = N(0, I); vectors x [B, D] (chapters 6, 7).

    Networks keep a linear path and start constant, q at the prior (4.2.4). Centre and spread of
    the data are buffers: networks see and give whitened numbers, noise has the data's unit.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, spec: VectorVAESpec) -> None:
        super().__init__()
        self.spec = spec
        z, hidden, blocks, drop = spec.latent_z, spec.hidden, spec.blocks, spec.dropout
        self.noise = build_noise(spec.noise, spec.dim)
        outputs = spec.dim + self.noise.outputs
        self.decoder = ResidualMLP(z, hidden, outputs, blocks=blocks, dropout=drop)
        self.encoder = ResidualMLP(spec.dim, hidden, 2 * z, blocks=blocks, dropout=drop)
        self.register_buffer("centre", torch.zeros(spec.dim))
        self.register_buffer("spread", torch.tensor(1.0))
        # Something to encode from the first step on; the noise's own outputs start at 0.
        nn.init.normal_(self.decoder.direct.weight[: spec.dim], std=0.1)

    def set_scale(self, x: Tensor) -> None:
        """Take centre, spread, and the noise's start, from a sample of the data [N, D]."""
        self.centre.copy_(x.mean(0))
        self.spread.copy_((x - self.centre).square().mean().sqrt())
        self.noise.set_reference(float(self.spread))

    def sigma(self) -> Tensor:
        """Noise as the observation model sums it up, in the unit of the data."""
        return self.noise.sigma()

    def mean_and_raw(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """f(z) [..., D], and what the decoder tells the noise [..., outputs]."""
        decoded = self.decoder(z)
        mean = self.centre + self.spread * decoded[..., : self.spec.dim]
        return mean, decoded[..., self.spec.dim :]

    def decode(self, z: Tensor) -> Law:
        """p(x | z) for z [..., Z]."""
        law: Law = self.noise(*self.mean_and_raw(z))
        return law

    def posterior(self, x: Tensor) -> ResidualGaussian:
        """q(z | x) relative to N(0, I), for vectors x [..., D]."""
        shift, log_scale = self.encoder((x - self.centre) / self.spread).chunk(2, -1)
        return ResidualGaussian(torch.zeros_like(shift), torch.ones_like(shift), shift, log_scale)

    def draws(self, x: Tensor, eps: Tensor, jitter: Tensor) -> Draws:
        """Infer, draw and decode; while it trains, the noise also looks at the batch.

        x [B, D]; standard normal eps [S, B, Z] for z, jitter [B, D] for a noise that perturbs.
        """
        if self.training:
            x = self.noise.perturbed(x, jitter)
        q = self.posterior(x)
        z = q.transport(eps)
        mean, raw = self.mean_and_raw(z)
        if self.training:
            self.noise.fit(x, mean)
        return Draws(x, q, z, self.noise(mean, raw))

    def sample_draws(
        self, batch: VectorBatch, samples: int, generator: torch.Generator | None = None
    ) -> Draws:
        """`draws` with fresh noise for a batch."""
        return self.draws(batch.x, *self.fresh_noise(batch.x, samples, generator))

    def fresh_noise(
        self, x: Tensor, samples: int, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Standard normal eps [S, B, Z] and jitter [B, D]."""
        shape = (samples, len(x), self.spec.latent_z)
        eps = torch.randn(shape, generator=generator, device=x.device)
        return eps, torch.randn(x.shape, generator=generator, device=x.device)

    def elbo(self, batch: VectorBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound."""
        draws = self.sample_draws(batch, 1, generator)
        nothing = batch.x.new_zeros(len(batch.x))
        reconstruction = draws.law.log_prob(draws.x)[0]
        return Elbo(reconstruction, nothing[:, None][:, :0], draws.q.kl(), nothing)
