"""The latent space of a VAE of vectors as a base space that can be tuned."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import Encoded
from lvm_studio.models.vectors import VectorVAE


@dataclass(frozen=True, eq=False)
class VectorSpace:
    """p(x | z, k) of one condition k, or of one for each vector: u is z, standard normal.

    Args:
        module: in evaluation mode.
        condition: k [E] that all vectors are told, or [N, E] for N of them; None for a model that
            is told nothing.

    >>> import torch
    >>> from lvm_studio.models.specs import VectorVAESpec
    >>> space = VectorSpace(VectorVAE(VectorVAESpec(dim=3, latent_z=2)))
    >>> space.decode(torch.zeros(5, space.dim)).mean.shape
    torch.Size([5, 3])
    """

    module: VectorVAE
    condition: Tensor | None = None

    @property
    def k(self) -> int:
        """One: a vector is made of no parts."""
        return 1

    @property
    def dim(self) -> int:
        """Z."""
        return self.module.spec.latent_z

    @property
    def names(self) -> tuple[str, ...]:
        """'z1', 'z2', …"""
        return tuple(f"z{i + 1}" for i in range(self.dim))

    def decode(self, u: Tensor) -> Law:
        """Laws of vectors [N, D] for u [N, dim]; differentiable in u."""
        return self.module.decode(u, self._told(u))

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of vectors x [N, D]."""
        q = self.module.posterior(x, self._told(x))
        return Encoded(q.mean, q.stddev, q.kl())

    def _told(self, rows: Tensor) -> Tensor | None:
        return None if self.condition is None else self.condition.expand(len(rows), -1)
