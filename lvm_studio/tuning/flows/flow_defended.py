"""A flow that keeps a share of the Gaussian mixture it grew from, so that no outlier rules."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.tuning.flows.cores import AffineCore
from lvm_studio.tuning.flows.flow import LambdaFlow

DEFENCE_SHARE = 0.05
"""Of the mixture among the draws, unless told."""
_WIDEN = 1.15
"""The mixture's deviations as multiples of the climb's Gaussians."""
_SILVER = math.sqrt(2.0) - 1.0
"""Multiples of it modulo 1 are even, and independent of the golden ratio that picks branches."""


class DefendedFlow:
    """q = (1 - a) flow + a mixture, at every λ: a defensive mixture (Hesterberg 1995).

    A flow fitted by reverse KL may be too thin somewhere, and one draw that falls there then
    outweighs all others. Where the mixture is, no weight exceeds 1/a times the mixture's own.

    Args:
        flow: the fitted one.
        mixture: a `LambdaFlow` without couplings: the Gaussians of the climb.
        share: a, in [0, 1).

    >>> flow = LambdaFlow(torch.eye(3), lam_max=2.0)
    >>> both = DefendedFlow(flow, gaussians_of(flow))
    >>> v = torch.randn(5, 3)
    >>> bool((both(v, 0.0) == v).all())
    True
    """

    def __init__(self, flow: LambdaFlow, mixture: LambdaFlow, share: float = DEFENCE_SHARE) -> None:
        self.flow = flow
        self.mixture = mixture
        self.share = share

    @property
    def lam_max(self) -> Tensor:
        """End of the range that the flow was fitted on."""
        return self.flow.lam_max

    @property
    def branches(self) -> int:
        """Of the flow."""
        return self.flow.branches

    def __call__(self, v: Tensor, lam: float | Tensor) -> Tensor:
        """u of base noise v, both [..., n, dim]; a row keeps to one of the two at every λ."""
        place = torch.arange(1, v.shape[-2] + 1, dtype=torch.float64) * _SILVER % 1.0
        defended = (place < self.share)[:, None]
        return torch.where(defended, self.mixture(v, lam), self.flow(v, lam))

    def log_ratio(self, u: Tensor, lam: float | Tensor) -> Tensor:
        """log q_λ(u) - log p(u) of u [..., n, dim], [..., n]; zero at λ = 0."""
        by_flow = self.flow.log_ratio(u, lam)
        if self.share == 0.0:
            return by_flow
        by_mixture = self.mixture.log_ratio(u, lam) + math.log(self.share)
        return torch.logaddexp(by_flow + math.log1p(-self.share), by_mixture)

    def to_tree(self) -> Tree:
        """Plain form, to send or to keep."""
        return {
            "flow": self.flow.to_tree(),
            "mixture": self.mixture.to_tree(),
            "share": self.share,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> DefendedFlow:
        """What a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, "proposal")
        flow, mixture = (
            LambdaFlow.from_tree(dict(view.child(name).tree)) for name in ("flow", "mixture")
        )
        return cls(flow, mixture, view.number("share"))


@torch.no_grad()
def gaussians_of(flow: LambdaFlow) -> LambdaFlow:
    """The core of a flow as a flow of its own, a little wider: its defence, and a proposal at once.

    A copy: what is fitted later does not change it.
    """
    gaussians = LambdaFlow(flow.basis, float(flow.lam_scale), flow.branches, couplings=0, hidden=1)
    core = gaussians.core
    assert isinstance(core, AffineCore), "only Gaussians that follow λ alone can be a defence"
    core.load_state_dict(flow.core.state_dict())
    core.log_scale[:, 0] += math.log(_WIDEN)
    return gaussians.eval()
