"""The compositional VAE (chapter 9): a curve from the multi-set of those who make it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, softplus

from lvm_studio.data.errors import DataError
from lvm_studio.data.units import DAY, DAYS, WEEK
from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.fitted_prior import FittedPrior
from lvm_studio.models.gaussians import (
    FURTHEST_LOG_SCALE,
    CorrelatedGaussian,
    ResidualGaussian,
    standard_normal,
)
from lvm_studio.models.inference import PartsPosterior, new_inference
from lvm_studio.models.linear_head import LinearHead
from lvm_studio.models.networks import SOFTPLUS_GIVES_ONE, DayNet, ResidualMLP, capped, within
from lvm_studio.models.noise.summed import curve_law, looking
from lvm_studio.models.observation import CurveDistribution
from lvm_studio.models.observations import build_observation, varies
from lvm_studio.models.parts_draws import PartsDraws
from lvm_studio.models.parts_inference import chi
from lvm_studio.models.prior_path import PriorPath, repeated
from lvm_studio.models.specs import CompVAESpec

if TYPE_CHECKING:
    from lvm_studio.data.sampler import AggregateBatch

SPREAD = 1 / 3
"""Spread of a household's mean load over compositions and weeks, as a share of the mean."""


USUAL_LOG_K = 3.0
"""Networks see log K less this: about 0 for twenty households."""

FIRST_RAW_GAMMA = -3.0
"""Where learning gamma of chi starts: softplus of it is 0.05, one in twenty households."""

FIRST_LOG_WHOLE = 3.0
"""Where learning the size of a bounded whole starts: e^3 households."""

FURTHEST_Z = 5.0
"""Where a bounded decoder stops following a coordinate of z, standard deviations."""

FURTHEST_SHAPE = 5.0
"""What bounded networks add at most, in units of `SPREAD` of a household's mean load."""

FURTHEST_SHIFT = 30.0
"""Means of q(z) lie within 30 deviations of the prior; real curves reach 4."""


