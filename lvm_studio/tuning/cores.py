"""The affine part of the λ-flow: a few Gaussians that follow λ as polynomials."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvm_studio.tuning.mixtures import Mixture

_DEGREE = 3
_LEAST_TRUST = 0.03


class AffineCore(nn.Module):
    """K affine maps with shares, all of them polynomials of λ and all the identity at λ = 0.

    `y = m(s) + d(s) * (v + N(s) v)` for each, s = λ / λ_max, N strictly lower triangular. Fitted
    to the Gaussian mixtures of the climb they carry the bulk of p̂_λ before any training; several
    of them let one flow reach laws with several separate ways to be extreme.
    """

    def __init__(self, dim: int, components: int) -> None:
        super().__init__()
        self.logit = nn.Parameter(torch.zeros(components, _DEGREE + 1))
        self.shift = nn.Parameter(torch.zeros(components, _DEGREE, dim))
        self.log_scale = nn.Parameter(torch.zeros(components, _DEGREE, dim))
        self.lower = nn.Parameter(torch.zeros(components, _DEGREE, dim, dim))

    def log_share(self, s: Tensor) -> Tensor:
        """Log-shares [..., K] of the components at s [...]."""
        powers = torch.cat([torch.ones_like(s)[..., None], _powers(s)], dim=-1)
        return torch.log_softmax(powers @ self.logit.T, dim=-1)

    def forward(self, v: Tensor, s: Tensor) -> Tensor:
        """y of v, both [..., K, n, dim], at s [...]."""
        shift, log_scale, lower = self._at(s)
        return (v + v @ lower.mT) * log_scale.exp() + shift

    def inverse(self, y: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """v and log |det dv/dy| of y [..., K, n, dim]."""
        shift, log_scale, lower = self._at(s)
        mixed = (y - shift) / log_scale.exp()
        v = torch.linalg.solve_triangular(
            lower.mT, mixed, upper=True, left=False, unitriangular=True
        )
        return v, -log_scale.sum(-1).expand(y.shape[:-1])

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

    def _at(self, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        powers = _powers(s)
        shift = torch.einsum("...p,kpi->...ki", powers, self.shift)
        log_scale = torch.einsum("...p,kpi->...ki", powers, self.log_scale)
        lower = torch.einsum("...p,kpij->...kij", powers, self.lower.tril(-1))
        return shift[..., None, :], log_scale[..., None, :], lower


def _powers(s: Tensor) -> Tensor:
    return torch.stack([s**power for power in range(1, _DEGREE + 1)], dim=-1)


def _fitted(powers: Tensor, target: Tensor, trust: Tensor) -> Tensor:
    """Coefficients [P, outputs] of powers [points, P] for target, rows weighted by trust."""
    left, right = (trust * powers).double(), (trust * target).double()
    solution: Tensor = torch.linalg.lstsq(left, right).solution.to(target.dtype)
    return solution
