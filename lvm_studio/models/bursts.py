"""Noise of appliances: what runs keeps running, longer in the evening, and a few stray furthest.

One memory and one shape for the whole week make the noise of high loads too rough and too
extreme, and that of low loads too tame: peaks are then typical too seldom and rare too often.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from lvm_studio.data.units import DAY, WEEK
from lvm_studio.models.autoregressive import FIRST_PHI, MOST_PHI
from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.networks import within
from lvm_studio.models.noise.floors import GAIN
from lvm_studio.models.observation import CurveDistribution, PerHouseholdNoise, set_positive
from lvm_studio.models.positive import PositiveCurve
from lvm_studio.models.tailed_normal import LEAST_TAIL, MOST_TAIL, TailedNormal

MOST_LEAN = 1.5
"""Bound on the noise's skew."""

LOADS = (0.25, 4.0)
"""Loads, in multiples of the reference, between which the shape follows the load."""

UNBOUNDED_KW = 1e6
"""Noise of this size is no bound; a file of weights holds finite numbers."""


@dataclass(frozen=True, eq=False)
class BurstCurve:
    """`mean + stddev_t r_t`, r_t = shape(g_t) and `g_t = phi_t g_(t-1) + sqrt(1 - phi_t^2) eps_t`.

    g is Gaussian and remembers; r_t has mean 0 and variance 1, hence `stddev` is that of the
    curve. Memory comes first since sums of shaped noise lean less, and stray less, than noise does.

    Args:
        mean, stddev: [..., T] in kW.
        phi: [T], between 0 and 1; the first is not used.
        shape: of every r_t, [..., T].
    """

    mean: Tensor
    stddev: Tensor
    phi: Tensor
    shape: TailedNormal

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of whole curves, [...]: their noise is read off, none is integrated."""
        g, log_slope = self.shape.normal_of((x - self.mean) / self.stddev)
        eps = torch.cat([g[..., :1], (g[..., 1:] - self.phi[1:] * g[..., :-1]) / self._fresh], -1)
        log_det = (log_slope - self.stddev.log()).sum(-1) - self._fresh.log().sum()
        return (-0.5 * eps**2 - HALF_LOG_2PI).sum(-1) + log_det

    @property
    def _fresh(self) -> Tensor:
        return (1.0 - self.phi[1:] ** 2).sqrt()

    def transport(self, eps: Tensor) -> Tensor:
        """Curves from standard normal noise."""
        return torch.addcmul(self.mean, self.stddev, self.shape.transport(self._remembered(eps)))

    def _remembered(self, eps: Tensor) -> Tensor:
        """g of eps [..., T]: a product a day costs a seventh of one for the week."""
        days: list[Tensor] = []
        for fresh, (inner, kept) in zip(torch.split(eps, DAY, -1), self._days, strict=True):
            day = fresh @ inner.T
            days.append(torch.addcmul(day, days[-1][..., -1:], kept) if days else day)
        return torch.cat(days, -1)

    @cached_property
    def _days(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """Of every day: the filter of its own eps, and what is left of the day before."""
        entering = torch.cat([self.phi.new_ones(1), self._fresh])
        parts = zip(torch.split(self.phi, DAY), torch.split(entering, DAY), strict=True)
        return tuple((memory_filter(phi, new), phi.cumprod(0)) for phi, new in parts)


def memory_filter(phi: Tensor, entering: Tensor) -> Tensor:
    """Lower-triangular [T, T] that turns eps into g where nothing was before.

    Args:
        phi: [T], what each step keeps of g; entering: [T], what it takes of eps.

    >>> memory_filter(torch.tensor([0.5, 0.6, 0.8]), torch.tensor([1.0, 0.8, 0.6]))
    tensor([[1.0000, 0.0000, 0.0000],
            [0.6000, 0.8000, 0.0000],
            [0.4800, 0.6400, 0.6000]])
    """
    kept = phi.double().log().cumsum(0)
    decay = (kept[:, None] - kept).tril().exp().tril().to(phi.dtype)
    return decay * entering


class BurstNoise(PerHouseholdNoise):
    """The variance laws of `PerHouseholdNoise`, with memory by time of day and shape by load.

    Learned: phi at each half-hour of the day, and how skew and tails follow the load of all k
    households together: of many appliances little strays. Settled once the rest is trained:
    `growth`, by how much more than in proportion to the load the variance grows (its exponent is
    1 + growth: large appliances run when much runs), and `most_kw`, which bounds what noise can be.
    """

    growth: Tensor
    most_kw: Tensor

    def __init__(self, *, positive: bool = False, length: int = WEEK) -> None:
        super().__init__(length=length)
        self.positive = positive
        start = torch.logit(torch.tensor(FIRST_PHI / MOST_PHI)) / GAIN
        self.raw_phi = nn.Parameter(start.repeat(DAY))
        self.raw_skew = nn.Parameter(torch.zeros(2))
        self.raw_tail = nn.Parameter(torch.zeros(2))
        self.register_buffer("growth", torch.tensor(0.0))
        self.register_buffer("most_kw", torch.tensor(UNBOUNDED_KW))

    def phi(self) -> Tensor:
        """Correlation of the noise of a half-hour of the week with the one before, [T]."""
        length = len(self.raw_own)
        return (MOST_PHI * (GAIN * self.raw_phi).sigmoid()).repeat(-(-length // DAY))[:length]

    def remember(self, phi: Tensor) -> None:
        """Set the correlations, [48] by half-hour of the day."""
        with torch.no_grad():
            share = (phi / MOST_PHI).clamp(0.01, 0.99)
            self.raw_phi.copy_(share.logit() / GAIN)

    def resize(self, share: Tensor) -> None:
        """Make the noise of every half-hour `share` [336] times as large."""
        with torch.no_grad():
            set_positive(self.raw_own, share * self.own() / self.reference_kw)
            set_positive(self.raw_shared, share * self.shared() / self.reference_kw)

    def bound(self, most_kw: float) -> None:
        """Let no standard deviation be above most_kw."""
        self.most_kw.fill_(most_kw)

    def stddev(self, mean_kw: Tensor, k: Tensor) -> Tensor:
        """Noise at every half-hour before it is bounded, shaped like mean_kw, kW."""
        faster = self.load(mean_kw, k[..., None]) ** (0.5 * self.growth)
        return super().stddev(mean_kw, k) * faster

    def shape(self, mean_kw: Tensor, k: Tensor) -> TailedNormal:
        """Law of noise [..., T], in deviations, around means [..., T] of k [...] households."""
        load = (mean_kw / (k[..., None] * self.reference_kw)).clamp(*LOADS)
        size = (k[..., None] * load).log()
        skew, tail = (GAIN * (raw[0] + raw[1] * size) for raw in (self.raw_skew, self.raw_tail))
        tail = tail.exp().clamp(LEAST_TAIL, MOST_TAIL)
        return TailedNormal(within(skew, MOST_LEAN), tail)

    def forward(
        self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0
    ) -> CurveDistribution:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        stddev = (factor * self.stddev(mean_kw, k)).clamp(max=self.most_kw)
        curve = BurstCurve(mean_kw, stddev, self.phi(), self.shape(mean_kw, k))
        return PositiveCurve(curve, self.knee(k)) if self.positive else curve
