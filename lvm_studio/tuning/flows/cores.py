"""The affine part of the λ-flow: a few Gaussians that follow λ, and what else it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from zuko.nn import MLP

from lvm_studio.tuning.pools.mixtures import Mixture

_DEGREE = 3
"""Of the polynomials in λ."""
_LEAST_TRUST = 0.03
"""Added to the weight of a share's row in the fit: shares near 0 must stay near 0 too."""
_APART = 0.5
"""Deviation of the components' first shifts, which keeps them from moving as one."""


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


class HyperCore(nn.Module):
    """K affine maps by a network of λ and of features e; all the identity at λ = 0.

    The network gives shares, shifts and scales at e; the lower factors are linear in e.

    Args:
        dim: of the points; components: K; features: of e; hidden: width of the two hidden layers.
    """

    def __init__(self, dim: int, components: int, features: int, hidden: int) -> None:
        super().__init__()
        self.components = components
        self.net = MLP(
            features + 1, components * (1 + 2 * dim), (hidden, hidden), activation=nn.SiLU
        )
        last = self.net[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        with torch.no_grad():  # components that start alike would stay alike
            last.bias.view(components, -1)[:, 1 : 1 + dim].normal_(std=_APART)
        self.lower = nn.Parameter(torch.zeros(components, features + 1, dim, dim))

    def at(self, s: Tensor, e: Tensor) -> AffineMaps:
        """The maps at s = λ / λ_max [...] and e [..., features]."""
        values = self.net(torch.cat([s[..., None], e], dim=-1))
        each = values.reshape(*values.shape[:-1], self.components, -1)
        dim = self.lower.shape[-1]
        logit, shift, log_scale = torch.split(each, [1, dim, dim], dim=-1)
        strength = s[..., None, None]
        terms = torch.cat([torch.ones_like(s)[..., None], e], dim=-1)
        lower = torch.einsum("...f,kfij->...kij", terms, self.lower.tril(-1))
        return AffineMaps(
            log_share=torch.log_softmax(logit[..., 0], dim=-1),
            shift=(strength * shift)[..., None, :],
            log_scale=(strength * log_scale)[..., None, :],
            lower=strength[..., None] * lower,
        )


def _powers(s: Tensor) -> Tensor:
    return torch.stack([s**power for power in range(1, _DEGREE + 1)], dim=-1)


def _fitted(powers: Tensor, target: Tensor, trust: Tensor) -> Tensor:
    """Coefficients [P, outputs] of powers [points, P] for target, rows weighted by trust."""
    left, right = (trust * powers).double(), (trust * target).double()
    solution: Tensor = torch.linalg.lstsq(left, right).solution.to(target.dtype)
    return solution
