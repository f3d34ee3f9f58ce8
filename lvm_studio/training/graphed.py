"""Training steps on a GPU as one recorded CUDA graph, replayed without waiting for the host.

Data, noise, loss, gradient, update and figures stay on the device. The host says which step it
is (the seed of its randomness) and the learning rate, and reads the figures of many steps at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lvm_studio.models.specs import CompVAESpec
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.problem import Problem

LOG = logging.getLogger(__name__)
STEPS_AT_ONCE = 25
"""Steps between two looks at the figures: a tenth of a second, or less."""
EAGER_STEPS = 3
"""The libraries set themselves up during the first steps, which therefore are not recorded."""

Descend = Callable[[torch.Generator, torch.Generator], Tensor]
"""Takes one step, drawing from two generators; returns its figures [n], NaN where it diverged."""


def can_be_recorded(problem: Problem) -> bool:
    """Whether a step of this problem looks at no number on its way, and runs on a GPU."""
    spec = problem.spec.model
    straight = not isinstance(spec, CompVAESpec) or spec.inference == "correlated"
    straight = straight and problem.spec.q_lr == 1.0  # a recorded step reads one learning rate
    on_gpu = problem.device.type == "cuda"
    return on_gpu and straight and isinstance(problem, HouseholdProblem)


class GraphedSteps:
    """Takes steps on a GPU, many at a time.

    Args:
        descend: one step, made of device work alone.
        figures: how many numbers it returns.
        lr: learning rate, a number on the device that the optimiser reads.
        seed_of: from a step's number to the seed of its randomness.
    """

    def __init__(
        self, descend: Descend, figures: int, lr: Tensor, seed_of: Callable[[int], int]
    ) -> None:
        self._descend, self._lr, self._seed_of = descend, lr, seed_of
        self._generator = torch.cuda.default_generators[lr.device.index or 0]
        self._log = lr.new_zeros(STEPS_AT_ONCE, figures)
        self._place = torch.zeros(1, dtype=torch.long, device=lr.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._taken = 0

    def take(self, first: int, lrs: Sequence[float]) -> list[list[float]]:
        """Steps first, first + 1, …, one for each learning rate; their figures, a row each."""
        state = self._generator.get_state()  # a run leaves the randomness of others alone
        self._place.zero_()
        for step, lr in enumerate(lrs, first):
            self._lr.fill_(lr)
            self._step(self._seed_of(step))
        self._generator.set_state(state)
        rows: list[list[float]] = self._log[: len(lrs)].tolist()  # the one wait for the device
        return rows

    def _step(self, seed: int) -> None:
        if self._taken == EAGER_STEPS:
            self._record()
        self._generator.manual_seed(seed)
        if self._graph is None:
            self._eager()
        else:
            self._graph.replay()
        self._taken += 1

    def _eager(self) -> None:
        """A step beside the main stream: what it sets up must not belong to that one."""
        beside: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        main = torch.cuda.current_stream()
        beside.wait_stream(main)
        with torch.cuda.stream(beside):
            self._logged()
        main.wait_stream(beside)

    def _record(self) -> None:
        """Record a step, which computes nothing yet; if it cannot be, steps go on unrecorded."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._logged()
        except RuntimeError:
            LOG.warning("A step of this model cannot be recorded: it is slower.", exc_info=True)
        else:
            self._graph = graph

    def _logged(self) -> None:
        row = self._descend(self._generator, self._generator)
        self._log.index_copy_(0, self._place, row[None])
        self._place.add_(1)
