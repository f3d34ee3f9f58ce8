"""What "extreme" means: a criterion f of curves or images, in natural units (Eq. 10.24-10.26)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import torch
from torch import Tensor, nn

from lvm_studio.data.units import DAY, HOURS_PER_STEP
from lvm_studio.tuning.criteria.combined import AtTheMean, WeightedSum
from lvm_studio.tuning.criteria.judged import ClassProbability, DiscriminatorLogit
from lvm_studio.tuning.criteria.order import kth_largest
from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.criteria.specs import (
    ClassSpec,
    CriterionSpec,
    DistanceSpec,
    EnergySpec,
    FlexibilitySpec,
    LogitSpec,
    LogPeakSpec,
    Noise,
    PeakSpec,
    RampSpec,
    SumSpec,
    SustainedSpec,
    parse_criterion,
)
from lvm_studio.tuning.errors import TuningError

_LEAST_PEAK_KW = 1e-3


def value_and_gradient(criterion: Criterion, x: Tensor) -> tuple[Tensor, Tensor]:
    """f [...] and ∂f/∂x [..., T] of observations x [..., T], both detached."""
    leaf = x.detach().requires_grad_()
    value = criterion(leaf)
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach(), gradient


class Peak:
    """The highest half-hour of the week, kW (Eq. 10.24).

    It needs many noise draws: with few of them tuning bends the week towards the half-hours where
    these happen to be high. 32 independent ones overstate a tuned mean of ten households by 3 to
    4 % of what it adds, 16 stratified ones (`observation_noise`) by 0 to 3 %.

    >>> Peak()(torch.tensor([[1.0, 4.0, 2.0]]))
    tensor([4.])
    """

    name = "peak"
    title = "Peak"
    unit = "kW"
    noise_draws = 16

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return curves_kw.amax(dim=-1)


class LogPeak:
    """log of the peak in kW: its Z exists where noise is too heavy-tailed for the peak's."""

    name = "log-peak"
    title = "Log-peak"
    unit = "log kW"
    noise_draws = 16

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return curves_kw.amax(dim=-1).clamp_min(_LEAST_PEAK_KW).log()


@dataclass(frozen=True)
class Sustained:
    """The power reached for `hours` in total: the k-th largest half-hour, kW (Eq. 10.25).

    >>> Sustained()(torch.arange(1.0, 337.0))
    tensor(321.)
    """

    hours: float = 8.0

    unit = "kW"

    @property
    def name(self) -> str:
        return SustainedSpec(hours=self.hours).text

    @property
    def title(self) -> str:
        return f"{self.hours:g} h sustained"

    @property
    def steps(self) -> int:
        """k: half-hours in all."""
        return round(self.hours / HOURS_PER_STEP)

    @property
    def noise_draws(self) -> int:
        return 8 if self.steps >= 8 else 16 if self.steps >= 3 else 32

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return kth_largest(curves_kw, self.steps)


class Flexibility:
    """How far the week is from a constant load of the same energy, kWh (Eq. 10.26).

    The sum over the half-hours of |x - mean of x| times half an hour: twice the energy that would
    have to move, since what lies above the mean is counted, and what lies below it too.

    >>> Flexibility()(torch.tensor([1.0, 1.0, 3.0, 3.0]))
    tensor(2.)
    """

    name = "flexibility"
    title = "Flexibility"
    unit = "kWh"
    noise_draws = 8

    def __call__(self, curves_kw: Tensor) -> Tensor:
        deviation = curves_kw - curves_kw.mean(dim=-1, keepdim=True)
        return HOURS_PER_STEP * deviation.abs().sum(dim=-1)


@dataclass(frozen=True)
class Energy:
    """Energy between two hours (UTC) of all days together, kWh; 22-6 runs past midnight.

    >>> Energy(17, 20)(torch.ones(336))
    tensor(21.)
    """

    first: float
    last: float

    unit = "kWh"
    noise_draws = 2

    @property
    def name(self) -> str:
        return EnergySpec(first=self.first, last=self.last).text

    @property
    def title(self) -> str:
        return f"Energy {self.first:g}-{self.last:g} h UTC"

    @cached_property
    def steps(self) -> Tensor:
        """[48] bool, the half-hours of a day inside the window."""
        hour = torch.arange(DAY) * HOURS_PER_STEP
        if self.first < self.last:
            return (hour >= self.first) & (hour < self.last)
        return (hour >= self.first) | (hour < self.last)

    def __call__(self, curves_kw: Tensor) -> Tensor:
        days = curves_kw.reshape(*curves_kw.shape[:-1], -1, DAY)
        return HOURS_PER_STEP * days[..., self.steps.to(days.device)].flatten(-2).sum(dim=-1)


