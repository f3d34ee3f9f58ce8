"""Gradient steps on a flow: Adam with a budget of steps or seconds, and densities held fixed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.specs import FlowSpec

_WARMUP = 20
_CLIP_NORM = 5.0


class Descent:
    """The optimiser of one fit: warm-up, then a cosine to zero at the end of its budget.

    Args:
        spec: its learning rate, and its steps or seconds.
        module: what is fitted.
    """

    def __init__(self, spec: FlowSpec, module: nn.Module) -> None:
        self.spec = spec
        self.steps = 0
        self.seconds = 0.0
        self._module = module
        self._adam: torch.optim.Adam | None = None

    @property
    def progress(self) -> float:
        """Share of the steps or seconds spent, 0 to 1."""
        if self.spec.steps is not None:
            return 1.0 if self.spec.steps == 0 else min(1.0, self.steps / self.spec.steps)
        return min(1.0, self.seconds / self.spec.seconds)

    def step(self, loss_and_objective: Callable[[], tuple[Tensor, Tensor]]) -> float:
        """Lower the first of the two by one step; return the second."""
        began = time.perf_counter()
        adam = self._optimiser()
        loss, objective = loss_and_objective()
        adam.zero_grad()
        loss.backward(inputs=list(self._module.parameters()))  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._module.parameters(), _CLIP_NORM)
        if torch.isfinite(norm):  # one batch far out in the tails must not end the fit
            self._set_rate(adam)
            adam.step()
        self.steps += 1
        self.seconds += time.perf_counter() - began
        return float(objective.detach())

    def _optimiser(self) -> torch.optim.Adam:
        """Made at the first step: torch takes seconds for its first optimiser, snapshots wait."""
        if self._adam is None:
            self._adam = torch.optim.Adam(self._module.parameters())
        return self._adam

    def _set_rate(self, adam: torch.optim.Adam) -> None:
        warm = min(1.0, (self.steps + 1) / _WARMUP)
        rate = self.spec.lr * warm * 0.5 * (1.0 + math.cos(math.pi * self.progress))
        for group in adam.param_groups:
            group["lr"] = rate


class HeldDensity(nn.Module):
    """A flow's log q(u) - log p(u) whose gradient reaches u alone, never the parameters.

    What the path-derivative estimator needs (Roeder, Wu & Duvenaud 2017).
    """

    def __init__(self, flow: LambdaFlow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, u: Tensor, lam: Tensor, e: Tensor | None) -> Tensor:
        return self.flow.log_ratio(u, lam, e)

    def log_ratio(self, u: Tensor, lam: Tensor, e: Tensor | None = None) -> Tensor:
        """log q - log p, [..., n] in nats, of u [..., n, dim] at lam [...] and features e."""
        parameters = {name: value.detach() for name, value in self.named_parameters()}
        ratio: Tensor = functional_call(self, parameters, (u, lam, e))
        return ratio
