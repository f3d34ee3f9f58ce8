"""How much a training step computes, and how much the device could: FLOPs, and a measured peak."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch

from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.seeded import seeded
from lvm_studio.training.problem import Problem

_SIDE: Final = {"cpu": 768, "cuda": 8192}
"""Matrices of this size keep the device as busy as it gets."""
_TRIES: Final = 3


@dataclass(frozen=True)
class Workload:
    """What a step costs on a device.

    Args:
        flops: floating-point operations of the matrix products of a step, forward and backward
            (a product and a sum count as two); everything else is left out.
        peak: operations a second of a large matrix product on this device, as measured.

    >>> Workload(flops=2e9, peak=4e10).share(steps=10, seconds=2.0)
    0.25
    """

    flops: float
    peak: float

    def share(self, steps: int, seconds: float) -> float:
        """Share of the peak that so many steps in so much time come to."""
        return self.flops * steps / (seconds * self.peak) if seconds > 0 else 0.0


def workload(problem: Problem, module: LatentVariableModel) -> Workload:
    """Count one step of a copy of the module; nothing of the run changes."""
    return Workload(_flops(problem, module), _peak(problem.device.type, torch.get_num_threads()))


def _flops(problem: Problem, module: LatentVariableModel) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    device = problem.device
    twin = copy.deepcopy(module)
    with seeded(0, device):
        batch = problem.draw(problem.spec.batch, torch.Generator().manual_seed(0))
        with FlopCounterMode(display=False) as counter:
            elbo = twin.elbo(batch, torch.Generator(device).manual_seed(0))
            torch.autograd.backward((elbo.elbo + elbo.prior_path).mean())
    return float(counter.get_total_flops())


@lru_cache(maxsize=8)
def _peak(device: str, threads: int) -> float:
    """Best of a few products of square matrices in 32 bits; `threads` only keys the memory."""
    side = _SIDE[device]
    matrix = torch.ones(side, side, device=device)
    return max(_rate(matrix) for _ in range(_TRIES))


def _rate(matrix: torch.Tensor) -> float:
    _finish(matrix)
    began = time.perf_counter()
    _finish(matrix @ matrix)
    return 2.0 * len(matrix) ** 3 / (time.perf_counter() - began)


def _finish(result: torch.Tensor) -> None:
    if result.is_cuda:
        torch.cuda.synchronize(result.device)
