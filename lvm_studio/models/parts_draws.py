"""Draws of {w_i} and z of a compositional VAE: what lets it be trained by any bound."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lvm_studio.models.draws import standard_log_prob
from lvm_studio.models.elbo import Elbo
from lvm_studio.models.gaussians import CorrelatedGaussian, ResidualGaussian
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.prior_path import PriorPath


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
        """[S, B, ...] of values [S B, ...], as `law` and `q_z` give them."""
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