class CompVAE(LatentVariableModel):
    """p(x | sum w, z, c) p(z | c, sum w) prod_i p(w_i | l_i), Eq. 9.1.

    Curves x [B, 336] are sums of k households in kW; labels [B, K, F] with mask [B, K]; context
    [B, 7, C], one row a day. What is proportional to k is so by construction: the networks see
    `sum w / k` and give a curve for one household.

    The posterior goes the other way round from Eq. 9.3: first q({w_i} | x, c, labels), then
    q(z | x, c, sum w), both written relative to the prior.

    Args:
        spec: sizes.
        labels: F.
        context: C.
    """

    inference = ("summary", "w_posterior", "z_posterior")
    household_mean_kw: Tensor
    household_spread_kw: Tensor

    def __init__(self, spec: CompVAESpec, *, labels: int, context: int) -> None:
        super().__init__()
        self.spec = spec
        w, z, day, drop = spec.latent_w, spec.latent_z, spec.day_hidden, spec.dropout
        told = labels if spec.head is None else labels + 1
        self.part_prior = ResidualMLP(told, spec.part_hidden, 2 * w, blocks=0)
        self.head = _new_head(spec, labels)
        if self.head is None:
            _start_as_identity(self.part_prior.direct, w)
        self.z_prior = DayNet(context + w, day // 2, 2 * z, blocks=1, dropout=drop)
        self.observation = build_observation(spec.noise)
        self.varying = varies(spec.noise, self.observation)
        seen, told = context + w + z, DAY
        if spec.week_in_z:
            seen += z
        if self.varying:
            told += DAY
        self.decoder = DayNet(seen, day, told, blocks=spec.day_blocks, dropout=drop)
        if self.head is None:
            self.sum_to_curve = nn.Linear(w, WEEK)
        self.summary = ResidualMLP(WEEK + w + 1, 2 * day, day, blocks=1, dropout=drop)
        self.w_posterior = new_inference(spec, labels)
        surprises = 2 * DAY if spec.week_in_z else DAY
        self.z_posterior = DayNet(surprises + context + 2 * w, day, 2 * z, blocks=1, dropout=drop)
        if spec.aggregator == "chi":
            self.raw_gamma = nn.Parameter(torch.tensor(FIRST_RAW_GAMMA))
            self.log_whole = nn.Parameter(torch.tensor(FIRST_LOG_WHOLE))
        self.register_buffer("household_mean_kw", torch.full((WEEK,), 0.45))
        self.register_buffer("household_spread_kw", torch.tensor(0.15))
        self._start_small()
        self.refined = None
        if spec.fitted_prior is not None:
            self.refined = FittedPrior(spec.fitted_prior, DAYS * z, w + 1 + context)
            self.refined.requires_grad_(False)  # until the rest is trained

    def _start_small(self) -> None:
        if self.head is None:
            nn.init.normal_(self.sum_to_curve.weight, std=0.02)
            nn.init.zeros_(self.sum_to_curve.bias)
        nn.init.normal_(self.summary.out.weight, std=0.02)
        nn.init.normal_(self.decoder.out.weight, std=0.02)
        nn.init.normal_(self.decoder.direct.weight, std=0.02)

    def set_scale(self, mean_kw: Tensor) -> None:
        """Fix the mean curve [336] of one household (kW): networks see and give multiples."""
        self.household_mean_kw.copy_(mean_kw)
        self.household_spread_kw.copy_(mean_kw.mean() * SPREAD)
        self.observation.set_reference(mean_kw.mean())

    def sigma(self) -> Tensor:
        """Noise as the observation model sums it up, kW."""
        return self.observation.sigma()

    # -- generative side --------------------------------------------------------------------

    def prior_w(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [..., W] of p(w | label) for labels [..., F].

        Once trained (in evaluation mode) the law is `spec.prior_widening` times as wide as
        learned: what was fitted to few weeks is too certain of others.
        """
        if self.head is None:
            m, scale = self.part_prior(labels).chunk(2, -1)
        else:
            scores, known = self.head.scores(labels)
            m, scale = self.part_prior(torch.cat([labels, known], -1)).chunk(2, -1)
            m = m + pad(scores, (0, self.spec.latent_w - scores.shape[-1]))
        return m, self._widening * (1e-3 + softplus(scale + SOFTPLUS_GIVES_ONE))

    @property
    def _widening(self) -> float:
        return 1.0 if self.training else self.spec.prior_widening

    def prior_sum(self, m: Tensor, s: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [B, W] of the sum of independent parts [B, K, W]."""
        present = mask[..., None]
        return (m * present).sum(-2), (s**2 * present).sum(-2).sqrt()

    def prior_z(self, sum_w: Tensor, k: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [B, 7, Z] of p(z | c, sum w); sum_w [B, W], k [B]."""
        per_day = _every_day(sum_w / k[:, None])
        mu, scale = self.z_prior(torch.cat([context, per_day], -1)).chunk(2, -1)
        return mu, 1e-3 + softplus(scale + SOFTPLUS_GIVES_ONE)

    def sampled_z(self, u: Tensor, moved: Tensor, k: Tensor, context: Tensor) -> Tensor:
        """Coordinates of z relative to `prior_z`, [N, 7, Z], from standard normal u [N, 7 Z].

        They are u itself, with two corrections for what training left wrong: the refitted prior
        (`spec.fitted_prior`), and a wider mean over the seven days (`spec.week_straying`), which
        the few weeks of training determine badly.

        moved [N, W]: the sum of w in deviations of its prior; k [N] or [1]; context [N, 7, C].
        """
        if self.refined is not None:
            u = self.refined(u, self.told_of(moved, k, context))
        z = u.reshape(-1, DAYS, self.spec.latent_z)
        return z + (self._week_widening(k) - 1.0) * z.mean(-2, keepdim=True)

    def _week_widening(self, k: Tensor) -> Tensor:
        """Factor on the mean of z over the days, [N, 1, 1].

        That mean strays with the households of a sum, hence less the more of them there are.
        """
        return (1.0 + self.spec.week_straying**2 / k).sqrt()[:, None, None]

    def told_of(self, moved: Tensor, k: Tensor, context: Tensor) -> Tensor:
        """Input of the refitted prior, [N, W + 1 + C]: sum of w, size, mean context of the week."""
        size = (k.log() - USUAL_LOG_K)[:, None].expand(len(moved), -1)
        return torch.cat([moved, size, context.mean(-2)], -1)

    def whitened_z(
        self, q: ResidualGaussian, moved: Tensor, k: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [N, 7 Z] of the u that `sampled_z` takes to draws of q."""
        share = 1.0 - 1.0 / self._week_widening(k)
        shift, scale = _with_less_in_common(q.shift, q.log_scale.exp(), share)
        shift, scale = shift.flatten(1), scale.flatten(1)
        if self.refined is None:
            return shift, scale
        return self.refined.whitened(shift, scale, self.told_of(moved, k, context))

    def decode(
        self,
        sum_w: Tensor,
        z: Tensor,
        k: Tensor,
        context: Tensor,
        week: Tensor | None = None,
    ) -> CurveDistribution:
        """p(x | sum w, z, c): curves [B, 336] in kW of the whole sum of k households.

        sum_w [B, W], z [B, 7, Z], k [B] (or [1], if all are of one size), context [B, 7, C];
        week [B], positions in the training set, tells a linear head what it may not have seen.
        """
        mean_w, size = self._aggregated(sum_w, k)
        z = within(z, FURTHEST_Z) if self.spec.bounded else z
        days = torch.cat([context, _every_day(mean_w), z], -1)
        if self.spec.week_in_z:
            days = torch.cat([days, _every_day(z.sum(-2) / math.sqrt(DAYS))], -1)
        decoded = self.decoder(days)
        shape = decoded[..., :DAY].flatten(-2)
        if self.spec.bounded:
            shape = within(shape, FURTHEST_SHAPE)
        linear = self._linear(mean_w, context, week)
        household = linear + self.household_spread_kw * shape
        return curve_law(self.observation, size * household, k, decoded[..., DAY:].flatten(-2))

    def _aggregated(self, sum_w: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """The sum as the decoder sees it, [B, W], and the factor on the decoded curve, [B, 1]."""
        if self.spec.aggregator == "chi":
            return chi(sum_w, softplus(self.raw_gamma)), self.log_whole.exp().expand(len(k), 1)
        return sum_w / k[:, None], k[:, None]

    def _linear(self, mean_w: Tensor, context: Tensor, week: Tensor | None) -> Tensor:
        """The part of one household's mean curve that is linear in w, [B, 336] in kW."""
        if self.head is not None:
            known: Tensor = self.head(mean_w[:, : self.head.spec.rank], context, week)
            return known
        shape: Tensor = self.sum_to_curve(mean_w)
        return self.household_mean_kw + self.household_spread_kw * shape

    def prior_path(
        self, labels: Tensor, mask: Tensor, context: Tensor, week: Tensor | None = None
    ) -> PriorPath:
        """The prior of the parts, of their sum, and the curve at the prior means."""
        k = mask.sum(-1)
        m, s = self.prior_w(labels)
        sum_mean, sum_std = self.prior_sum(m, s, mask)
        mu, _ = self.prior_z(sum_mean, k, context)
        curve = self.decode(sum_mean, mu, k, context, week)
        return PriorPath(m, s, sum_mean, sum_std, curve, self._widening)

    def prior_without(
        self, labels: Tensor, mask: Tensor, context: Tensor, week: Tensor
    ) -> PriorPath:
        """`prior_path` of a trained model whose linear head has not seen the week, [B]."""
        if self.head is None:
            return self.prior_path(labels, mask, context)
        self.head.train()
        path = self.prior_path(labels, mask, context, week)
        self.head.eval()
        return path

    # -- inference side ---------------------------------------------------------------------

    def posterior_w(
        self, x: Tensor, labels: Tensor, mask: Tensor, prior: PriorPath
    ) -> PartsPosterior:
        """q({w_i} | x, c, labels), relative to the prior."""
        k = mask.sum(-1)
        size = k.log()[:, None] - USUAL_LOG_K
        told = torch.cat([self._surprise(x, prior), prior.sum_mean / k[:, None], size], -1)
        seen = self.summary(told)
        posterior: PartsPosterior = self.w_posterior.posterior(
            labels, mask, seen, prior.m, prior.s, prior.widening
        )
        return posterior

    def posterior_z(
        self, x: Tensor, sum_w: Tensor, k: Tensor, context: Tensor, prior: PriorPath
    ) -> ResidualGaussian:
        """q(z | x, c, sum w), relative to p(z | c, sum w)."""
        mu, sigma = self.prior_z(sum_w, k, context)
        surprise = self._surprise(x, prior).view(-1, DAYS, DAY)
        moved = (sum_w - prior.sum_mean) / (prior.sum_std / prior.widening)
        seen = [surprise, context, _every_day(sum_w / k[:, None]), _every_day(moved)]
        if self.spec.week_in_z:
            seen.append(_every_day(surprise.mean(-2)))
        shift, log_scale = self.z_posterior(torch.cat(seen, -1)).chunk(2, -1)
        log_scale = within(log_scale, FURTHEST_LOG_SCALE)
        return ResidualGaussian(mu, sigma, capped(shift, FURTHEST_SHIFT), log_scale)

    def _surprise(self, x: Tensor, prior: PriorPath) -> Tensor:
        """(x - mean) / stddev of the curve at the prior means, [B, 336]: the encoders' input."""
        return ((x - prior.curve.mean) / prior.curve.stddev).detach()

    def elbo(self, batch: AggregateBatch, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound for a batch of aggregates."""
        labels, mask, context = batch.labels, batch.mask, batch.context
        k, week = mask.sum(-1), batch.week
        x, fitting = batch.x, looking(self, self.observation)
        if fitting is not None:
            x = fitting.perturbed(x, k, generator)
        prior = self.prior_path(labels, mask, context, week)
        q_w = self.posterior_w(x, labels, mask, prior)
        sum_w, kl_w = q_w.draw(prior.m, prior.s, generator)
        q_z = self.posterior_z(x, sum_w, k, context, prior)
        z = q_z.rsample(generator)
        if fitting is not None:
            fitting.expect(x)
        curve = self.decode(sum_w, z, k, context, week)
        return Elbo(
            reconstruction=curve.log_prob(x),
            kl_w=kl_w,
            kl_z=q_z.kl(),
            prior_path=prior.curve.log_prob(x),
        )

    def sample_draws(
        self, batch: AggregateBatch, samples: int, generator: torch.Generator | None = None
    ) -> PartsDraws:
        """`samples` draws of all parts and of z for every curve, and the laws they lead to.

        Raises:
            DataError: the parts are inferred one after the other, which gives no joint law.
        """
        mask, k = batch.mask, batch.mask.sum(-1)
        x, fitting = batch.x, looking(self, self.observation)
        if fitting is not None:
            x = fitting.perturbed(x, k, generator)
        prior = self.prior_path(batch.labels, mask, batch.context, batch.week)
        q_w = self.posterior_w(x, batch.labels, mask, prior)
        if not isinstance(q_w, CorrelatedGaussian):
            raise DataError(
                "This bound needs all parts inferred at once: set model.inference to 'correlated'."
            )
        shape = (samples, *q_w.mu.shape)
        w = q_w.transport(standard_normal(shape, q_w.mu, generator))
        sum_w, curves = w.sum(-2).flatten(0, 1), x
        x, k, context, week = (repeated(e, samples) for e in (x, k, batch.context, batch.week))
        q_z = self.posterior_z(x, sum_w, k, context, prior.repeated(samples))
        z = q_z.rsample(generator)
        if fitting is not None:
            fitting.expect(x)
        law = self.decode(sum_w, z, k, context, week)
        # Only now: decoding may have fitted the noise to this batch, in place.
        prior_path = prior.curve.log_prob(curves)
        return PartsDraws(x, law, prior, prior_path, q_w, w, q_z, z)


def _new_head(spec: CompVAESpec, labels: int) -> LinearHead | None:
    if spec.head is None:
        return None
    rank = min(spec.head.rank, spec.latent_w)
    return LinearHead(spec.head.model_copy(update={"rank": rank}), labels)


def _with_less_in_common(mean: Tensor, std: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation [N, 7, Z] of each day once `share` of the days' mean is taken away.

    Before, the days are independent with these means and deviations [N, 7, Z]; share [N, 1, 1].
    """
    part = share / DAYS
    variance = (1.0 - 2.0 * part) * std**2 + part**2 * (std**2).sum(-2, keepdim=True)
    return mean - share * mean.mean(-2, keepdim=True), variance.sqrt()


def _every_day(shared: Tensor) -> Tensor:
    """What all days of a week share, told to each of them: [B, W] -> [B, 7, W]."""
    return shared[:, None].expand(-1, DAYS, -1)


def _start_as_identity(layer: nn.Linear, outputs: int) -> None:
    """The label itself reaches the mean of p(w | label) from the first step on."""
    size = min(outputs, layer.in_features)
    with torch.no_grad():
        layer.weight[:size, :size] += torch.eye(size)
