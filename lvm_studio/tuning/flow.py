"""One normalising flow for the whole λ slider: exactly the identity at λ = 0 (10.2.2, Eq. 10.18).

Shapes throughout: points [..., n, dim] share one λ a group, lam [...]; a single λ is a float or
a tensor of no dimension.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from zuko.nn import MLP
from zuko.transforms import CouplingTransform, DependentTransform, MonotonicAffineTransform

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.trained import fill_weights, weights_to_tree
from lvm_studio.tuning.stages import Gaussian

_SMALLEST_SCALE = 0.1
"""A coupling scales by 0.1 to 10: enough over several layers, and it cannot run away."""
_DEGREE = 3


class AffineCore(nn.Module):
    """An affine map whose mean and triangular factor are polynomials of λ without constant term.

    `y = m(s) + d(s) * (v + N(s) v)`, s = λ / λ_max, N strictly lower triangular. Fitted to the
    Gaussians of the climb it carries the bulk of p̂_λ before any training.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(_DEGREE, dim))
        self.log_scale = nn.Parameter(torch.zeros(_DEGREE, dim))
        self.lower = nn.Parameter(torch.zeros(_DEGREE, dim, dim))

    def forward(self, v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """y and log |det dy/dv| of v [..., n, dim] at s [...]."""
        shift, log_scale, lower = self._at(s)
        mixed = v + v @ lower.mT
        y = mixed * log_scale.exp() + shift
        return y, log_scale.sum(-1).expand(y.shape[:-1])

    def inverse(self, y: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """v and log |det dv/dy|."""
        shift, log_scale, lower = self._at(s)
        mixed = (y - shift) / log_scale.exp()
        v = torch.linalg.solve_triangular(lower.mT, mixed, upper=True, left=False, unitriangular=True)
        return v, -log_scale.sum(-1).expand(y.shape[:-1])

    @torch.no_grad()
    def fit(self, s: Tensor, gaussians: Sequence[Gaussian]) -> None:
        """Least squares through Gaussians, one at each of s [stages] > 0."""
        factors = torch.stack([gaussian.cholesky for gaussian in gaussians])
        diagonal = factors.diagonal(dim1=-2, dim2=-1)
        lower = torch.tril(factors / diagonal[..., None], -1)
        targets = (torch.stack([g.mean for g in gaussians]), diagonal.log(), lower)
        for parameter, target in zip((self.shift, self.log_scale, self.lower), targets, strict=True):
            solution = torch.linalg.lstsq(_powers(s), target.flatten(1)).solution
            parameter.copy_(solution.view_as(parameter))

    def _at(self, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        powers = _powers(s)
        shift = (powers @ self.shift)[..., None, :]
        log_scale = (powers @ self.log_scale)[..., None, :]
        lower = torch.einsum("...p,pij->...ij", powers, self.lower.tril(-1))
        return shift, log_scale, lower


def _powers(s: Tensor) -> Tensor:
    return torch.stack([s**power for power in range(1, _DEGREE + 1)], dim=-1)


class LambdaCoupling(nn.Module):
    """One affine coupling; its network's outputs are multiplied by s = λ / λ_max.

    Args:
        mask: [dim] bool, True for the coordinates that pass through and condition the others.
        hidden: width of the network's two hidden layers.
    """

    mask: Tensor

    def __init__(self, mask: Tensor, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)
        kept = int(mask.sum())
        self.hyper = MLP(kept + 1, 2 * (len(mask) - kept), (hidden, hidden), activation=nn.SiLU)
        last = self.hyper[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """y and log |det dy/dv| of v [..., n, dim] at s [...]."""
        return _apply(CouplingTransform(lambda kept: self._affine(kept, s), self.mask), v)

    def inverse(self, y: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """v and log |det dv/dy|."""
        return _apply(CouplingTransform(lambda kept: self._affine(kept, s).inv, self.mask), y)

    def _affine(self, kept: Tensor, s: Tensor) -> DependentTransform:
        s = s[..., None, None].expand(*kept.shape[:-1], 1)
        shift, scale = (s * self.hyper(torch.cat([kept, s], dim=-1))).chunk(2, dim=-1)
        return DependentTransform(MonotonicAffineTransform(shift, scale, _SMALLEST_SCALE), 1)


def _apply(transform: CouplingTransform, v: Tensor) -> tuple[Tensor, Tensor]:
    y, log_det = transform.call_and_ladj(v)
    return y, log_det


class LambdaFlow(nn.Module):
    """u = T_λ(v), v ~ N(0, I): samples of q_λ ≈ p̂_λ for every λ in [0, λ_max] (Eq. 10.18-10.19).

    Couplings first, then the affine core, in a rotated basis whose first axes are those along
    which f varies most. Whatever the weights, T_0 is exactly the identity: only the change
    `T_λ(v) - v` is rotated back, so that no rounding enters there.

    Args:
        basis: [dim, dim] orthogonal, columns by falling importance to f.
        lam_max: end of the slider, per standard deviation of f; it may move while the flow is
            fitted, the scale on which the networks see λ does not.
        couplings: how many affine couplings; hidden: width of their networks.

    >>> flow = LambdaFlow(torch.eye(4), lam_max=2.0)
    >>> v = torch.randn(8, 4)
    >>> u, log_det = flow(v, 0.0)
    >>> bool((u == v).all()), bool((log_det == 0).all())
    (True, True)
    """

    basis: Tensor
    lam_max: Tensor
    lam_scale: Tensor

    def __init__(
        self, basis: Tensor, lam_max: float, couplings: int = 6, hidden: int = 64
    ) -> None:
        super().__init__()
        dim = len(basis)
        self.hidden = hidden
        self.register_buffer("basis", basis)
        self.register_buffer("lam_max", torch.tensor(float(lam_max)))
        self.register_buffer("lam_scale", torch.tensor(float(lam_max)))
        even = torch.arange(dim) % 2 == 0
        masks = [even if layer % 2 else ~even for layer in range(couplings)]
        self.couplings = nn.ModuleList(LambdaCoupling(mask, hidden) for mask in masks)
        self.core = AffineCore(dim)

    def forward(self, v: Tensor, lam: float | Tensor) -> tuple[Tensor, Tensor]:
        """u = T_λ(v) [..., n, dim] and log |det du/dv| [..., n]."""
        s = self._share(lam)
        start = v @ self.basis
        y, log_det = start, v.new_zeros(v.shape[:-1])
        for layer in (*self.couplings, self.core):
            y, change = layer(y, s)
            log_det = log_det + change
        return v + (y - start) @ self.basis.T, log_det

    def inverse(self, u: Tensor, lam: float | Tensor) -> tuple[Tensor, Tensor]:
        """v = T_λ⁻¹(u) [..., n, dim] and log |det dv/du| [..., n]."""
        s = self._share(lam)
        start = u @ self.basis
        y, log_det = start, u.new_zeros(u.shape[:-1])
        for layer in (self.core, *reversed(self.couplings)):
            y, change = layer.inverse(y, s)
            log_det = log_det + change
        return u + (y - start) @ self.basis.T, log_det

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]; zero at λ = 0."""
        v, log_det = self.inverse(u, lam)
        return 0.5 * (u.square().sum(-1) - v.square().sum(-1)) + log_det

    def fit_core(self, lams: Sequence[float], gaussians: Sequence[Gaussian]) -> None:
        """Start from Gaussians, given in the latent space at each λ > 0."""
        s = self._share(torch.tensor(lams))
        self.core.fit(s, [_rotated(gaussian, self.basis) for gaussian in gaussians])

    def to_tree(self) -> Tree:
        """Plain form, to send or to keep."""
        return {
            "couplings": len(self.couplings),
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
            couplings=view.integer("couplings"),
            hidden=view.integer("hidden"),
        )
        fill_weights(skeleton, weights)
        return skeleton.eval()

    def _share(self, lam: float | Tensor) -> Tensor:
        return torch.as_tensor(lam, dtype=self.lam_scale.dtype) / self.lam_scale


def _rotated(gaussian: Gaussian, basis: Tensor) -> Gaussian:
    root = basis.T @ gaussian.cholesky
    return Gaussian(gaussian.mean @ basis, torch.linalg.cholesky(root @ root.T))
