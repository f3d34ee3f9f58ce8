"""Made images beside real ones: judged by a net that had no say in making them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.models.judges import Judge

_PAIRS = 4000


@dataclass(frozen=True, eq=False)
class ImageFigures:
    """Of a set of images, in the eyes of a judge.

    Attributes:
        classes: [C] share of each class, by the judge's first choice.
        diversity: mean distance of two images over that of two real ones.
        distance: Fréchet distance to the real ones in the judge's features.
    """

    classes: NDArray[np.float64]
    diversity: float
    distance: float

    @property
    def classes_kept(self) -> float:
        """exp of the histogram's entropy: 10 where ten classes come alike often."""
        share = self.classes[self.classes > 0]
        return float(np.exp(-(share * np.log(share)).sum()))


@torch.no_grad()
def figures_of(images: Tensor, real: Tensor, judge: Judge, seed: int = 0) -> ImageFigures:
    """Compare images [N, D] with real ones [M, D]."""
    outputs = judge.spec.outputs
    counts = torch.bincount(judge(images).argmax(dim=-1), minlength=outputs).double()
    return ImageFigures(
        (counts / counts.sum()).numpy(),
        _spread(images, seed) / _spread(real, seed),
        frechet(judge.features(images), judge.features(real)),
    )


def frechet(a: Tensor, b: Tensor) -> float:
    """|mean difference|² + tr(A + B - 2 (A B)^½) of two samples [N, F], [M, F].

    >>> x = torch.randn(5000, 2, generator=torch.Generator().manual_seed(0))
    >>> round(frechet(x, x + 1.0), 3)
    2.0
    """
    a, b = a.double(), b.double()
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T
    middle = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0.0).sqrt().sum()
    apart = (a.mean(0) - b.mean(0)).square().sum()
    return float(apart + cov_a.trace() + cov_b.trace() - 2.0 * middle)


def _spread(images: Tensor, seed: int) -> float:
    generator = torch.Generator().manual_seed(seed)
    one, other = (torch.randint(len(images), (_PAIRS,), generator=generator) for _ in range(2))
    different = one != other
    return float((images[one] - images[other])[different].norm(dim=1).mean())
