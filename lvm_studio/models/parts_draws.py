"""Draws of {w_i} and z of a compositional VAE: what lets it be trained by any bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.models.draws import standard_log_prob
from lvm_studio.models.elbo import Elbo
from lvm_studio.models.gaussians import CorrelatedGaussian, ResidualGaussian
from lvm_studio.models.noise.laws import DiagonalGaussian, Law
from lvm_studio.models.noise.summed import looking

if TYPE_CHECKING:
    from lvm_studio.data.sampler import AggregateBatch
    from lvm_studio.models.compvae import CompVAE, PriorPath


@dataclass(frozen=True, eq=False)
class PartsDraws:
    """S draws of all w_i, and of z given their sum, for each of B curves (Eq. 9.1).

    x [S B, 336] and its law: the first draws of all curves, then the second; q_w over [B, K, W],
    w [S, B, K, W]; q_z and z [S B, 7, Z]; prior_path [B], as in `Elbo`.
    """

    x: Tensor
    law: Law
    prior: PriorPath
    prior_path: Tensor
    q_w: CorrelatedGaussian
    w: Tensor
    q_z: ResidualGaussian
    z: Tensor

    def by_draw(self, values: Tensor) -> Tensor:
        """[S, B]."""
        return values.reshape(len(self.w), -1, *values.shape[1:])

    def log_prior(self) -> Tensor:
        """log p({w_i} | labels) + log p(z | c, sum w), [S, B]."""
        parts = standard_log_prob(self.w, self.prior.m, self.prior.s).sum(-1)
        present = self.q_w.mask.bool()
        z = standard_log_prob(self.z, self.q_z.mu, self.q_z.sigma)
        return parts.masked_fill(~present, 0.0).sum(-1) + self._of_z(z)

    def log_q(self) -> Tensor:
        """log q({w_i} | x) + log q(z | x, sum w), [S, B]."""
        return self.q_w.log_prob(self.w).sum(-1) + self._of_z(self.q_z.log_prob(self.z))

    def log_q_held(self) -> Tensor:
        """The same; gradients reach q through w and z alone (Eq. 4.4 and 4.5).

        How sum w moves the law of z is held too: for each w the mean of that gradient is 0.
        """
        parts = self.q_w.detached().log_prob(self.w).sum(-1)
        return parts + self._of_z(self.q_z.detached().log_prob(self.z))

    def kl(self) -> Tensor:
        """KL of {w_i} in closed form, and of z for the sums drawn, [B]."""
        return self._kl_w().sum(-1) + self._kl_z().flatten(1).sum(-1)

    def elbo(self, log_px: Tensor | None = None) -> Elbo:
        """The plain bound, the mean over the draws; `log_px` [S, B] if it is there already."""
        told = self.by_draw(self.law.log_prob(self.x)) if log_px is None else log_px
        return Elbo(told.mean(0), self._kl_w(), self._kl_z(), self.prior_path)

    def _kl_w(self) -> Tensor:
        return self.q_w.kl(self.prior.m, self.prior.s)

    def _kl_z(self) -> Tensor:
        return self.by_draw(self.q_z.kl()).mean(0)

    def _of_z(self, values: Tensor) -> Tensor:
        return self.by_draw(values.flatten(1).sum(-1))


def parts_draws(
    model: CompVAE, batch: AggregateBatch, samples: int, generator: torch.Generator | None
) -> PartsDraws:
    """`samples` draws of the parts and of z for each curve of the batch.

    Raises:
        DataError: the parts are inferred one after the other, which gives no joint law.
    """
    mask, k = batch.mask, batch.mask.sum(-1)
    x, fitting = batch.x, looking(model, model.observation)
    if fitting is not None:
        x = fitting.perturbed(x, k, generator)
    prior = model.prior_path(batch.labels, mask, batch.context, batch.week)
    q_w = model.posterior_w(x, batch.labels, mask, prior)
    if not isinstance(q_w, CorrelatedGaussian):
        raise DataError(
            "This bound needs all parts inferred at once: set model.inference to 'correlated'."
        )
    w = q_w.transport(_standard(q_w.mu, samples, generator))
    sum_w = w.sum(-2).flatten(0, 1)
    x, k, context, week = (_repeated(each, samples) for each in (x, k, batch.context, batch.week))
    known = _repeated_prior(prior, samples)
    q_z = model.posterior_z(x, sum_w, k, context, known)
    z = q_z.rsample(generator)
    if fitting is not None:
        fitting.expect(x)
    law = model.decode(sum_w, z, k, context, week)
    prior_path = prior.curve.log_prob(x[: len(mask)])
    return PartsDraws(x, law, prior, prior_path, q_w, w, q_z, z)


def _standard(like: Tensor, samples: int, generator: torch.Generator | None) -> Tensor:
    return torch.randn((samples, *like.shape), generator=generator, device=like.device)


def _repeated(values: Tensor, samples: int) -> Tensor:
    return values.repeat(samples, *(1 for _ in values.shape[1:]))


def _repeated_prior(prior: PriorPath, samples: int) -> PriorPath:
    """What q(z) sees of the prior, once for each draw."""
    curve = prior.curve
    return replace(
        prior,
        sum_mean=_repeated(prior.sum_mean, samples),
        sum_std=_repeated(prior.sum_std, samples),
        curve=DiagonalGaussian(_repeated(curve.mean, samples), _repeated(curve.stddev, samples)),
    )