@dataclass(frozen=True)
class Ramp:
    """The largest rise within `hours`, kW: max over t and s ≤ hours of x(t + s) - x(t).

    >>> Ramp(1.0)(torch.tensor([0.0, 1.0, 3.0, 3.5]))
    tensor(3.)
    """

    hours: float = 1.0

    unit = "kW"
    noise_draws = 16

    @property
    def name(self) -> str:
        return RampSpec(hours=self.hours).text

    @property
    def title(self) -> str:
        return f"Largest rise in {self.hours:g} h"

    def __call__(self, curves_kw: Tensor) -> Tensor:
        spans = range(1, round(self.hours / HOURS_PER_STEP) + 1)
        rises = [(curves_kw[..., s:] - curves_kw[..., :-s]).amax(dim=-1) for s in spans]
        return torch.stack(rises).amax(dim=0)


@dataclass(frozen=True)
class Nearness:
    """Minus the root mean square distance to a drawn curve, kW.

    >>> Nearness((1.0, 1.0), start=1)(torch.tensor([9.0, 1.0, 3.0])).item()
    -1.4142135381698608
    """

    target: tuple[float, ...]
    start: int = 0

    title = "Nearness to the drawn curve"
    unit = "kW"
    noise_draws = 16

    @property
    def name(self) -> str:
        return DistanceSpec(target=self.target, start=self.start).text

    def __call__(self, curves_kw: Tensor) -> Tensor:
        end = self.start + len(self.target)
        if end > curves_kw.shape[-1]:
            raise TuningError(
                f"The drawn curve ends at half-hour {end}, the week at {curves_kw.shape[-1]}; "
                "draw inside the week."
            )
        here = curves_kw[..., self.start : end]
        return -(here - here.new_tensor(self.target)).square().mean(dim=-1).sqrt()


CRITERIA: Mapping[str, Criterion] = MappingProxyType(
    {criterion.name: criterion for criterion in (Peak(), Sustained(), Flexibility())}
)
"""The three of the thesis (Eq. 10.24-10.26)."""


@dataclass(frozen=True, eq=False)
class Judges:
    """Trained modules that a criterion may ask: None for one that is not at hand."""

    classifier: nn.Module | None = None
    discriminator: nn.Module | None = None


def _made(spec: CriterionSpec, judges: Judges) -> Criterion:
    match spec:
        case PeakSpec():
            return Peak()
        case LogPeakSpec():
            return LogPeak()
        case SustainedSpec(hours=hours):
            return Sustained(hours)
        case FlexibilitySpec():
            return Flexibility()
        case EnergySpec(first=first, last=last):
            return Energy(first, last)
        case RampSpec(hours=hours):
            return Ramp(hours)
        case DistanceSpec(target=target, start=start):
            return Nearness(target, start)
        case ClassSpec(label=label, log=log):
            return ClassProbability(_at_hand(judges.classifier, "classifier"), label, log)
        case LogitSpec():
            return DiscriminatorLogit(_at_hand(judges.discriminator, "discriminator"))
        case SumSpec(terms=terms):
            made = tuple(_made(term.criterion, judges) for term in terms)
            return WeightedSum(spec.text, tuple(term.weight for term in terms), made)


def _at_hand(judge: nn.Module | None, what: str) -> nn.Module:
    if judge is None:
        raise TuningError(f"This criterion asks a {what}, and none is open; train or choose one.")
    return judge


def criterion_of(
    spec: CriterionSpec, *, noise: Noise = "expected", judges: Judges | None = None
) -> Criterion:
    """The criterion that a spec describes.

    Raises:
        TuningError: it asks a classifier or discriminator that is not given.
    """
    criterion = _made(spec, judges or Judges())
    return AtTheMean(criterion) if noise == "mean" else criterion


def criterion_named(name: str, judges: Judges | None = None) -> Criterion:
    """The criterion of a text such as `peak`, `sustained:4h` or `peak+0.5*flexibility@mean`.

    Raises:
        TuningError: names the criteria there are.
    """
    wanted = parse_criterion(name)
    return criterion_of(wanted.criterion, noise=wanted.noise, judges=judges)
