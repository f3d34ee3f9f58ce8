"""Sums of sines through a tanh: the whole is not the sum of its parts (Eq. 9.15)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.batches import PartsBatch, PartsLaw, choices, normal

FREQUENCIES = tuple(range(1, 11))
AMPLITUDE_MEAN, AMPLITUDE_SPREAD = 1.0, 0.3  # the second figure of N(1, 0.3) read as a deviation
PHASE_SPREAD = math.pi / 2


@dataclass(frozen=True)
class SineSums:
    """``x[t] = K tanh(λ/K Σ a_i cos(2π ℓ_i t/T + κ_i))``, t = 0 … T − 1 (Eq. 9.15).

    The frequency ℓ_i in 1 … 10 is told (one-hot, F = 10); amplitude a_i ~ N(1, 0.3²) and phase
    κ_i ~ N(0, (π/2)²) are the truth that is not: ``truth`` has ``frequency``, ``amplitude`` and
    ``phase`` [B, K]. ``x`` is [B, T], without noise. ``lam`` is λ.

    >>> batch = SineSums(length=64).sample(5, torch.Generator().manual_seed(0))
    >>> tuple(batch.x.shape), tuple(batch.labels.shape)
    ((5, 64), (5, 16, 10))
    """

    length: int = 200
    lam: float = 3.0
    parts: PartsLaw = field(default_factory=PartsLaw)

    def __post_init__(self) -> None:
        if self.length < 2 or self.lam <= 0:
            raise DataError("Sine sums need a length of 2 points or more and λ above 0.")

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the F label features."""
        return tuple(f"frequency={frequency}" for frequency in FREQUENCIES)

    def sample(self, batch: int, generator: torch.Generator) -> PartsBatch:
        """`batch` curves; the same generator state gives the same batch."""
        mask = self.parts.mask(batch, generator)
        shape = (batch, mask.shape[1])
        frequency = 1 + choices(shape, len(FREQUENCIES), generator)
        amplitude = AMPLITUDE_MEAN + AMPLITUDE_SPREAD * normal(shape, generator)
        phase = PHASE_SPREAD * normal(shape, generator)
        amplitude, phase = amplitude * mask, phase * mask
        return PartsBatch(
            x=self.whole(frequency, amplitude, phase, mask),
            labels=self.labels(frequency) * mask[..., None],
            mask=mask,
            truth={"frequency": frequency * mask, "amplitude": amplitude, "phase": phase},
        )

    def labels(self, frequency: Tensor) -> Tensor:
        """One-hot frequencies [..., 10] of whole frequencies [...]."""
        return functional.one_hot(frequency.long() - 1, len(FREQUENCIES)).to(torch.float32)

    def curves(self, frequency: Tensor, amplitude: Tensor, phase: Tensor) -> Tensor:
        """Each part's own sine [..., K, T]."""
        turn = 2 * math.pi * torch.arange(self.length, device=amplitude.device) / self.length
        angle = frequency[..., None] * turn + phase[..., None]
        return amplitude[..., None] * angle.cos()

    def whole(self, frequency: Tensor, amplitude: Tensor, phase: Tensor, mask: Tensor) -> Tensor:
        """The curve [..., T] of parts [..., K] of which `mask` says which are there."""
        total = (mask[..., None] * self.curves(frequency, amplitude, phase)).sum(dim=-2)
        size = mask.sum(dim=-1, keepdim=True).clamp(min=1)
        return size * torch.tanh(self.lam / size * total)
