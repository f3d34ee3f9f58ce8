"""Draws of the latent variables and their densities: all that a bound on log p(x) needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from lvm_studio.models.elbo import Elbo
from lvm_studio.models.gaussians import HALF_LOG_2PI, ResidualGaussian

if TYPE_CHECKING:
    from lvm_studio.models.noise.laws import Law


class LatentDraws(Protocol):
    """S draws of all latent variables for each of B observations; all logarithms in nats."""

    @property
    def x(self) -> Tensor:
        """Observations, shaped so that `law.log_prob(x)` has one number a draw."""
        ...

    @property
    def law(self) -> Law:
        """p(x | latent variables) of every draw."""
        ...

    def by_draw(self, values: Tensor) -> Tensor:
        """[S, B] from one number a draw, as `law` gives them."""
        ...

    def log_prior(self) -> Tensor:
        """log p(latent variables) of every draw, [S, B]."""
        ...

    def log_q(self) -> Tensor:
        """log q(latent variables | x) of every draw, [S, B]."""
        ...

    def log_q_held(self) -> Tensor:
        """The same number; gradients pass through the draws alone, not through q's own law."""
        ...

    def kl(self) -> Tensor:
        """KL(q || p), as far as it is known in closed form, [B]."""
        ...

    def elbo(self, log_px: Tensor | None = None) -> Elbo:
        """The plain bound, the mean over the draws; `log_px` [S, B] if it is there already."""
        ...


@dataclass(frozen=True, eq=False)
class ZDraws:
    """S draws of z for each of B observations, and the laws they come from and lead to.

    x [B, D] as it was learned (a floor may have perturbed it); q over [B, Z]; z [S, B, Z];
    law of vectors [S, B, D].
    """

    x: Tensor
    q: ResidualGaussian
    z: Tensor
    law: Law

    def by_draw(self, values: Tensor) -> Tensor:
        """The values unchanged: they already are [S, B]."""
        return values

    def log_prior(self) -> Tensor:
        """log p(z), [S, B]: q is written relative to its prior."""
        return standard_log_prob(self.z, self.q.mu, self.q.sigma).sum(-1)

    def log_q(self) -> Tensor:
        """log q(z | x), [S, B]."""
        return self.q.log_prob(self.z).sum(-1)

    def log_q_held(self) -> Tensor:
        """log q(z | x) with q's parameters held still, [S, B]."""
        return self.q.detached().log_prob(self.z).sum(-1)

    def kl(self) -> Tensor:
        """KL(q(z | x) || p(z)) in closed form, [B], in nats."""
        return self.q.kl().sum(-1)

    def elbo(self, log_px: Tensor | None = None) -> Elbo:
        """The plain bound, the mean over the draws."""
        told = self.law.log_prob(self.x) if log_px is None else log_px
        count = told.shape[1]
        return Elbo(
            reconstruction=told.mean(0),
            kl_w=told.new_zeros(count, 0),
            kl_z=self.q.kl(),
            prior_path=told.new_zeros(count),
        )


def standard_log_prob(value: Tensor, mean: Tensor, stddev: Tensor) -> Tensor:
    """Log-density of N(mean, stddev^2), elementwise, in nats."""
    return -0.5 * ((value - mean) / stddev) ** 2 - stddev.log() - HALF_LOG_2PI
