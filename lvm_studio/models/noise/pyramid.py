"""Noise scale by scale, each given the coarser one (6.2.2, Eq. 6.4).

The coarser scale holds the sums of neighbours over sqrt(2), and the finer one adds their
differences over sqrt(2) (a Haar transform). That is an orthonormal change of coordinates: the law
has a density on x itself, comparable with that of every other noise. In Eq. 6.4's letters, only
the part of epsilon that upscaling cannot give is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.noise.constant import LearnedNoise
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.noise.specs import PyramidNoiseSpec

SEEN = 3
"""Neighbours of the coarser scale that a difference is told from."""

ROOT_TWO = math.sqrt(2.0)


def split(x: Tensor) -> tuple[Tensor, Tensor]:
    """[..., 2n] -> coarse and detail [..., n] each, an orthonormal change of coordinates.

    >>> [round(part.item(), 4) for part in split(torch.tensor([1.0, 3.0]) * ROOT_TWO)]
    [4.0, 2.0]
    """
    left, right = x[..., 0::2], x[..., 1::2]
    return (left + right) / ROOT_TWO, (right - left) / ROOT_TWO


def merge(coarse: Tensor, detail: Tensor) -> Tensor:
    """The vector [..., 2n] that `split` takes apart."""
    pairs = torch.stack([coarse - detail, coarse + detail], -1) / ROOT_TWO
    return pairs.flatten(-2)


def halvings(length: int, most: int) -> int:
    """How often a length can be halved, `most` at most.

    >>> halvings(336, 12), halvings(7, 3)
    (4, 0)
    """
    even = (length & -length).bit_length() - 1
    return min(even, most)


@dataclass(frozen=True, eq=False)
class PyramidGaussian:
    """A Gaussian law written scale by scale, from the coarsest to the finest.

    Args:
        mean: [..., D].
        sigmas: of the coarsest scale and of each scale's differences, [1 + scales].
        couplings: kernels [scales, 3] that tell a scale's differences from what the coarser
            scale has beyond its mean; all zeros: independent noise.
    """

    mean: Tensor
    sigmas: Tensor
    couplings: Tensor

    @property
    def stddev(self) -> Tensor:
        """Standard deviation of every coordinate, [..., D]: exact, as noise is carried linearly."""
        unit = torch.eye(self.mean.shape[-1], dtype=self.mean.dtype, device=self.mean.device)
        return (self._noise(unit) ** 2).sum(0).sqrt().expand_as(self.mean)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density of vectors x [..., D], [...], in nats."""
        rest = x - self.mean
        eps = []
        for sigma, kernel in zip(self.sigmas[1:].flip(0), self.couplings.flip(0), strict=True):
            rest, detail = split(rest)
            eps.append((detail - _told(rest, kernel)) / sigma)
        eps.append(rest / self.sigmas[0])
        square = torch.cat(eps, -1).square().sum(-1)
        counts = torch.tensor([e.shape[-1] for e in reversed(eps)], device=x.device)
        return -0.5 * square - (counts * self.sigmas.log()).sum() - x.shape[-1] * HALF_LOG_2PI

    def transport(self, eps: Tensor) -> Tensor:
        """Vectors [..., D] from standard normal noise; first come the entries of the coarsest."""
        return self.mean + self._noise(eps)

    def _noise(self, eps: Tensor) -> Tensor:
        width = eps.shape[-1] >> len(self.couplings)
        rest = self.sigmas[0] * eps[..., :width]
        for sigma, kernel in zip(self.sigmas[1:], self.couplings, strict=True):
            fresh = sigma * eps[..., width : 2 * width]
            rest = merge(rest, _told(rest, kernel) + fresh)
            width *= 2
        return rest

    def tempered(self, beta: float) -> PyramidGaussian:
        """Every sigma grows by sqrt(beta): the couplings are linear."""
        return PyramidGaussian(self.mean, self.sigmas * math.sqrt(beta), self.couplings)


def _told(coarse: Tensor, kernel: Tensor) -> Tensor:
    """What the coarser scale's deviation says of the differences, [..., n]."""
    flat = coarse.reshape(-1, 1, coarse.shape[-1])
    seen: Tensor = conv1d(flat, kernel.view(1, 1, SEEN), padding=SEEN // 2)
    return seen.view(coarse.shape)


class PyramidNoise(LearnedNoise):
    """One sigma for every scale, learned, and the coupling of each scale to the coarser one."""

    def __init__(self, spec: PyramidNoiseSpec, dim: int) -> None:
        scales = halvings(dim, spec.scales)
        super().__init__(spec.floor, spec.start, dim, 1 + scales)
        self.couplings = nn.Parameter(torch.zeros(scales, SEEN))

    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        return PyramidGaussian(mean, self.levels(), self.couplings)
