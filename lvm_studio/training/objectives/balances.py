"""How reconstruction and KL are balanced while a model trains: small modules with their state.

State lives in buffers, so that a checkpoint holds it and a continued run goes on as if it had
never stopped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lvm_studio.models.noise.laws import Law
from lvm_studio.training.objectives.specs import (
    BalanceSpec,
    BetaSpec,
    GecoSpec,
    PlainSpec,
    WarmUpSpec,
)

LARGEST = 20.0
"""GECO's log multiplier stays between minus and plus this."""


class Balance(nn.Module, ABC):
    """What a draw is worth, and how much the KL counts."""

    @abstractmethod
    def weight(self) -> Tensor | float:
        """The KL's weight now."""

    def score(self, x: Tensor, law: Law, log_px: Tensor) -> Tensor:
        """What stands for log p(x | z), shaped like `log_px`; law of vectors like x, or of more."""
        return log_px

    def advance(self) -> None:
        """A training step has been taken."""


class Plain(Balance):
    """The bound as it is."""

    def weight(self) -> float:
        return 1.0


class Beta(Balance):
    """beta-VAE (Eq. 6.2)."""

    def __init__(self, spec: BetaSpec) -> None:
        super().__init__()
        self._beta = spec.beta

    def weight(self) -> float:
        return self._beta


class WarmUp(Balance):
    """KL warm-up (5.4)."""

    taken: Tensor

    def __init__(self, spec: WarmUpSpec) -> None:
        super().__init__()
        self._spec = spec
        self.register_buffer("taken", torch.tensor(0.0))

    def weight(self) -> Tensor:
        share = (self.taken / self._spec.steps).clamp(max=1.0)
        return self._spec.start + (1.0 - self._spec.start) * share

    def advance(self) -> None:
        self.taken.add_(1.0)


class Geco(Balance):
    """Least KL under a bound on the error: `-KL - lam (e^2/D / error^2 - 1) D / 2` (7.1.1).

    At lam = 1 this is a Gaussian noise with sigma = error. log lam follows the moving average of
    the constraint's excess; gradients see the excess of the batch at hand.
    """

    log_lam: Tensor
    average: Tensor
    taken: Tensor

    def __init__(self, spec: GecoSpec) -> None:
        super().__init__()
        self._spec = spec
        for name in ("log_lam", "average", "taken"):
            self.register_buffer(name, torch.tensor(0.0))

    def weight(self) -> float:
        return 1.0

    def score(self, x: Tensor, law: Law, log_px: Tensor) -> Tensor:
        excess = (x - law.mean).square().mean(-1) / self._spec.error**2 - 1.0
        score = -self.log_lam.exp() * excess * (0.5 * x.shape[-1])
        if self.training:
            self._follow(excess.detach().mean())
        return score

    def _follow(self, excess: Tensor) -> None:
        memory = self._spec.memory * (self.taken > 0)  # the first batch is all there is
        self.average.copy_(memory * self.average + (1.0 - memory) * excess)
        moved = self.log_lam + self._spec.pace * self.average.clamp(-1.0, 1.0)
        self.log_lam.copy_(moved.clamp(-LARGEST, LARGEST))

    def advance(self) -> None:
        self.taken.add_(1.0)


_BALANCES: Mapping[type[Any], Callable[[Any], Balance]] = {
    PlainSpec: lambda spec: Plain(),
    BetaSpec: Beta,
    WarmUpSpec: WarmUp,
    GecoSpec: Geco,
}


def build_balance(spec: BalanceSpec) -> Balance:
    """The balance a spec names.

    >>> build_balance(BetaSpec(beta=2.0)).weight()
    2.0
    """
    return _BALANCES[type(spec)](spec)
