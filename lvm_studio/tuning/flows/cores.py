"""The affine part of the λ-flow: a few Gaussians that follow λ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lvm_studio.tuning.pools.mixtures import Mixture

_DEGREE = 3
"""Of the polynomials in λ."""
_LEAST_TRUST = 0.03
"""Added to the weight of a share's row in the fit: shares near 0 must stay near 0 too."""


@dataclass(frozen=True, eq=False)
class AffineMaps:
    """K maps `y = m + d * (v + N v)` with shares: log_share [..., K], N strictly lower triangular.

    shift m, log_scale log d: [..., K, 1, dim]; lower N: [..., K, dim, dim].
    """

    log_share: Tensor
    shift: Tensor
    log_scale: Tensor
    lower: Tensor

    def push(self, v: Tensor) -> Tensor:
        """y of v, both [..., K, n, dim]."""
        return (v + v @ self.lower.mT) * self.log_scale.exp() + self.shift

    def pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """v and log |det dv/dy| of y [..., K, n, dim]."""
        mixed = (y - self.shift) / self.log_scale.exp()
        v = torch.linalg.solve_triangular(
            self.lower.mT, mixed, upper=True, left=False, unitriangular=True
        )
        return v, -self.log_scale.sum(-1).expand(y.shape[:-1])


class AffineCore(nn.Module):
    """K affine maps with shares, all of them polynomials of λ and all the identity at λ = 0.

    Fitted to the Gaussian mixtures of the climb they carry the bulk of p̂_λ before any training;
    several of them let one flow reach laws with several separate ways to be extreme.
    """

    def __init__(self, dim: int, components: int) -> None:
        super().__init__()
        self.logit = nn.Parameter(torch.zeros(components, _DEGREE + 1))
        self.shift = nn.Parameter(torch.zeros(components, _DEGREE, dim))
        self.log_scale = nn.Parameter(torch.zeros(components, _DEGREE, dim))
        self.lower = nn.Parameter(torch.zeros(components, _DEGREE, dim, dim))

    def at(self, s: Tensor) -> AffineMaps:
        """The maps at s = λ / λ_max [...]."""
        powers = _powers(s)
        with_constant = torch.cat([torch.ones_like(s)[..., None], powers], dim=-1)
        shift = torch.einsum("...p,kpi->...ki", powers, self.shift)
        log_scale = torch.einsum("...p,kpi->...ki", powers, self.log_scale)
        return AffineMaps(
            log_share=torch.log_softmax(with_constant @ self.logit.T, dim=-1),
            shift=shift[..., None, :],
            log_scale=log_scale[..., None, :],
            lower=torch.einsum("...p,kpij->...kij", powers, self.lower.tril(-1)),
        )

    @torch.no_grad()
    def fit(self, s: Tensor, mixtures: Sequence[Mixture]) -> None:
        """Least squares through mixtures of the same K, one at each of s [points] > 0."""
        shares = torch.stack([mixture.log_share for mixture in mixtures])
        factors = torch.stack([mixture.cholesky for mixture in mixtures])
        diagonal = factors.diagonal(dim1=-2, dim2=-1)
        lower = torch.tril(factors / diagonal[..., None], -1)
        means = torch.stack([mixture.mean for mixture in mixtures])
        powers = _powers(s)
        with_constant = torch.cat([torch.ones_like(powers[:, :1]), powers], dim=1)
        for k in range(shares.shape[1]):
            trust = shares[:, k].exp().sqrt()[:, None]
            logit = _fitted(with_constant, shares[:, k, None], trust + _LEAST_TRUST)
            self.logit[k] = logit[:, 0]
            self.shift[k] = _fitted(powers, means[:, k], trust)
            self.log_scale[k] = _fitted(powers, diagonal[:, k].log(), trust)
            self.lower[k] = _fitted(powers, lower[:, k].flatten(1), trust).view_as(self.lower[k])


def _powers(s: Tensor) -> Tensor:
    return torch.stack([s**power for power in range(1, _DEGREE + 1)], dim=-1)


def _fitted(powers: Tensor, target: Tensor, trust: Tensor) -> Tensor:
    """Coefficients [P, outputs] of powers [points, P] for target, rows weighted by trust."""
    left, right = (trust * powers).double(), (trust * target).double()
    solution: Tensor = torch.linalg.lstsq(left, right).solution.to(target.dtype)
    return solution
