"""After training, a CompVAE's mean curve is moved part of the way back to its linear head's.

Networks that learned from some forty weeks move the mean curve away from that of the linear head,
and in weeks never seen part of that move is wrong. The wrong part is mostly linear in scores and
weather: a ridge regression on both finds it, and the head's loadings take it back, so that using
the model costs no more than before.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lvm_studio.models.compvae import CompVAE
from lvm_studio.training.fitted_prior import Draw

SUMS = 1536
"""Fresh sums of training households that the move is regressed on."""

BATCH = 256
PENALTY = 3.0
"""Of the ridge."""


@torch.no_grad()
def lean_on_head(module: CompVAE, draw: Draw, seed: int) -> None:
    """Move the mean curve `spec.leaning` (0 to 1) of the way back to the head's own, in place.

    Only the part of the way is taken that is linear in scores and features of the day. A model
    without a linear head stays as it is.
    """
    head = module.head
    if head is None or head.spec.leaning == 0:
        return
    module.eval()
    generator = torch.Generator().manual_seed(seed)
    size = head.loadings.shape[0] * head.loadings.shape[1]
    gram = PENALTY * torch.eye(size, dtype=torch.float64, device=head.loadings.device)
    cross = gram.new_zeros(size, head.loadings.shape[2])
    for _ in range(SUMS // BATCH):
        features, away = _seen(module, draw, generator)
        gram += features.T @ features
        cross += features.T @ away
    way = torch.linalg.solve(gram, cross).to(head.loadings).view_as(head.loadings)
    head.loadings += head.spec.leaning * way
    if head.fold_loadings is not None:
        head.fold_loadings = head.fold_loadings + head.spec.leaning * way.to(head.fold_loadings)


def _seen(module: CompVAE, draw: Draw, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Features [7 B, (1 + R) Q] of fresh sums, and how far from the head they are, [7 B, 48], kW.

    Per household; the features are those that `LinearHead` multiplies its loadings by.
    """
    head = module.head
    assert head is not None  # seen to by the caller
    batch = draw(BATCH, generator)
    k = batch.mask.sum(-1, keepdim=True)
    path = module.prior_path(batch.labels, batch.mask, batch.context)
    own = (head.scores(batch.labels)[0] * batch.mask[..., None]).sum(1) / k
    away = head(own, batch.context) - path.curve.mean / k
    told = torch.cat([torch.ones_like(k), path.sum_mean[:, : head.spec.rank] / k], -1)
    days = head.day_features(batch.context)
    features = torch.einsum("br,bdq->bdrq", told, days).flatten(2).flatten(0, 1)
    return features.double(), away.view(len(features), -1).double()
