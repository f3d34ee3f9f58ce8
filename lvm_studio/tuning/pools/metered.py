"""What a method costs: a space that counts what is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from lvm_studio.models.observation import CurveDistribution
    from lvm_studio.models.street import BaseSpace, Encoded


@dataclass(eq=False)
class MeteredSpace:
    """A space that counts what is decoded."""

    space: BaseSpace
    decoded: int = 0

    @property
    def dim(self) -> int:
        return self.space.dim

    @property
    def names(self) -> tuple[str, ...]:
        return self.space.names

    @property
    def k(self) -> int:
        return self.space.k

    def decode(self, u: Tensor) -> CurveDistribution:
        """The space's own law; one decode a row."""
        self.decoded += len(u)
        return self.space.decode(u)

    def encode(self, x: Tensor) -> Encoded:
        """The space's own posterior."""
        return self.space.encode(x)
