"""Steps that are not taken: those whose loss or gradient is no number, or explodes (4.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOST_IN_A_ROW = 20
"""So many unsound steps after one another end the run."""

MEMORY = 0.98
"""Of the running mean of the logarithm of the gradient's norm."""

WATCHED_FROM = 50.0
"""Steps taken before a norm can be called unusual: at the start all norms are."""


class StepGuard(nn.Module):
    """Tells sound steps from others, and counts the others; everything stays on the device.

    A step explodes when its gradient's norm is more than `explosion` times the usual one.

    >>> guard = StepGuard(explosion=100.0)
    >>> [bool(guard(torch.tensor(v), torch.tensor(1.0))) for v in (-3.0, float("nan"))]
    [True, False]
    >>> guard.skipped.item()
    1.0
    """

    skipped: Tensor
    in_a_row: Tensor
    taken: Tensor
    usual: Tensor

    def __init__(self, explosion: float) -> None:
        super().__init__()
        self._explosion = explosion
        for name in ("skipped", "in_a_row", "taken", "usual"):
            self.register_buffer(name, torch.tensor(0.0))

    @torch.no_grad()
    def forward(self, bound: Tensor, norm: Tensor) -> Tensor:
        """Whether the step may be taken, from its bound and its gradient's norm."""
        log_norm = norm.clamp(min=1e-20).log()
        watched = self.taken >= WATCHED_FROM
        explodes = watched & (norm > self._explosion * self.usual.exp())
        sound = bound.isfinite() & norm.isfinite() & ~explodes & (self.in_a_row < MOST_IN_A_ROW)
        memory = torch.where(self.taken > 0, MEMORY, 0.0)
        usual = memory * self.usual + (1.0 - memory) * log_norm
        self.usual.copy_(torch.where(sound, usual, self.usual))
        self.taken.add_(sound)
        self.skipped.add_(~sound)
        self.in_a_row.copy_(torch.where(sound, 0.0, self.in_a_row + 1.0))
        return sound
