"""A batch of vectors as tensors: what a model of vectors learns from at each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class VectorBatch:
    """B vectors x [B, D] and what is told of them, k [B, E] (E = 0 where nothing is)."""

    x: Tensor
    k: Tensor

    @property
    def size(self) -> Tensor:
        """One for every vector [B]: none is made of parts."""
        return self.x.new_ones(len(self.x))
