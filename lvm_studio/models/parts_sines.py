"""Sums of sines: aggregation by the sum, and an output that saturates at K (Eq. 9.15)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvm_studio.data.problems.sines import FREQUENCIES
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.laws import DiagonalGaussian
from lvm_studio.models.parts import PartsVAE
from lvm_studio.models.parts_inference import new_parts_inference
from lvm_studio.models.specs import SinesSpec

INSIDE = 1e-4
"""Shares of K this near to the bound are read as this far from it."""
LOG_SIGMA_FLOOR = -6.0


class SineSumsVAE(PartsVAE):
    """x = K tanh(f(sum w / K)) + noise: homogeneous in K, and bounded by it.

    f is a linear path and a residual network, which also see K. The noise of a curve of K
    parts has the deviation K exp(a + b log K), with a and b learned.
    """

    def __init__(self, spec: SinesSpec) -> None:
        super().__init__()
        self.spec = spec
        w, hidden, labels = spec.latent_w, spec.hidden, len(FREQUENCIES)
        self.embed = ResidualMLP(labels, spec.part_hidden, 2 * w, blocks=0)
        self.linear = nn.Linear(w, spec.length, bias=False)
        self.bend = ResidualMLP(w + 2, hidden, spec.length, blocks=spec.blocks)
        self.summary = ResidualMLP(spec.length + w + 1, hidden, hidden, blocks=spec.blocks)
        self.w_posterior = new_parts_inference(
            spec.inference,
            labels=labels,
            seen=hidden,
            hidden=spec.part_hidden,
            latent=w,
            layers=spec.graph_layers,
        )
        self.log_sigma = nn.Parameter(torch.tensor([-0.5, 0.0]))
        nn.init.normal_(self.linear.weight, std=0.3)
        nn.init.normal_(self.embed.direct.weight, std=0.1)
        nn.init.normal_(self.summary.direct.weight, std=spec.length**-0.5)

    def sigma(self) -> Tensor:
        """Noise of one part, by itself."""
        return self.log_sigma[0].clamp(min=LOG_SIGMA_FLOOR).exp()

    def decode(self, sum_w: Tensor, k: Tensor) -> DiagonalGaussian:
        """Law of curves [B, T] of k [B] parts that sum to [B, W]."""
        k = k[:, None]
        mean_w = sum_w / k
        seen = torch.cat([mean_w, k.log() - 2.0, 1.0 / k], -1)
        curve = self.linear(mean_w) + self.bend(seen)
        log_sigma = self.log_sigma[0] + self.log_sigma[1] * k.log()
        spread = k * log_sigma.clamp(min=LOG_SIGMA_FLOOR).exp()
        return DiagonalGaussian(k * curve.tanh(), spread.expand_as(curve))

    def look(self, x: Tensor, expected: Tensor, k: Tensor) -> Tensor:
        """The curve before it was bent, what was expected, and K, summed up in [B, hidden]."""
        k = k[:, None]
        inside = (x / k).clamp(INSIDE - 1.0, 1.0 - INSIDE).atanh()
        seen: Tensor = self.summary(torch.cat([inside, expected / k, k.log() - 2.0], -1))
        return seen


def spectrum(curves: Tensor) -> Tensor:
    """Complex amplitudes [..., T/2] of curves [..., T]: a cos(2 pi l t/T + kappa) -> a e^(i kappa).

    >>> t = torch.arange(200) / 200
    >>> round(spectrum(0.5 * torch.cos(2 * math.pi * 3 * t))[3].real.item(), 4)
    0.5
    """
    return torch.fft.rfft(curves, dim=-1)[..., :-1] * (2.0 / curves.shape[-1])
