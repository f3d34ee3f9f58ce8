"""One normalising flow for the whole λ slider: exactly the identity at λ = 0 (10.2.2, Eq. 10.18).

Shapes throughout: points [..., n, dim] share one λ a group, lam [...]; a single λ is a float or
a tensor of no dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from zuko.nn import MLP
from zuko.transforms import (
    CouplingTransform,
    DependentTransform,
    MonotonicAffineTransform,
    MonotonicRQSTransform,
)

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.trained import fill_weights, weights_to_tree
from lvm_studio.tuning.flows.cores import AffineCore
from lvm_studio.tuning.pools.mixtures import Mixture

_SMALLEST_SCALE = 0.1
"""A coupling scales by 0.1 to 10: enough over several layers, and it cannot run away."""
_GOLDEN = 0.6180339887498949
"""(√5 - 1) / 2: its multiples modulo 1 pick the branch of each row."""
_BINS = 8
_SPLINE_VALUES = 3 * _BINS - 1
"""Widths and heights of the bins of a spline, and slopes at its inner knots."""
_SPLINE_BOUND = 5.0
"""A spline acts on ±5 only: splines come first, where the noise still lies within."""

Bend = Callable[[Tensor], DependentTransform]


class LambdaCoupling(nn.Module):
    """One coupling; its network sees s = λ / λ_max and features e, its outputs are times s.

    Args:
        mask: [dim] bool, True for the coordinates that pass through and condition the others.
        hidden: width of the network's two hidden layers.
        values: of the network, for each coordinate that is moved.
        bend: the moved coordinates' transform from these values; the identity where they are 0.
    """

    mask: Tensor

    def __init__(
        self, mask: Tensor, hidden: int, values: int, bend: Bend, features: int = 0
    ) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)
        self._bend = bend
        kept = int(mask.sum())
        moved = len(mask) - kept
        inputs = kept + 1 + features
        self.hyper = MLP(inputs, values * moved, (hidden, hidden), activation=nn.SiLU)
        last = self.hyper[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, v: Tensor, s: Tensor, e: Tensor | None) -> Tensor:
        """y of v, both [..., dim], at s and e, whose dimensions are v's first."""
        y: Tensor = CouplingTransform(lambda kept: self._transform(kept, s, e), self.mask)(v)
        at_zero = _like(s[..., None], v) == 0.0
        return torch.where(at_zero, v, y)  # no rounding may enter at λ = 0

    def inverse(self, y: Tensor, s: Tensor, e: Tensor | None) -> tuple[Tensor, Tensor]:
        """v and log |det dv/dy| of y."""
        transform = CouplingTransform(lambda kept: self._transform(kept, s, e).inv, self.mask)
        v, log_det = transform.call_and_ladj(y)
        return v, log_det

    def _transform(self, kept: Tensor, s: Tensor, e: Tensor | None) -> DependentTransform:
        strength = _like(s[..., None], kept)
        given = [strength] if e is None else [strength, _like(e, kept)]
        seen = [each.expand(*kept.shape[:-1], each.shape[-1]) for each in given]
        return self._bend(strength * self.hyper(torch.cat([kept, *seen], dim=-1)))


def _affine(values: Tensor) -> DependentTransform:
    """Shifts and scales of the moved coordinates, from 2 values each."""
    shift, scale = values.chunk(2, dim=-1)
    return DependentTransform(MonotonicAffineTransform(shift, scale, _SMALLEST_SCALE), 1)


def _spline(values: Tensor) -> DependentTransform:
    """Rational-quadratic splines (Durkan et al. 2019), the identity beyond ±5."""
    each = values.reshape(*values.shape[:-1], -1, _SPLINE_VALUES)
    widths, heights, slopes = torch.split(each, [_BINS, _BINS, _BINS - 1], dim=-1)
    return DependentTransform(MonotonicRQSTransform(widths, heights, slopes, _SPLINE_BOUND), 1)


