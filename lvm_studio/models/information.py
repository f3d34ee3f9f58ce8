"""How much a curve tells of each of its parts, by their place in the order (9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lvm_studio.models.compvae import CompVAE

if TYPE_CHECKING:
    from lvm_studio.data.problems.batches import PartsBatch
    from lvm_studio.data.sampler import AggregateBatch
    from lvm_studio.models.parts import PartsVAE


@torch.no_grad()
def information_per_rank(
    module: CompVAE, batch: AggregateBatch, generator: torch.Generator | None = None
) -> Tensor:
    """Mean KL(q(w_i) || p(w_i | l_i)) of the i-th part, [K], in nats; 0 where no sum has an i-th.

    For the recurrent inference models it is that of q(w_i | w_<i), and adds up to the KL of all
    parts; for the correlated Gaussian, which has no order, that of each part by itself.
    """
    prior = module.prior_path(batch.labels, batch.mask, batch.context)
    q_w = module.posterior_w(batch.x, batch.labels, batch.mask, prior)
    nats = q_w.part_kl(prior.m, prior.s, generator).sum(-1)
    return nats.sum(0) / batch.mask.sum(0).clamp(min=1)


@torch.no_grad()
def information_of_parts(
    module: PartsVAE, batch: PartsBatch, generator: torch.Generator | None = None
) -> Tensor:
    """`information_per_rank` of an artificial problem, [K], in nats."""
    m, s = module.prior_w(batch.labels)
    q_w = module.posterior_w(batch.x.flatten(1), batch.labels, batch.mask, m, s)
    nats = q_w.part_kl(m, s, generator).sum(-1)
    return nats.sum(0) / batch.mask.sum(0).clamp(min=1)
