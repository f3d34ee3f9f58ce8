"""A VAE with a chain of latent variables, inferred as a ladder (4.2.3, Eq. 4.3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.gaussians import standard_normal
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.specs import LadderSpec

if TYPE_CHECKING:
    from lvm_studio.data.vectors.batch import VectorBatch
    from lvm_studio.models.noise.laws import Law

REACH = 6.0
"""Log-precisions of p lie within this of 0, those that the data add within twice as much of -3."""


class LadderVAE(LatentVariableModel):
    """p(x | z_L) p(z_L | z_L-1) ... p(z_2 | z_1) p(z_1), Gaussian; vectors x [B, D] (Eq. 4.2).

    q runs along with p: at every layer its precision is that of p plus one that the data add, and
    its mean is theirs weighted by both (Eq. 4.3), so that q is never wider than p. Networks keep a
    linear path and start constant, with as good as no precision from the data: q starts at p.

    >>> model = LadderVAE(LadderSpec(dim=3, layers=(2, 4)))
    >>> model.decode(torch.zeros(5, 4)).mean.shape
    torch.Size([5, 3])
    """

    inference = ("read",)
    centre: Tensor
    spread: Tensor

    def __init__(self, spec: LadderSpec) -> None:
        super().__init__()
        self.spec = spec
        self.noise = build_noise(spec.noise, spec.dim)
        hidden, blocks, sizes = spec.hidden, spec.blocks, spec.layers
        self.read = nn.ModuleList(
            ResidualMLP(spec.dim, hidden, 2 * size, blocks=blocks) for size in sizes
        )
        self.descend = nn.ModuleList(
            ResidualMLP(above, hidden, 2 * size, blocks=blocks) for above, size in pairwise(sizes)
        )
        outputs = spec.dim + self.noise.outputs
        self.decoder = ResidualMLP(sizes[-1], hidden, outputs, blocks=blocks)
        self.register_buffer("centre", torch.zeros(spec.dim))
        self.register_buffer("spread", torch.tensor(1.0))
        nn.init.normal_(self.decoder.direct.weight[: spec.dim], std=0.1)
        for network in self.descend:  # something for the layer above to say, from the first step
            assert isinstance(network, ResidualMLP)
            nn.init.normal_(network.direct.weight[: network.direct.out_features // 2], std=0.3)

    def set_scale(self, x: Tensor, k: Tensor | None = None) -> None:
        """Take centre and spread from a sample of the data [N, D]; k is not used: no conditions."""
        self.centre.copy_(x.mean(0))
        self.spread.copy_((x - self.centre).square().mean().sqrt())
        self.noise.set_reference(float(self.spread))

    def sigma(self) -> Tensor:
        """Noise as the observation model sums it up."""
        return self.noise.sigma()

    def decode(self, z: Tensor) -> Law:
        """p(x | z_L) for the lowest latent [B, Z_L]."""
        law: Law = self.noise(*self._decoded(z))
        return law

    def _decoded(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean of x and what the decoder says to the noise, for the lowest latent [B, Z_L]."""
        decoded = self.decoder(z)
        mean = self.centre + self.spread * decoded[..., : self.spec.dim]
        return mean, decoded[..., self.spec.dim :]

    def climb(
        self, x: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """A draw of the lowest latent [B, Z_L], and the KL of every layer, each [B, Z_l]."""
        z: Tensor | None = None
        kls = []
        for place, told in enumerate(self.told(x)):
            mu_p, log_p = self.prior(place, z, x)
            mu, log_precision = combined(mu_p, log_p, *told)
            eps = standard_normal(mu.shape, mu, generator)
            z = mu + (-0.5 * log_precision).exp() * eps
            kls.append(kl(mu, log_precision, mu_p, log_p))
        assert z is not None
        return z, kls

    def elbo(self, batch: VectorBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound; kl_z holds all layers, one after the other.

        While it trains, the noise may perturb x and is told the errors, as `VectorVAE.draws` does.
        """
        x = batch.x
        if self.training:
            x = self.noise.perturbed(x, standard_normal(x.shape, x, generator))
        z, kls = self.climb(x, generator)
        mean, raw = self._decoded(z)
        if self.training:
            self.noise.fit(x, mean)
        log_px = self.noise(mean, raw).log_prob(x)
        return Elbo(
            reconstruction=log_px,
            kl_w=log_px.new_zeros(len(log_px), 0),
            kl_z=torch.cat(kls, dim=-1),
            prior_path=torch.zeros_like(log_px),
        )

    @torch.no_grad()
    def bits(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[float, ...]:
        """Information per layer, bits a vector, top first: a layer near 0 is dead."""
        _, kls = self.climb(x, generator)
        return tuple(float(layer.sum(-1).mean()) / math.log(2.0) for layer in kls)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Means of x for draws from the prior, [count, D]."""
        blank = self.centre.new_zeros(count, 1)
        z: Tensor | None = None
        for place in range(len(self.read)):
            mu, log_precision = self.prior(place, z, blank)
            eps = standard_normal(mu.shape, mu, generator)
            z = mu + (-0.5 * log_precision).exp() * eps
        assert z is not None
        return self.decode(z).mean

    def told(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Mean and log-precision that the data x [B, D] add to every layer, top first."""
        seen = (x - self.centre) / self.spread
        for read in self.read:
            mu_hat, log_hat = read(seen).chunk(2, -1)
            yield mu_hat, self._bounded(log_hat)

    def prior(self, place: int, above: Tensor | None, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-precision of p(z_l | z_l-1); N(0, I) at the top, as many as `like` has."""
        if above is None:
            zeros = like.new_zeros(len(like), self.spec.layers[0])
            return zeros, zeros
        mu, log_precision = self.descend[place - 1](above).chunk(2, -1)
        return mu, REACH * (log_precision / REACH).tanh()

    def _bounded(self, log_hat: Tensor) -> Tensor:
        """Log-precision that the data add; a network that gives 0 (untrained) adds e^-3 = 0.05."""
        return 2 * REACH * (log_hat / (2 * REACH)).tanh() - 3.0


def combined(mu_p: Tensor, log_p: Tensor, mu_hat: Tensor, log_hat: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-precision of q from those of p and of the data (Eq. 4.3).

    >>> one, nought = torch.ones(1), torch.zeros(1)
    >>> mean, log_precision = combined(nought, nought, one, nought)
    >>> mean.item(), round(log_precision.exp().item(), 6)
    (0.5, 2.0)
    """
    log_q = torch.logaddexp(log_p, log_hat)
    share = torch.sigmoid(log_hat - log_p)
    return mu_p + share * (mu_hat - mu_p), log_q


def kl(mu_q: Tensor, log_q: Tensor, mu_p: Tensor, log_p: Tensor) -> Tensor:
    """KL(q || p) of Gaussians given by mean and log-precision, coordinate by coordinate."""
    gap = (mu_q - mu_p).square() * log_p.exp()
    return 0.5 * ((log_p - log_q).exp() + gap - 1.0 + log_q - log_p)
