"""What the artificial problems hand to a model: wholes, their parts, and the truth of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.data.sampler import KLaw, part_counts


@dataclass(frozen=True, eq=False)
class PartsBatch:
    """B wholes made of known parts; the counterpart of `AggregateBatch`.

    ``x`` [B, ...] is the whole; ``labels`` [B, K, F] and ``mask`` [B, K] (1 = part present) are
    told to a model; ``truth`` maps what is not told to [B, K]. Where there is no part, labels
    and truth are 0.
    """

    x: Tensor
    labels: Tensor
    mask: Tensor
    truth: Mapping[str, Tensor]

    @property
    def size(self) -> Tensor:
        """K of each whole [B], as floats."""
        return self.mask.sum(dim=1)


class Problem(Protocol):
    """A source of wholes without end."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the F label features."""

    def sample(self, batch: int, generator: torch.Generator) -> PartsBatch:
        """`batch` wholes; the same generator state gives the same batch."""


@dataclass(frozen=True)
class PartsLaw:
    """How many parts a whole has: least and greatest number, and the law between them."""

    k_range: tuple[int, int] = (1, 16)
    k_law: KLaw = "uniform"

    def __post_init__(self) -> None:
        low, high = self.k_range
        if not 1 <= low <= high:
            raise DataError(f"The number of parts must run from 1 up, not {low} to {high}.")

    def mask(self, batch: int, generator: torch.Generator) -> Tensor:
        """Which parts are there [B, K], as 0 and 1."""
        u = torch.rand(batch, generator=generator, device=generator.device)
        size = part_counts(u, self.k_range, self.k_law)
        present = torch.arange(self.k_range[1], device=u.device) < size[:, None]
        return present.to(torch.float32)


def uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform numbers in [0, 1), where the generator lives."""
    return torch.rand(shape, generator=generator, device=generator.device)


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal numbers, where the generator lives."""
    return torch.randn(shape, generator=generator, device=generator.device)


def choices(shape: tuple[int, ...], count: int, generator: torch.Generator) -> Tensor:
    """Whole numbers from 0 to count − 1, all as likely."""
    return torch.randint(count, shape, generator=generator, device=generator.device)


def on_device(batch: PartsBatch, device: torch.device) -> PartsBatch:
    """The same batch where a model computes."""
    return PartsBatch(
        x=batch.x.to(device),
        labels=batch.labels.to(device),
        mask=batch.mask.to(device),
        truth={name: values.to(device) for name, values in batch.truth.items()},
    )
