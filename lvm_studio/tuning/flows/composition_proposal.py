"""What the flow for all streets proposes on one of them, from where its own Gaussians settle."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.flows.flow import LambdaFlow


def unsettled(settled: LambdaFlow, u: Tensor, lam: float | Tensor) -> Tensor:
    """The w that a street's settled Gaussians carry to u, both [..., n, dim]."""
    w: Tensor = settled.pull(u, lam)[0]
    return w.squeeze(-3)  # they are of one branch


@torch.no_grad()
def own_axes(settled: LambdaFlow) -> Tensor:
    """Axes [dim, dim] of w by what they are to the street, so that one flow can serve them all.

    First the way in which f rises; then those across it by how far the Gaussians' width there is
    from one, each turned to where the mean bends as λ grows.
    """
    dim, end = len(settled.basis), float(settled.lam_max)
    mean, root = _affine_at(settled, end)
    half, _ = _affine_at(settled, 0.5 * end)
    first = torch.nn.functional.normalize(root.T @ mean, dim=0)
    across = torch.eye(dim) - torch.outer(first, first)
    width, axes = torch.linalg.eigh(across @ (root.T @ root - torch.eye(dim)) @ across)
    apart = width.abs() * (1.0 - (axes.T @ first).abs())  # the last is `first` itself
    rest = axes[:, apart.argsort(descending=True)[: dim - 1]]
    bend = (root.T @ (half - 0.5 * mean)) @ rest
    turned = rest * torch.where(bend < 0.0, -1.0, 1.0)
    q, r = torch.linalg.qr(torch.cat([first[:, None], turned], dim=1))
    signed: Tensor = q * r.diagonal().sign()
    return signed


def _affine_at(settled: LambdaFlow, lam: float) -> tuple[Tensor, Tensor]:
    """Mean [dim] and root [dim, dim] of u = mean + root w at λ."""
    dim = len(settled.basis)
    points = settled(torch.cat([torch.zeros(1, dim), torch.eye(dim)]), lam)
    return points[0], (points[1:] - points[0]).T


@dataclass(frozen=True, eq=False)
class StreetProposal:
    """The flow on one street: a proposal for all λ in [0, lam_max].

    Args:
        settled: Gaussians of the street, which carry w to u.
        flow: of w along the street's own axes [dim, dim], told λ / lam_max and e [E].
    """

    settled: LambdaFlow
    flow: LambdaFlow
    e: Tensor
    axes: Tensor

    @property
    def lam_max(self) -> Tensor:
        """How far the Gaussians go."""
        return self.settled.lam_max

    def __call__(self, v: Tensor, lam: float | Tensor) -> Tensor:
        """u of base noise v, both [..., n, dim]."""
        s, e = self._told(lam)
        start = v @ self.axes
        change = self.flow(start, s, e) - start
        u: Tensor = self.settled(v + change @ self.axes.T, lam)
        return u

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]."""
        s, e = self._told(lam)
        w = unsettled(self.settled, u, lam) @ self.axes
        return self.flow.log_ratio(w, s, e) + self.settled.log_ratio(u, lam)

    def _told(self, lam: float | Tensor) -> tuple[Tensor, Tensor]:
        s = torch.as_tensor(lam) / self.lam_max
        return s, self.e.expand(*s.shape, -1)
