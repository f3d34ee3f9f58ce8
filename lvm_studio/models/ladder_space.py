"""The latent space of a chain of latent variables as one standard normal space."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from lvm_studio.models.ladder import LadderVAE, combined
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import Encoded

SEED = 0


@dataclass(frozen=True, eq=False)
class LadderSpace:
    """u holds the noise of every layer, top first: z_l = mu_p(z_l-1) + sigma_p(z_l-1) u_l.

    Standard normal u draws x from the model, and a step along a dimension of a dead layer changes
    nothing that is decoded.

    >>> from lvm_studio.models.specs import LadderSpec
    >>> space = LadderSpace(LadderVAE(LadderSpec(dim=3, layers=(2, 4))))
    >>> space.names, space.decode(torch.zeros(5, space.dim)).mean.shape
    (('1.1', '1.2', '2.1', '2.2', '2.3', '2.4'), torch.Size([5, 3]))
    """

    module: LadderVAE

    @property
    def layers(self) -> tuple[int, ...]:
        """Dimensions of every layer, top first."""
        return self.module.spec.layers

    @property
    def dim(self) -> int:
        """Dimensions of all layers."""
        return sum(self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """'1.1', '1.2', … '2.1': layer and dimension."""
        sizes = enumerate(self.layers, start=1)
        return tuple(f"{layer}.{i + 1}" for layer, size in sizes for i in range(size))

    def decode(self, u: Tensor) -> Law:
        """Laws of vectors [N, D] for u [N, dim]."""
        z: Tensor | None = None
        ends = [0, *accumulate(self.layers)]
        for place, (begin, end) in enumerate(pairwise(ends)):
            own = u[..., begin:end]
            mu, log_precision = self.module.prior(place, z, own)
            z = mu + (-0.5 * log_precision).exp() * own
        assert z is not None
        return self.module.decode(z)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of vectors x [N, D], every layer given the means of those above.

        kl [N, dim] is of one draw of those above, the same for the same x: its mean over many
        vectors is the information of the dimension.
        """
        z: Tensor | None = None
        means, stds = [], []
        for place, told in enumerate(self.module.told(x)):
            mu_p, log_p = self.module.prior(place, z, x)
            z, log_q = combined(mu_p, log_p, *told)
            means.append((z - mu_p) * (0.5 * log_p).exp())
            stds.append((0.5 * (log_p - log_q)).exp())
        _, layers = self.module.climb(x, torch.Generator().manual_seed(SEED))
        return Encoded(torch.cat(means, -1), torch.cat(stds, -1), torch.cat(layers, -1))
