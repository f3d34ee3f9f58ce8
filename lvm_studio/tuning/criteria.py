"""What "extreme" means: a criterion f of a week curve, in natural units (Eq. 10.24-10.26)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from lvm_studio.tuning.errors import TuningError

HOURS_PER_STEP = 0.5
SUSTAINED_STEPS = 16
"""Eight hours in total, in half-hours."""


class Criterion(Protocol):
    """A differentiable score of curves; the higher, the more extreme."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def noise_draws(self) -> int:
        """How many observation noises an average of f needs; even."""
        ...

    def __call__(self, curves_kw: Tensor) -> Tensor:
        """Scores [...] in `unit` of curves [..., T] in kW."""
        ...


class Peak:
    """The highest half-hour of the week, kW (Eq. 10.24).

    It needs many noise draws: with 8 of them tuning bends the week towards the half-hours where
    these happen to be high, and overstates a tuned mean by 4 % of what it adds.

    >>> import torch
    >>> Peak()(torch.tensor([[1.0, 4.0, 2.0]]))
    tensor([4.])
    """

    name = "peak"
    title = "Peak"
    unit = "kW"
    noise_draws = 32

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return curves_kw.max(dim=-1).values


class Sustained:
    """The power reached for 8 hours in total: the 16th largest half-hour, kW (Eq. 10.25).

    >>> import torch
    >>> Sustained()(torch.arange(1.0, 337.0))
    tensor(321.)
    """

    name = "sustained"
    title = "8 h sustained"
    unit = "kW"
    noise_draws = 8

    def __call__(self, curves_kw: Tensor) -> Tensor:
        rank = curves_kw.shape[-1] - SUSTAINED_STEPS + 1
        return curves_kw.kthvalue(rank, dim=-1).values


class Flexibility:
    """Energy that would have to move to make the week flat, kWh (Eq. 10.26).

    The sum over the half-hours of |x - mean of x| times half an hour; half of it is above the
    mean and half below.

    >>> import torch
    >>> Flexibility()(torch.tensor([1.0, 1.0, 3.0, 3.0]))
    tensor(2.)
    """

    name = "flexibility"
    title = "Flexibility"
    unit = "kWh"
    noise_draws = 16

    def __call__(self, curves_kw: Tensor) -> Tensor:
        deviation = curves_kw - curves_kw.mean(dim=-1, keepdim=True)
        return HOURS_PER_STEP * deviation.abs().sum(dim=-1)


CRITERIA: Mapping[str, Criterion] = MappingProxyType(
    {criterion.name: criterion for criterion in (Peak(), Sustained(), Flexibility())}
)


def criterion_named(name: str) -> Criterion:
    """The criterion of that name; TuningError names those there are."""
    try:
        return CRITERIA[name]
    except KeyError:
        known = ", ".join(CRITERIA)
        raise TuningError(f"There is no criterion {name!r}; choose one of {known}.") from None
