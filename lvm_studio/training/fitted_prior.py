"""Refitting the prior over z once a model is trained: maximum likelihood on its own posteriors."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.fitted_prior import FittedPrior
from lvm_studio.models.seeded import seeded
from lvm_studio.models.specs import FittedPriorSpec
from lvm_studio.models.vae import GaussianVAE

LR, WEIGHT_DECAY, CLIP_NORM = 2e-3, 0.05, 5.0
"""Of AdamW on the flow."""
COLLECTED = 256
"""Training curves encoded at a time."""
MATCHED_ON = 65_536
"""Draws of the fitted flow, and of the posteriors, whose moments are matched."""
SHARE_OF_POSTERIORS = 0.25
"""Share of the time that collecting posteriors takes; fitting the flow takes the rest."""

Draw = Callable[[int, torch.Generator], AggregateBatch]


@dataclass(frozen=True, eq=False)
class Posteriors:
    """Posteriors over z relative to its prior: mean, std [N, dim] and what is told, [N, ...]."""

    mean: Tensor
    std: Tensor
    told: Tensor

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean [dim] and covariance [dim, dim] of the law that they make up together."""
        inner = torch.diag(self.std.square().mean(0))
        return self.mean.mean(0), torch.cov(self.mean.T).reshape(inner.shape) + inner


def refit_prior(module: CompVAE | GaussianVAE, draw: Draw, seed: int) -> None:
    """Fit the module's refined prior, if it has one, to the aggregated posterior of `draw`.

    Everything else stays as it is. The same seed gives the same prior.
    """
    deque(refitting_prior(module, draw, seed), maxlen=0)


def refitting_prior(module: CompVAE | GaussianVAE, draw: Draw, seed: int) -> Iterator[float]:
    """As `refit_prior`, yielding the share that is done."""
    spec = module.spec.fitted_prior
    if module.refined is None or spec is None:
        return
    generator = torch.Generator().manual_seed(seed)
    module.eval()
    parts = []
    for place in _batches(spec):
        batch = draw(COLLECTED, generator)
        with seeded(seed + place, batch.x.device):  # a linear head meets some as strangers
            parts.append(_posteriors(module, batch, generator))
        yield SHARE_OF_POSTERIORS * len(parts) / len(_batches(spec))
    columns = zip(*((part.mean, part.std, part.told) for part in parts), strict=True)
    seen = Posteriors(*(torch.cat(column) for column in columns))
    for done in fit_flow(module.refined, seen, spec, generator):
        yield SHARE_OF_POSTERIORS + (1 - SHARE_OF_POSTERIORS) * done
    module.eval()


def _batches(spec: FittedPriorSpec) -> range:
    return range(-(-spec.sums // COLLECTED))


@torch.no_grad()
def _posteriors(
    module: CompVAE | GaussianVAE, batch: AggregateBatch, generator: torch.Generator
) -> Posteriors:
    if isinstance(module, GaussianVAE):
        q = module.posterior(batch.x)
        return Posteriors(q.mean, q.stddev, q.mean[:, :0])
    k = batch.mask.sum(-1)
    prior = module.prior_without(batch.labels, batch.mask, batch.context, batch.week)
    q_w = module.posterior_w(batch.x, batch.labels, batch.mask, prior)
    sum_w, _ = q_w.draw(prior.m, prior.s, generator)
    q_z = module.posterior_z(batch.x, sum_w, k, batch.context, prior)
    moved = (sum_w - prior.sum_mean) / prior.sum_std
    told = module.told_of(moved, k, batch.context)
    return Posteriors(q_z.shift.flatten(1), q_z.log_scale.exp().flatten(1), told)


def fit_flow(
    prior: FittedPrior, seen: Posteriors, spec: FittedPriorSpec, generator: torch.Generator
) -> Iterator[float]:
    """Maximum likelihood of `prior` on draws of the posteriors, fresh ones at every step.

    Yields the share of the steps that is done. A prior without couplings (that of a single
    coordinate) gets the posteriors' mean and spread at most, and no steps are taken.
    """
    prior.begin(*seen.moments())
    if not prior.layers:
        return
    prior.requires_grad_(True)
    optimiser = torch.optim.AdamW(prior.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    for step in range(spec.steps):
        rows = torch.randint(len(seen.mean), (spec.batch,), generator=generator)
        rows = rows.to(seen.mean.device)
        eps = torch.randn(spec.batch, prior.dim, generator=generator).to(seen.mean)
        v = seen.mean[rows] + seen.std[rows] * eps
        loss = -prior.log_prob(v, seen.told[rows]).mean() / prior.dim
        optimiser.param_groups[0]["lr"] = LR * 0.5 * (1 + math.cos(math.pi * step / spec.steps))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(prior.parameters(), CLIP_NORM)
        optimiser.step()
        yield (step + 1) / spec.steps
    prior.requires_grad_(False)
    if prior.matched:
        rows = torch.randint(len(seen.mean), (MATCHED_ON,), generator=generator)
        rows = rows.to(seen.mean.device)
        noise = torch.randn(2, MATCHED_ON, prior.dim, generator=generator).to(seen.mean)
        drawn = prior(noise[0], seen.told[rows])
        prior.match(seen.mean[rows] + seen.std[rows] * noise[1], drawn)
