"""How the parts {w_i} are inferred: all at once (9.2.2), or one after the other (9.2.1)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from lvm_studio.models.gaussians import FURTHEST_LOG_SCALE, CorrelatedGaussian
from lvm_studio.models.networks import GraphNN, capped
from lvm_studio.models.recurrent import AccumulatorInference, RecurrentInference
from lvm_studio.models.specs import CompVAESpec

NU_OFFSET = -2.0
"""nu starts at -log K - 2: sum rho = 0.12 whatever K is, and KL(q, p) starts near 0."""


class PartsPosterior(Protocol):
    """q({w_i}) of B observations; m, s [B, K, W] are those of the priors N(m_i, s_i^2)."""

    def sum_mean(self) -> Tensor:
        """Mean of the sum of the parts, [B, W]."""
        ...

    def sum_variance(self) -> Tensor:
        """Variance of the sum of the parts, [B, W]."""
        ...

    def kl(self, m: Tensor, s: Tensor) -> Tensor:
        """KL to the prior for each coordinate, [B, W]."""
        ...

    def draw(
        self, m: Tensor, s: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The sum of the parts and the KL that goes with the draw, both [B, W]."""
        ...

    def part_kl(self, m: Tensor, s: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """What is known of each part, [B, K, W], in nats."""
        ...


class CorrelatedInference(GraphNN):
    """The correlated Gaussian of all parts from a graph network (Eq. 9.6, 9.14)."""

    def posterior(
        self, labels: Tensor, mask: Tensor, seen: Tensor, m: Tensor, s: Tensor, widening: float
    ) -> CorrelatedGaussian:
        """For labels [B, K, F], mask [B, K], what is seen of the curve [B, S], priors m and s."""
        k = mask.sum(-1)
        shift, log_scale, nu = self(labels, mask, seen).chunk(3, -1)
        root_k = k.sqrt()[:, None, None]
        learned = s / widening  # a wider prior leaves the means where they were
        return CorrelatedGaussian(
            mu=m + learned * shift / root_k,
            sigma=s * capped(log_scale, FURTHEST_LOG_SCALE).exp(),
            nu=nu - k.log()[:, None, None] + NU_OFFSET,
            mask=mask,
        )


def new_inference(
    spec: CompVAESpec, labels: int
) -> CorrelatedInference | RecurrentInference | AccumulatorInference:
    """The network that infers the parts, as the spec says."""
    seen, hidden, w = spec.day_hidden, spec.part_hidden, spec.latent_w
    if spec.inference == "recurrent":
        return RecurrentInference(labels, seen, hidden, w)
    if spec.inference == "accumulator":
        return AccumulatorInference(labels, seen, hidden, w)
    return CorrelatedInference(labels, seen, hidden, 3 * w, layers=spec.graph_layers)
