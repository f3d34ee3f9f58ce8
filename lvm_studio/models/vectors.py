"""A VAE of vectors with any noise: the model of chapters 6 and 7, and the blocks of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lvm_studio.models.draws import ZDraws
from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.gaussians import ResidualGaussian, standard_normal
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.specs import VectorVAESpec

if TYPE_CHECKING:
    from lvm_studio.data.vectors.batch import VectorBatch

LEAST_SPREAD = 1e-6
"""Below it a condition counts as one that never changes."""


class VectorVAE(LatentVariableModel):
    """p(x | z, k) around f(z, k) with `spec.noise`, p(z) = N(0, I); vectors x [B, D].

    With `spec.condition` numbers k [B, E] told of every vector it is the conditional VAE of 8.4.2:
    decoder and encoder both see k, so that z keeps to what k does not say. Without (E = 0, k left
    out or empty) it is the VAE of chapters 6 and 7.

    Networks keep a linear path and start constant, q at the prior (4.2.4). Centre and spread of
    the data are buffers: networks see and give whitened numbers, noise has the data's unit.

    >>> model = VectorVAE(VectorVAESpec(dim=3, condition=2))
    >>> model.decode(torch.zeros(7, 10), torch.ones(7, 2)).mean.shape
    torch.Size([7, 3])
    """

    inference = ("encoder",)
    centre: Tensor
    spread: Tensor
    condition_centre: Tensor
    condition_spread: Tensor

    def __init__(self, spec: VectorVAESpec) -> None:
        super().__init__()
        self.spec = spec
        z, hidden, blocks, drop = spec.latent_z, spec.hidden, spec.blocks, spec.dropout
        self.noise = build_noise(spec.noise, spec.dim)
        outputs, told = spec.dim + self.noise.outputs, spec.condition
        self.decoder = ResidualMLP(z + told, hidden, outputs, blocks=blocks, dropout=drop)
        self.encoder = ResidualMLP(spec.dim + told, hidden, 2 * z, blocks=blocks, dropout=drop)
        self.register_buffer("centre", torch.zeros(spec.dim))
        self.register_buffer("spread", torch.tensor(1.0))
        self.register_buffer("condition_centre", torch.zeros(told))
        self.register_buffer("condition_spread", torch.ones(told))
        # Something to encode from the first step on; the noise's own outputs start at 0.
        nn.init.normal_(self.decoder.direct.weight[: spec.dim], std=0.1)

    def set_scale(self, x: Tensor, k: Tensor | None = None) -> None:
        """Take centre, spread, and the noise's start, from a sample of the data [N, D], [N, E]."""
        self.centre.copy_(x.mean(0))
        self.spread.copy_((x - self.centre).square().mean().sqrt())
        self.noise.set_reference(float(self.spread))
        if k is not None and self.spec.condition:
            self.condition_centre.copy_(k.mean(0))
            spread = k.std(0)  # of what never changes a unit counts as one
            self.condition_spread.copy_(torch.where(spread > LEAST_SPREAD, spread, 1.0))

    def sigma(self) -> Tensor:
        """Noise as the observation model sums it up, in the unit of the data."""
        return self.noise.sigma()

    def mean_and_raw(self, z: Tensor, k: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """f(z, k) [..., D], and what the decoder tells the noise [..., outputs]."""
        decoded = self.decoder(self._with_condition(z, k))
        mean = self.centre + self.spread * decoded[..., : self.spec.dim]
        return mean, decoded[..., self.spec.dim :]

    def decode(self, z: Tensor, k: Tensor | None = None) -> Law:
        """p(x | z, k) for z [..., Z] and k [B, E], shared by all leading sizes."""
        law: Law = self.noise(*self.mean_and_raw(z, k))
        return law

    def posterior(self, x: Tensor, k: Tensor | None = None) -> ResidualGaussian:
        """q(z | x, k) relative to N(0, I), for vectors x [..., D]."""
        seen = self._with_condition((x - self.centre) / self.spread, k)
        shift, log_scale = self.encoder(seen).chunk(2, -1)
        return ResidualGaussian(torch.zeros_like(shift), torch.ones_like(shift), shift, log_scale)

    def _with_condition(self, values: Tensor, k: Tensor | None) -> Tensor:
        if not self.spec.condition:
            return values
        if k is None or k.shape[-1] != self.spec.condition:
            raise ValueError(f"this model is told {self.spec.condition} numbers k of every vector")
        told = (k - self.condition_centre) / self.condition_spread
        return torch.cat([values, told.expand(*values.shape[:-1], -1)], dim=-1)

    def draws(self, x: Tensor, eps: Tensor, jitter: Tensor, k: Tensor | None = None) -> ZDraws:
        """Infer, draw and decode; while it trains, the noise also looks at the batch.

        x [B, D]; standard normal eps [S, B, Z] for z, jitter [B, D] for a noise that perturbs;
        k [B, E] where the model is told anything.
        """
        if self.training:
            x = self.noise.perturbed(x, jitter)
        q = self.posterior(x, k)
        z = q.transport(eps)
        mean, raw = self.mean_and_raw(z, k)
        if self.training:
            self.noise.fit(x, mean)
        return ZDraws(x, q, z, self.noise(mean, raw))

    def sample_draws(
        self, batch: VectorBatch, samples: int, generator: torch.Generator | None = None
    ) -> ZDraws:
        """`draws` with fresh noise for a batch."""
        return self.draws(batch.x, *self.fresh_noise(batch.x, samples, generator), batch.k)

    def fresh_noise(
        self, x: Tensor, samples: int, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Standard normal eps [S, B, Z] and jitter [B, D]."""
        shape = (samples, len(x), self.spec.latent_z)
        eps = standard_normal(shape, x, generator)
        return eps, standard_normal(x.shape, x, generator)

    def elbo(self, batch: VectorBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound."""
        return self.sample_draws(batch, 1, generator).elbo()
