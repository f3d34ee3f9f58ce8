"""What every criterion is: a differentiable score of observations, in a unit of its own."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Criterion(Protocol):
    """A differentiable score of observations; the higher, the more extreme."""

    @property
    def name(self) -> str:
        """As `criterion_named` reads it."""
        ...

    @property
    def title(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def noise_draws(self) -> int:
        """How many observation noises an average of f needs; even; 0: f of the mean curve."""
        ...

    def __call__(self, curves_kw: Tensor) -> Tensor:
        """Scores [...] in `unit` of curves [..., T] in kW (or images [..., D])."""
        ...
