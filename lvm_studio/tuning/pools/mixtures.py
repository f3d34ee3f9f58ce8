"""Gaussian mixtures over the latents: what p̂_λ looks like where f has several ways to be high."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

MOST_COMPONENTS = 8
_ENOUGH = 0.5
"""Mean squared distance of λ∇f to its centre (in units of u) that one Gaussian can carry."""
_EIGENVALUES = (0.05, 3.0)
"""Bounds of a component's covariance: a bad estimate must stay a usable proposal."""
LEAST_SHARE = 0.02
"""No component of a proposal is drawn less often than this: what it may find is not known yet."""
_LLOYD_STEPS = 8
_POOLED_DRAWS = 2.0
"""A component's covariance counts against the pooled one as its ESS against so many a dimension."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """K Gaussians: log_share [K] of each, mean [K, dim], lower Cholesky factor [K, dim, dim]."""

    log_share: Tensor
    mean: Tensor
    cholesky: Tensor

    @classmethod
    def standard(cls, dim: int) -> Mixture:
        """The base law N(0, I) as a mixture of one."""
        return cls(torch.zeros(1), torch.zeros(1, dim), torch.eye(dim)[None])

    def rsample(self, n: int, generator: torch.Generator) -> Tensor:
        """n draws, [n, dim]."""
        v = torch.randn(n, self.mean.shape[1], generator=generator)
        which = torch.multinomial(self.log_share.exp(), n, replacement=True, generator=generator)
        for component, factor in enumerate(self.cholesky):
            rows = torch.nonzero(which == component).flatten()
            v[rows] = self.mean[component] + v[rows] @ factor.T
        return v

    def log_ratio(self, u: Tensor) -> Tensor:
        """log q(u) - log N(u; 0, I) of u [n, dim], [n]."""
        return torch.logsumexp(self._log_parts(u), dim=0)

    def belongs(self, u: Tensor) -> Tensor:
        """Probability [K, n] of each Gaussian, given that the mixture drew u [n, dim]."""
        return torch.softmax(self._log_parts(u), dim=0)

    def _log_parts(self, u: Tensor) -> Tensor:
        v = self._inverse @ u.T - self._inverse @ self.mean[..., None]
        log_det = self.cholesky.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        each: Tensor = 0.5 * (u.square().sum(-1) - v.square().sum(-2)) - log_det[:, None]
        return self.log_share[:, None] + each

    @cached_property
    def _inverse(self) -> Tensor:
        """[K, dim, dim] of the Cholesky factors: a product is cheaper than solving each time."""
        identity = torch.eye(self.mean.shape[1], dtype=self.mean.dtype)
        inverse: Tensor = torch.linalg.solve_triangular(
            self.cholesky, identity.expand_as(self.cholesky), upper=False
        )
        return inverse

    def widened(self, factor: float) -> Mixture:
        """The same with every standard deviation times `factor`."""
        return Mixture(self.log_share, self.mean, factor * self.cholesky)


def gradient_centres(
    pull: Tensor, share: Tensor, generator: torch.Generator, most: int = MOST_COMPONENTS
) -> Tensor:
    """Centres [K, dim] of the directions in which λ∇f pulls, for weighted draws.

    Args:
        pull: [n, dim] λ∇f̃ at each draw: where f has one way to be high they are alike, and one
            centre is all that is needed.
        share: [n] normalised weights.

    k-means from k-means++ starts; centres are added until one Gaussian each can carry the rest.
    """
    first = int(torch.multinomial(share, 1, generator=generator))
    centres = _lloyd(pull, share, pull[first : first + 1])
    while len(centres) < most:
        far = share * torch.cdist(pull, centres).min(dim=1).values.square()
        if float(far.sum()) < _ENOUGH:
            break
        another = int(torch.multinomial(far, 1, generator=generator))
        centres = _lloyd(pull, share, torch.cat([centres, pull[another : another + 1]]))
    return centres


def stein_mixture(
    lam: float,
    u: Tensor,
    gradient: Tensor,
    share: Tensor,
    label: Tensor,
    components: int,
    least_share: float = LEAST_SHARE,
) -> Mixture:
    """The Gaussian of each label's part of p̂_λ, by Stein's identities.

    For p̂_λ ∝ N(0, I) e^{λf}: `E u = λ E ∇f` and `Cov u = I + λ Cov(u, ∇f)`. In directions that
    f does not feel these estimates carry no noise at all, where plain weighted moments would
    need many times the draws.

    A component's covariance is drawn towards the mean one of all as far as few draws stand
    behind it.

    Args:
        u, gradient: [n, dim] draws and ∇f̃ there; share: [n] normalised weights at λ.
        label: [n] in 0 … components - 1.
        least_share: added to every component's share.
    """
    part = torch.nn.functional.one_hot(label, components).to(u.dtype).T * share
    mass = part.sum(dim=1)
    part = part / mass.clamp_min(1e-12)[:, None]
    slope, middle = part @ gradient, part @ u
    cross = torch.einsum("kn,nd,ne->kde", part, u, gradient)
    cross = lam * (cross - middle[:, :, None] * slope[:, None, :])
    own = 1.0 / part.square().sum(dim=1).clamp_min(1e-12)
    trust = (own / (own + _POOLED_DRAWS * u.shape[1]))[:, None, None]
    cross = trust * cross + (1.0 - trust) * torch.einsum("k,kde->de", mass, cross)
    covariance = torch.eye(u.shape[1]) + 0.5 * (cross + cross.mT)
    values, vectors = torch.linalg.eigh(covariance)
    bounded = (vectors * values.clamp(*_EIGENVALUES)[:, None]) @ vectors.mT
    log_share = (mass + least_share).log()
    log_share = log_share - torch.logsumexp(log_share, dim=0)
    return Mixture(log_share, lam * slope, torch.linalg.cholesky(bounded))


def nearest(pull: Tensor, centres: Tensor) -> Tensor:
    """Index of the centre nearest to each of pull [n, dim], [n]."""
    return torch.cdist(pull, centres).argmin(dim=1)


def _lloyd(pull: Tensor, share: Tensor, centres: Tensor) -> Tensor:
    for _ in range(_LLOYD_STEPS):
        one_hot = torch.nn.functional.one_hot(nearest(pull, centres), len(centres))
        part = one_hot.to(pull.dtype).T * share
        mass = part.sum(dim=1, keepdim=True)
        centres = torch.where(mass > 0, part @ pull / mass.clamp_min(1e-12), centres)
    return centres
