"""How the parts of an artificial whole are inferred: the whole first, or as in 9.2."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from lvm_studio.models.gaussians import CorrelatedGaussian
from lvm_studio.models.inference import CorrelatedInference, PartsPosterior
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.recurrent import AccumulatorInference, RecurrentInference
from lvm_studio.models.specs import PartsInference

LEAST, MOST = -9.0, 6.0
"""Bounds of the logarithm of how exactly a whole is read."""


class Inference(Protocol):
    """A network of q({w_i} | x, labels)."""

    def posterior(
        self, labels: Tensor, mask: Tensor, seen: Tensor, m: Tensor, s: Tensor, widening: float
    ) -> PartsPosterior:
        """The posterior of the parts of B wholes.

        labels [B, K, F] and mask [B, K] say which parts there are, seen [B, S] is what an encoder
        made of the whole; m, s [B, K, W] are the priors N(m_i, s_i^2), and widening what s was
        multiplied by since the network was trained.
        """
        ...


class WholeFirst(nn.Module):
    """The sum is read off the whole, then shared out among its parts.

    A whole depends on its parts through their sum S alone, so that q(S | x) and the prior of
    the parts given S tell all of q({w_i} | x). A network reads the whole as a measurement
    `e ~ N(S, r^2)`, coordinate by coordinate; with the prior N(M, V) of the sum, V = sum s_i^2,
    Bayes' rule gives its variance `tau^2 V`, tau^2 = r^2 / (r^2 + V). Shared out, this is a
    member of the correlated family (Eq. 9.6): sigma_i = s_i, rho_i = (1 - tau) s_i^2 / V.
    """

    def __init__(self, seen: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.read = ResidualMLP(seen, hidden, 2 * latent, blocks=1)
        nn.init.normal_(self.read.direct.weight, std=0.3 * seen**-0.5)

    def posterior(
        self, labels: Tensor, mask: Tensor, seen: Tensor, m: Tensor, s: Tensor, widening: float
    ) -> CorrelatedGaussian:
        """For mask [B, K], what is seen [B, S], priors m and s [B, K, W]."""
        k, present = mask.sum(-1, keepdim=True), mask[..., None]
        mean, log_r = self.read(seen).chunk(2, -1)
        mean, r2 = k * mean, k**2 * (2.0 * log_r.clamp(LEAST, MOST)).exp()
        expected, variance = (present * m).sum(1), (present * s**2).sum(1)
        gain = 1.0 / (variance + r2)
        log_tau = 0.5 * (r2.log() + gain.log())
        moved = (gain * (mean - expected))[:, None]
        log_rest = gain.log() - log_tau.exp().log1p() - log_tau
        return CorrelatedGaussian(
            mu=m + s**2 * moved, sigma=s, nu=2.0 * s.log() + log_rest[:, None], mask=mask
        )


def new_parts_inference(
    kind: PartsInference, *, labels: int, seen: int, hidden: int, latent: int, layers: int
) -> Inference:
    """The network of this kind; the recurrent ones are baselines (9.2.1)."""
    if kind == "recurrent":
        return RecurrentInference(labels, seen, hidden, latent)
    if kind == "accumulator":
        return AccumulatorInference(labels, seen, hidden, latent)
    if kind == "correlated":
        return CorrelatedInference(labels, seen, hidden, 3 * latent, layers=layers)
    return WholeFirst(seen, hidden, latent)


def chi(w: Tensor, gamma: Tensor) -> Tensor:
    """`chi(w) = w / (1 + gamma |w|)`, which saturates at 1 / gamma (Eq. 9.16).

    >>> import torch
    >>> chi(torch.tensor([-1.0, 1e9]), torch.tensor(1.0))
    tensor([-0.5000,  1.0000])
    """
    return w / (1.0 + gamma * w.abs())
