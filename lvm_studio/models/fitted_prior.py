"""A prior over z that looks like the aggregated posterior: a coupling flow on top of N(0, I).

A posterior that explains real curves well leaves, summed over all of them, a law that is not the
prior it was held against; drawn from the prior, extremes are then missed. The flow is fitted
after training, with everything else at rest, and is part of the base law from there on: what is
tuned stays a standard normal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from zuko.nn import MLP
from zuko.transforms import CouplingTransform, DependentTransform, MonotonicAffineTransform

from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.specs import FittedPriorSpec

SMALLEST_SCALE = 0.1
"""A coupling scales by 0.1 to 10: enough over several layers, and it cannot run away."""

FURTHEST_SEEN = 3.0
"""Networks see coordinates bounded by this many deviations: beyond, the flow is linear."""


DECILES = (0.1, 0.9)
"""Quantiles between which `match` measures how wide a coordinate is."""


class FittedPrior(nn.Module):
    """v = T(u; told), u ~ N(0, I): the identity until it is fitted.

    v are coordinates of z relative to the prior the model was trained with, [N, dim]; `told`
    [N, features] is what the law depends on (the whole's coordinates, its size, the weather).

    >>> prior = FittedPrior(FittedPriorSpec(), dim=4, features=2)
    >>> u, told = torch.randn(3, 4), torch.randn(3, 2)
    >>> bool((prior(u, told) == u).all())
    True
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, spec: FittedPriorSpec, dim: int, features: int = 0) -> None:
        super().__init__()
        self.dim, self.features = dim, features
        masks = _coupling_masks(dim)
        self.layers = nn.ModuleList(
            _Coupling(masks[layer % len(masks)], features, spec.hidden)
            for layer in range(spec.couplings if masks else 0)
        )
        self.matched = spec.matched
        if spec.matched:
            self.register_buffer("centre", torch.zeros(dim))
            self.register_buffer("spread", torch.eye(dim))

    def forward(self, u: Tensor, told: Tensor) -> Tensor:
        """v of u, both [N, dim], given told [N, features]."""
        for layer in self.layers:
            u = CouplingTransform(cast(_Coupling, layer).given(told), layer.mask)(u)
        return self.centre + u @ self.spread.T if self.matched else u

    def inverse(self, v: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """u of v, and log |det du/dv|, [N]."""
        total = v.new_zeros(len(v))
        if self.matched:
            v = torch.linalg.solve(self.spread, (v - self.centre).T).T
            total = total - torch.linalg.slogdet(self.spread).logabsdet
        for layer in reversed(self.layers):
            transform = CouplingTransform(cast(_Coupling, layer).given(told), layer.mask)
            u = transform.inv(v)
            total = total - transform.log_abs_det_jacobian(u, v)
            v = u
        return v, total

    def begin(self, mean: Tensor, covariance: Tensor) -> None:
        """Be the Gaussian of this mean [dim] and covariance [dim, dim], if it is to match any."""
        if self.matched:
            self.centre.copy_(mean)
            self.spread.copy_(_root(covariance))

    def match(self, seen: Tensor, drawn: Tensor) -> None:
        """Give draws of its own [N, dim] the spread of those that were seen, if it is to match.

        First the covariance, then along each axis the width between the first and the last
        decile: the tails of a flow are heavier, and would otherwise narrow its body.
        """
        if self.matched:
            root, own = _root(_covariance(seen)), torch.linalg.inv(_root(_covariance(drawn)))
            at, lies = seen.mean(0), drawn.mean(0)
            wanted, has = (seen - at) @ torch.linalg.inv(root).T, (drawn - lies) @ own.T
            move = root @ torch.diag(_width(wanted) / _width(has)) @ own
            self.centre.copy_(at + move @ (self.centre - lies))
            self.spread.copy_(move @ self.spread)

    def whitened(self, mean: Tensor, std: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [N, dim] of u where v is N(mean, std^2), both [N, dim].

        Each coordinate of v goes one deviation up and down, and what it moves in u adds up in
        squares: exact where the flow is linear, correlations between coordinates of u left out.
        """
        n, dim = mean.shape
        moves = torch.cat([torch.diag_embed(std), -torch.diag_embed(std)], dim=1)
        ends = torch.cat([mean[:, None], mean[:, None] + moves], dim=1).flatten(0, 1)
        u = self.inverse(ends, told.repeat_interleave(1 + 2 * dim, dim=0))[0]
        u = u.reshape(n, 1 + 2 * dim, dim)
        up, down = u[:, 1:].chunk(2, dim=1)
        return u[:, 0], (0.5 * (up - down)).square().sum(1).sqrt()

    def log_prob(self, v: Tensor, told: Tensor) -> Tensor:
        """Log-density of v [N, dim], [N], in nats."""
        u, log_det = self.inverse(v, told)
        return (-0.5 * u**2 - HALF_LOG_2PI).sum(-1) + log_det


def _coupling_masks(dim: int) -> list[Tensor]:
    """Which coordinates [dim] each layer keeps, in turn; none for a single coordinate.

    A mask and its complement follow each other: pairs of neighbours, then every other coordinate,
    then longer patterns, so that over the layers any two coordinates meet on opposite sides.
    """
    coordinate = torch.arange(dim)
    masks = [(coordinate * (layer // 2 + 1) // 2 + layer) % 2 == 0 for layer in range(9)]
    return [mask for mask in masks if 0 < int(mask.sum()) < dim]


class _Coupling(nn.Module):
    """One affine coupling: coordinates where `mask` is true are kept, and tell how others move."""

    mask: Tensor

    def __init__(self, mask: Tensor, features: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)
        kept = int(mask.sum())
        moved = len(mask) - kept
        self.net = MLP(kept + features, 2 * moved, (hidden, hidden), activation=nn.SiLU)
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def given(self, told: Tensor) -> Callable[[Tensor], DependentTransform]:
        """The moved coordinates' transform as a function of those that are kept."""

        def transform(kept: Tensor) -> DependentTransform:
            seen = FURTHEST_SEEN * (torch.cat([kept, told], -1) / FURTHEST_SEEN).tanh()
            shift, scale = self.net(seen).chunk(2, -1)
            return DependentTransform(MonotonicAffineTransform(shift, scale, SMALLEST_SCALE), 1)

        return transform


def _covariance(rows: Tensor) -> Tensor:
    return torch.cov(rows.T).reshape(rows.shape[1], rows.shape[1])


def _width(rows: Tensor) -> Tensor:
    """Between the first and the last decile of each column."""
    ends = torch.quantile(rows, torch.tensor(DECILES, device=rows.device), dim=0)
    return ends[1] - ends[0]


def _root(covariance: Tensor) -> Tensor:
    """The symmetric square root [dim, dim]."""
    values, vectors = torch.linalg.eigh(covariance.double())
    root: Tensor = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
    return root.to(covariance)
