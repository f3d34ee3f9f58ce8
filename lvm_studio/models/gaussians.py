"""Gaussian families of the latent variables, in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)

FURTHEST_LOG_SCALE = 8.0
"""Scales of posteriors lie between e^-8 and e^8 of the prior's, whatever the weights are."""


@dataclass(frozen=True, eq=False)
class CorrelatedGaussian:
    """The law of a multi-set {w_i} whose sum may vary less than its parts (Eq. 9.6).

    `w_i = mu_i + sigma_i eps_i - rho_i sum_j sigma_j eps_j`, each coordinate by itself, with
    `rho = softmax(nu)` that shares its unit with one extra zero logit (Eq. 9.11). Parts whose
    mask is 0 do not exist: their values change nothing.

    Args:
        mu, sigma, nu: [B, K, W]; sigma > 0.
        mask: [B, K], 1 where a part is present.

    Everything per observation is [B, W]: one number a coordinate, in nats.

    >>> part = torch.ones(1, 2, 1)
    >>> q = CorrelatedGaussian(0 * part, part, 40 * part, torch.ones(1, 2))
    >>> bool(q.sum_variance() < 1e-12)  # two parts, rho = 1/2 each: the sum stands still
    True
    """

    mu: Tensor
    sigma: Tensor
    nu: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if not self.mu.shape == self.sigma.shape == self.nu.shape:
            raise ValueError(
                f"mu {tuple(self.mu.shape)}, sigma {tuple(self.sigma.shape)} and "
                f"nu {tuple(self.nu.shape)} must have one shape [B, K, W]."
            )
        if self.mask.shape != self.mu.shape[:-1]:
            raise ValueError(
                f"mask {tuple(self.mask.shape)} must be [B, K] of mu {tuple(self.mu.shape)}."
            )

    @cached_property
    def _present(self) -> Tensor:
        return self.mask.bool()[..., None]

    @cached_property
    def count(self) -> Tensor:
        """Number of parts K, [B, 1]."""
        return self._present.sum(dim=-2).to(self.mu.dtype)

    @cached_property
    def _log_total(self) -> Tensor:
        """log sum_j exp(nu_j) over the parts that exist, [B, W]."""
        return self.nu.masked_fill(~self._present, -math.inf).logsumexp(dim=-2)

    @cached_property
    def log_rest(self) -> Tensor:
        """log(1 - sum_i rho_i), [B, W], without cancellation."""
        return -torch.nn.functional.softplus(self._log_total)

    @cached_property
    def rho(self) -> Tensor:
        """[B, K, W], 0 for parts that do not exist (Eq. 9.11)."""
        log_rho = self.nu + self.log_rest[..., None, :]
        return log_rho.exp().masked_fill(~self._present, 0.0)

    @cached_property
    def _variance(self) -> Tensor:
        return (self.sigma**2).masked_fill(~self._present, 0.0)

    def _sum_parts(self, values: Tensor) -> Tensor:
        return values.masked_fill(~self._present, 0.0).sum(dim=-2)

    def sum_mean(self) -> Tensor:
        """Mean of the sum of the parts, [B, W]."""
        return self._sum_parts(self.mu)

    def sum_variance(self) -> Tensor:
        """Variance of the sum of the parts, [B, W] (Eq. 9.8)."""
        return (2.0 * self.log_rest).exp() * self._variance.sum(dim=-2)

    def part_variance(self) -> Tensor:
        """Variance of each part by itself, [B, K, W] (Eq. 9.7); above 0, however near 1 rho is."""
        # 1 - rho_i as a sum: 1 - rho_i itself is 0 in float32 where one rho takes nearly all.
        kept = self.log_rest.exp()[..., None, :] + _of_the_others(self.rho)
        return (kept * self.sigma) ** 2 + self.rho**2 * _of_the_others(self._variance)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """One draw of all parts, [B, K, W]; 0 where no part is."""
        return self.transport(standard_normal(self.mu.shape, self.mu, generator))

    def transport(self, eps: Tensor) -> Tensor:
        """Draws [..., B, K, W] from standard normal eps; 0 where no part is."""
        step = (self.sigma * eps).masked_fill(~self._present, 0.0)
        draw = self.mu + step - self.rho * step.sum(dim=-2, keepdim=True)
        return draw.masked_fill(~self._present, 0.0)

    def rsample_sum(self, generator: torch.Generator | None = None) -> Tensor:
        """One draw of the sum of the parts, [B, W]: the law of `rsample().sum(-2)`, cheaper."""
        mean = self.sum_mean()
        eps = standard_normal(mean.shape, mean, generator)
        return mean + (self.log_rest.exp() * self._variance.sum(dim=-2).sqrt()) * eps

    def log_prob(self, w: Tensor) -> Tensor:
        """Log-density of the parts w [B, K, W] for each coordinate, [B, W] (Eq. 9.9, 9.10)."""
        offset = (w - self.mu).masked_fill(~self._present, 0.0)
        # (I - rho 1')^-1 = I + rho 1' / (1 - sum rho)  (Sherman-Morrison)
        total = offset.sum(dim=-2, keepdim=True) * (-self.log_rest).exp()[..., None, :]
        eps = (offset + self.rho * total) / self.sigma
        return -0.5 * self._sum_parts(eps**2) - self._half_log_det() - self.count * HALF_LOG_2PI

    def detached(self) -> CorrelatedGaussian:
        """The same law with its parameters held still: gradients pass through draws alone."""
        return CorrelatedGaussian(
            self.mu.detach(), self.sigma.detach(), self.nu.detach(), self.mask
        )

    def entropy(self) -> Tensor:
        """Entropy for each coordinate, [B, W] (Eq. 9.26)."""
        return self.count * (0.5 + HALF_LOG_2PI) + self._half_log_det()

    def kl(self, m: Tensor, s: Tensor) -> Tensor:
        """KL to independent parts N(m_i, s_i^2) for each coordinate, [B, W] (Eq. 9.28).

        m, s: [B, K, W], s > 0.
        """
        spread = self._variance.sum(dim=-2, keepdim=True)
        square = (self.mu - m) ** 2 + (1 - 2 * self.rho) * self.sigma**2 + self.rho**2 * spread
        terms = square / (2.0 * s**2) + s.log() - self.sigma.log() - 0.5
        return self._sum_parts(terms) - self.log_rest

    def draw(
        self, m: Tensor, s: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """One draw of the sum of the parts, [B, W], and the KL of `kl`."""
        return self.rsample_sum(generator), self.kl(m, s)

    def part_kl(self, m: Tensor, s: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """KL of each part's own law to N(m_i, s_i^2), [B, K, W], in nats.

        These do not add up to `kl`: the correlation of the parts carries information as well.
        The law is known in closed form, so that the generator is not used.
        """
        variance = self.part_variance()
        square = (variance + (self.mu - m) ** 2) / (2.0 * s**2)
        terms = square + s.log() - 0.5 * variance.log() - 0.5
        return terms.masked_fill(~self._present, 0.0)

    def _half_log_det(self) -> Tensor:
        return self.log_rest + self._sum_parts(self.sigma.log())


@dataclass(frozen=True, eq=False)
class ResidualGaussian:
    """A diagonal posterior written relative to its diagonal prior N(mu, sigma^2).

    `q = N(mu + sigma * shift, (sigma * exp(log_scale))^2)`, so that zeros give the prior itself
    and the KL depends on `shift` and `log_scale` alone.

    Args:
        mu, sigma: the prior's, [...].
        shift, log_scale: same shape.

    >>> zero, one = torch.zeros(3), torch.ones(3)
    >>> ResidualGaussian(zero, one, zero, zero).kl()
    tensor([0., 0., 0.])
    """

    mu: Tensor
    sigma: Tensor
    shift: Tensor
    log_scale: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean of q, [...]."""
        return self.mu + self.sigma * self.shift

    @property
    def stddev(self) -> Tensor:
        """Standard deviation of q, [...]."""
        return self.sigma * self.log_scale.exp()

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """One draw, [...]."""
        return self.transport(standard_normal(self.shift.shape, self.shift, generator))

    def transport(self, eps: Tensor) -> Tensor:
        """Draws [..., Z] from standard normal eps; any axes before the posterior's are draws."""
        return self.mu + self.sigma * (self.shift + self.log_scale.exp() * eps)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of q at z for each coordinate, [...], in nats."""
        eps = (z - self.mean) / self.stddev
        return -0.5 * eps**2 - self.stddev.log() - HALF_LOG_2PI

    def detached(self) -> ResidualGaussian:
        """The same law with its parameters held still: gradients pass through draws alone."""
        return ResidualGaussian(
            self.mu.detach(), self.sigma.detach(), self.shift.detach(), self.log_scale.detach()
        )

    def kl(self) -> Tensor:
        """KL(q, prior) for each coordinate, [...], in nats."""
        return standard_normal_kl(self.shift, self.log_scale)


def standard_normal(
    shape: Sequence[int], like: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Standard normal numbers [*shape] of the type of `like`, on its device.

    They are drawn where the generator lives, so that one of the processor serves every device,
    with the same numbers.
    """
    where = like.device if generator is None else generator.device
    drawn = torch.randn(tuple(shape), generator=generator, dtype=like.dtype, device=where)
    return drawn.to(like.device)


def _of_the_others(values: Tensor) -> Tensor:
    """For each part the sum over all others of values >= 0, [B, K, W], 0 for absent parts."""
    return (values.sum(dim=-2, keepdim=True) - values).clamp(min=0.0)


def standard_normal_kl(mean: Tensor, log_stddev: Tensor) -> Tensor:
    """KL of N(mean, stddev^2) to N(0, 1), elementwise, in nats.

    >>> standard_normal_kl(torch.tensor(1.0), torch.tensor(0.0))
    tensor(0.5000)
    """
    return 0.5 * (mean**2 + torch.expm1(2.0 * log_stddev)) - log_stddev
