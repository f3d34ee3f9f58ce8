"""CompVAE on the artificial problems: a whole that is not the sum of its parts (9.3.1, 9.3.2)."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.inference import PartsPosterior
from lvm_studio.models.networks import SOFTPLUS_GIVES_ONE
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.parts_inference import Inference

if TYPE_CHECKING:
    from lvm_studio.data.problems.batches import PartsBatch

START_SPREAD = 0.3
"""Deviation of p(w | label) before training."""
LEAST_SPREAD = 1e-3
"""Deviations of p(w | label) stay above this."""


class PartsVAE(LatentVariableModel):
    """p(x | sum w) prod_i p(w_i | l_i): Eq. 9.1 without z, since all that varies is in the parts.

    Each problem is a subclass with networks of its own: `embed` maps labels [..., F] to the mean
    and the raw scale of w [..., 2 W], `decode` gives the law of a whole, and `look` is what the
    encoder sees of one. Wholes x [B, D] are flat; labels [B, K, F] with mask [B, K].
    """

    inference = ("summary", "w_posterior")
    embed: nn.Module
    w_posterior: Inference
    mean_gain: float = 1.0
    """Means of p(w | label) learn this much faster than weights do."""

    def prior_w(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [..., W] of p(w | label) for labels [..., F]."""
        m, raw = self.embed(labels).chunk(2, -1)
        return self.mean_gain * m, LEAST_SPREAD + START_SPREAD * softplus(raw + SOFTPLUS_GIVES_ONE)

    @abstractmethod
    def decode(self, sum_w: Tensor, k: Tensor) -> Law:
        """p(x | sum w) of wholes [B, D] of k [B] parts, from the sum of the parts [B, W]."""

    @abstractmethod
    def look(self, x: Tensor, expected: Tensor, k: Tensor) -> Tensor:
        """What inference sees of wholes [B, D] whose parts are expected to sum to [B, W]."""

    def posterior_w(
        self, x: Tensor, labels: Tensor, mask: Tensor, m: Tensor, s: Tensor
    ) -> PartsPosterior:
        """q({w_i} | x, labels) given the priors m and s [B, K, W] of the parts."""
        expected = (mask[..., None] * m).sum(1)
        seen = self.look(x, expected, mask.sum(-1))
        return self.w_posterior.posterior(labels, mask, seen, m, s, 1.0)

    def elbo(self, batch: PartsBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound for a batch of wholes."""
        x = batch.x.flatten(1)
        m, s = self.prior_w(batch.labels)
        q = self.posterior_w(x, batch.labels, batch.mask, m, s)
        sum_w, kl = q.draw(m, s, generator)
        law = self.decode(sum_w, batch.size)
        return Elbo(
            reconstruction=law.log_prob(x),
            kl_w=kl,
            kl_z=x.new_zeros(len(x), 0),
            prior_path=x.new_zeros(len(x)),
        )

    @torch.no_grad()
    def draw_parts(self, labels: Tensor, eps: Tensor) -> Tensor:
        """Parts [..., W] from p(w | label), from standard normal eps [..., W]."""
        m, s = self.prior_w(labels)
        return m + s * eps


def raw_scale(s: Tensor) -> Tensor:
    """The raw output of `embed` at which `prior_w` gives the deviation s, shaped like s.

    >>> raw = raw_scale(torch.tensor(0.3))
    >>> round((LEAST_SPREAD + START_SPREAD * softplus(raw + SOFTPLUS_GIVES_ONE)).item(), 4)
    0.3
    """
    scaled = ((s - LEAST_SPREAD) / START_SPREAD).clamp(min=1e-4)
    return scaled.expm1().clamp(min=1e-4).log().where(scaled < 20, scaled) - SOFTPLUS_GIVES_ONE