class LambdaFlow(nn.Module):
    """u = T_λ(v), v ~ N(0, I): samples of q_λ ≈ p̂_λ for every λ in [0, λ_max] (Eq. 10.18-10.19).

    Spline couplings, K affine branches with shares of their own, then affine couplings; with one
    branch this is a plain normalising flow, with several q_λ is the mixture of their laws. It
    works in a rotated basis whose first axes are those along which f varies most. Whatever the
    weights, T_0 is exactly the identity: only the change `T_λ(v) - v` is rotated back, so that no
    rounding enters there.

    Args:
        basis: [dim, dim] orthogonal, columns by falling importance to f.
        lam_max: end of the slider, per standard deviation of f; it may move while the flow is
            fitted, the scale on which the networks see λ does not.
        branches: K; couplings, splines: how many affine and spline ones; hidden: width of their
            networks.
        features: of e [..., features], what its couplings depend on besides λ: the summary of a
            composition. 0 for one f of one space.

    >>> flow = LambdaFlow(torch.eye(4), lam_max=2.0, branches=3)
    >>> v = torch.randn(8, 4)
    >>> bool((flow(v, 0.0) == v).all())
    True
    """

    basis: Tensor
    lam_max: Tensor
    lam_scale: Tensor

    def __init__(
        self,
        basis: Tensor,
        lam_max: float,
        branches: int = 1,
        couplings: int = 6,
        hidden: int = 64,
        splines: int = 0,
        features: int = 0,
    ) -> None:
        super().__init__()
        dim = len(basis)
        self.branches = branches
        self.hidden = hidden
        self.features = features
        self.register_buffer("basis", basis)
        self.register_buffer("lam_max", torch.tensor(float(lam_max)))
        self.register_buffer("lam_scale", torch.tensor(float(lam_max)))
        self.core = AffineCore(dim, branches)
        self.couplings = nn.ModuleList(
            LambdaCoupling(mask, hidden, 2, _affine, features) for mask in _masks(dim, couplings)
        )
        self.splines = nn.ModuleList(
            LambdaCoupling(mask, hidden, _SPLINE_VALUES, _spline, features)
            for mask in _masks(dim, splines)
        )

    def forward(self, v: Tensor, lam: float | Tensor, e: Tensor | None = None) -> Tensor:
        """u = T_λ(v), both [..., n, dim].

        Row i takes the same place in [0, 1) at every λ, and the branch whose share lies there: it
        moves smoothly with λ but where a share passes its place.
        """
        s = self._share(lam)
        start = v @ self.basis
        maps = self.core.at(s)
        each = maps.push(_for_each(self._bent(self.splines, start, s, e), self.branches))
        picked = _row_branches(maps.log_share, v.shape[-2])
        index = picked[..., None, :, None].expand(*each.shape[:-3], 1, *each.shape[-2:])
        y = self._bent(self.couplings, each.gather(-3, index).squeeze(-3), s, e)
        return v + (y - start) @ self.basis.T

    def push(self, v: Tensor, lam: float | Tensor, e: Tensor | None = None) -> Tensor:
        """u of v, both [..., K, n, dim], each row through the branch it stands in."""
        s = self._share(lam)
        start = v @ self.basis
        y = self.core.at(s).push(self._bent(self.splines, start, s, e))
        y = self._bent(self.couplings, y, s, e)
        return v + (y - start) @ self.basis.T

    def pull(
        self, u: Tensor, lam: float | Tensor, e: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The inverse of every branch: of u [..., n, dim] v [..., K, n, dim], log |det dv/du|."""
        s = self._share(lam)
        start = u @ self.basis
        y, bent = _unbent(self.couplings, start, s, e)
        v, change = self.core.at(s).pull(_for_each(y, self.branches))
        v, unsplined = _unbent(self.splines, v, s, e)
        moved = (v - _for_each(start, self.branches)) @ self.basis.T
        return _for_each(u, self.branches) + moved, bent[..., None, :] + change + unsplined

    def log_ratio(self, u: Tensor, lam: float | Tensor, e: Tensor | None = None) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]; zero at λ = 0."""
        v, log_det = self.pull(u, lam, e)
        each = 0.5 * (u.square().sum(-1)[..., None, :] - v.square().sum(-1)) + log_det
        return torch.logsumexp(self.log_share(lam)[..., None] + each, dim=-2)

    def log_share(self, lam: float | Tensor) -> Tensor:
        """Log-shares of the branches, [..., K]."""
        return self.core.at(self._share(lam)).log_share

    @staticmethod
    def _bent(couplings: nn.ModuleList, v: Tensor, s: Tensor, e: Tensor | None) -> Tensor:
        for layer in _layers(couplings):
            v = layer(v, s, e)
        return v

    def fit_core(self, lams: Sequence[float], mixtures: Sequence[Mixture]) -> None:
        """Start from Gaussian mixtures of K components, given in the latent space at λ > 0."""
        s = self._share(torch.tensor(lams))
        self.core.fit(s, [_rotated(mixture, self.basis) for mixture in mixtures])

    def to_tree(self) -> Tree:
        """Plain form, to send or to keep."""
        return {
            "branches": self.branches,
            "couplings": len(self.couplings),
            "splines": len(self.splines),
            "features": self.features,
            "hidden": self.hidden,
            "weights": weights_to_tree(self),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> LambdaFlow:
        """The flow a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, "flow")
        weights = view.child("weights")
        skeleton = cls(
            torch.eye(len(weights.array("basis"))),
            lam_max=1.0,
            branches=view.integer("branches"),
            couplings=view.integer("couplings"),
            hidden=view.integer("hidden"),
            splines=view.integer("splines"),
            features=view.integer("features"),
        )
        fill_weights(skeleton, weights)
        return skeleton.eval()

    def _share(self, lam: float | Tensor) -> Tensor:
        return torch.as_tensor(lam, dtype=self.lam_scale.dtype) / self.lam_scale


def _like(given: Tensor, points: Tensor) -> Tensor:
    """given [..., E], with dimensions of size one put before its last so that it fits points."""
    missing = [1] * (points.dim() - given.dim())
    return given.reshape(*given.shape[:-1], *missing, given.shape[-1])


def _masks(dim: int, layers: int) -> list[Tensor]:
    even = torch.arange(dim) % 2 == 0
    return [even if layer % 2 else ~even for layer in range(layers)]


def _layers(couplings: nn.ModuleList) -> list[LambdaCoupling]:
    return [layer for layer in couplings if isinstance(layer, LambdaCoupling)]


def _unbent(
    couplings: nn.ModuleList, y: Tensor, s: Tensor, e: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The inverse of couplings, and its log |det|."""
    log_det = y.new_zeros(y.shape[:-1])
    for layer in reversed(_layers(couplings)):
        y, change = layer.inverse(y, s, e)
        log_det = log_det + change
    return y, log_det


def _for_each(points: Tensor, branches: int) -> Tensor:
    """points [..., n, dim] once a branch: [..., K, n, dim]."""
    return points[..., None, :, :].expand(*points.shape[:-2], branches, *points.shape[-2:])


def _row_branches(log_share: Tensor, n: int) -> Tensor:
    """Branch of each of n rows, [..., n], by multiples of the golden ratio modulo 1.

    They fill the unit interval evenly for any n, so that every branch gets its share of rows.
    """
    place = torch.arange(1, n + 1, dtype=torch.float64) * _GOLDEN % 1.0
    edges = log_share.detach().double().exp().cumsum(-1)
    beyond = place.expand(*edges.shape[:-1], n)[..., None] >= edges[..., None, :]
    return beyond.sum(-1).clamp_max(edges.shape[-1] - 1)


def _rotated(mixture: Mixture, basis: Tensor) -> Mixture:
    root = basis.T @ mixture.cholesky
    factor = torch.linalg.cholesky(root @ root.mT)
    return Mixture(mixture.log_share, mixture.mean @ basis, factor)
