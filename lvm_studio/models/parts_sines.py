"""Sums of sines: aggregation by the sum, and an output that saturates at K (Eq. 9.15)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvm_studio.data.problems.sines import FREQUENCIES
from lvm_studio.models.gaussians import CorrelatedGaussian
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.laws import DiagonalGaussian
from lvm_studio.models.parts import PartsVAE, raw_scale
from lvm_studio.models.parts_inference import new_parts_inference
from lvm_studio.models.specs import SinesSpec

INSIDE = 1e-4
"""Shares of K this near to the bound are read as this far from it."""
LOG_SIGMA_FLOOR = -6.0
"""The noise of one part is not below e^-6 of its amplitude."""
TOLD = 0.1
"""A curve tells of a coordinate whose posterior variance is below this share of the prior's."""
OWN, OTHERS = 1.0, -4.0
"""Raw scales that p(w | label) starts with in the label's own coordinates and in others."""


class SineSumsVAE(PartsVAE):
    """x = K tanh(f(sum w / K)) + noise: homogeneous in K, and bounded by it.

    f is a linear path and a residual network, which also see K. The noise of a curve of K
    parts has the deviation K exp(a + b log K), with a and b learned.
    """

    spec: SinesSpec
    embed: ResidualMLP
    mean_gain = 5.0  # w grows to several units, and its mean must follow

    def __init__(self, spec: SinesSpec) -> None:
        super().__init__()
        self.spec = spec
        w, hidden, labels = spec.latent_w, spec.hidden, len(FREQUENCIES)
        self.embed = ResidualMLP(labels, spec.part_hidden, 2 * w, blocks=0)
        self.linear = nn.Linear(w, spec.length, bias=False)
        self.bend = ResidualMLP(w + 2, hidden, spec.length, blocks=spec.blocks)
        self.summary = ResidualMLP(spec.length + 1, hidden, hidden, blocks=spec.blocks)
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
        self._start_with_own_coordinates()
        nn.init.normal_(self.summary.direct.weight, std=spec.length**-0.5)

    @torch.no_grad()
    def _start_with_own_coordinates(self) -> None:
        """p(w | label) starts wide in the label's own coordinates and narrow in all others.

        Where all labels share all coordinates at first, they keep doing so: the curves come
        back exactly, but p(w | label), whose coordinates are independent, draws frequencies
        that nobody asked for.
        """
        w, labels = self.spec.latent_w, self.embed.direct.in_features
        own = torch.arange(w)[:, None] % labels == torch.arange(labels)
        self.embed.direct.weight[w:] = torch.where(own, OWN, OTHERS)

    @torch.no_grad()
    def fit_prior(self, x: Tensor, labels: Tensor) -> None:
        """Give p(w | label) the moments of the parts of wholes x [N, T] of one part each.

        A curve of one part tells all of it, one of sixteen next to nothing: there the posterior
        repeats the prior, and gradients move p(w | label) to where the parts are but slowly.
        labels [N, F] one-hot. Coordinates of which a curve says little keep what they have, and
        so do frequencies without two curves.
        """
        m, s = self.prior_w(labels)
        q = self.posterior_w(x, labels[:, None], torch.ones(len(x), 1), m[:, None], s[:, None])
        assert isinstance(q, CorrelatedGaussian)
        mean, variance = q.mu[:, 0], q.part_variance()[:, 0]
        for column, label in enumerate(torch.eye(labels.shape[1])):
            mine = labels[:, column] > 0
            if mine.sum() < 2:
                continue
            told = (variance[mine].mean(0) < TOLD * s[mine][0] ** 2).repeat(2)
            middle = mean[mine].mean(0)
            spread = (variance[mine] + (mean[mine] - middle) ** 2).mean(0).sqrt()
            wanted = torch.cat([middle / self.mean_gain, raw_scale(spread)])
            step = torch.where(told, wanted - self.embed(label), 0.0)
            self.embed.direct.weight[:, column] += step

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
        """The curve before it was bent, and K, summed up in [B, hidden].

        What is expected stays outside: p(w | label) may be fitted again without this network.
        """
        k = k[:, None]
        inside = (x / k).clamp(INSIDE - 1.0, 1.0 - INSIDE).atanh()
        seen: Tensor = self.summary(torch.cat([inside, k.log() - 2.0], -1))
        return seen


def spectrum(curves: Tensor) -> Tensor:
    """Complex amplitudes [..., T/2] of curves [..., T]: a cos(2 pi l t/T + kappa) -> a e^(i kappa).

    >>> import math
    >>> t = torch.arange(200) / 200
    >>> round(spectrum(0.5 * torch.cos(2 * math.pi * 3 * t))[3].real.item(), 4)
    0.5
    """
    amplitudes: Tensor = torch.fft.rfft(curves, dim=-1)[..., :-1]
    return amplitudes * (2.0 / curves.shape[-1])
