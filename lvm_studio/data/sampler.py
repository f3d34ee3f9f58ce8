"""Training data without end: a fresh week and a fresh multi-set of households for every curve.

Households are drawn among those complete in the week, their curves are summed, and days may be
exchanged with those of neighbouring weeks. All of it is a few gathers on the device; the sums
are one `embedding_bag` over rows of one day of one household.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.units import DAY, DAYS, DAYS_PER_YEAR, WEEK, WEEK_SPAN
from lvm_studio.data.weeks import Weeks

KLaw: TypeAlias = Literal["loguniform", "uniform"]
Draws: TypeAlias = Literal["with_replacement", "distinct"]


@dataclass(frozen=True)
class Augmentation:
    """What is varied beyond the draw itself.

    Each day is taken, with ``swap_probability``, from a week at most ``swap_weeks`` away (all
    households of the curve and the day's context together, training weeks only); outdoor
    temperature is shifted by N(0, ``temperature_noise_c``²) °C a day; the position in the year
    by N(0, ``season_jitter_days``²) days.
    """

    swap_probability: float = 0.5
    swap_weeks: int = 2
    temperature_noise_c: float = 0.7
    season_jitter_days: float = 7.0


#: Curves as measured: for judging, not for training.
AS_MEASURED = Augmentation(
    swap_probability=0.0, swap_weeks=0, temperature_noise_c=0.0, season_jitter_days=0.0
)


@dataclass(frozen=True, eq=False)
class AggregateBatch:
    """B aggregate curves and what is known of them.

    ``x`` [B, 336] in kW; ``labels`` [B, K, F], 0 where there is no part; ``mask`` [B, K],
    1 = part present (K parts = ``mask.sum(1)``); ``context`` [B, 7, C]; ``week`` [B] and
    ``households`` [B, K] are positions in the set, −1 where there is no part.
    """

    x: Tensor
    labels: Tensor
    mask: Tensor
    context: Tensor
    week: Tensor
    households: Tensor

    @property
    def size(self) -> Tensor:
        """K of each curve [B], as floats."""
        return self.mask.sum(dim=1)


class AggregateSampler:
    """Draws `AggregateBatch`es of sums of K households over a week.

    Args:
        measured: all weeks of the set.
        labels: [H, F] of all households, from `LabelEncoder.encode`.
        context: [N, 7, C] of all weeks, from `ContextEncoder.contexts`.
        households: positions of the households that may be drawn.
        weeks: positions of the weeks that may be drawn, swapped days included.
        k_range: least and greatest number of parts.
        k_law: 'loguniform' (as many curves of 3…6 parts as of 30…60) or 'uniform'.
        draws: 'with_replacement', or 'distinct': nobody comes again before everybody came.
            With replacement from H households the variance of a sum of K unlike households
            is exaggerated by 1 + (K − 1) / H, because the same curve is added to itself.

    Only households complete in every week that a curve takes days from are drawn for it.
    """

    def __init__(
        self,
        measured: Weeks,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Sequence[int] | NDArray[np.int64],
        weeks: Sequence[int] | NDArray[np.int64],
        *,
        k_range: tuple[int, int] = (3, 60),
        k_law: KLaw = "loguniform",
        draws: Draws = "with_replacement",
        augmentation: Augmentation = AS_MEASURED,
        device: torch.device | str = "cpu",
    ) -> None:
        self.k_range, self.k_law, self.augmentation = _checked(k_range), k_law, augmentation
        self.draws = draws
        self.device = torch.device(device)
        drawn = np.asarray(households, dtype=np.int64)
        usable = _usable_weeks(measured, drawn, np.asarray(weeks, dtype=np.int64))
        picked = np.ix_(drawn, usable)
        self._households = self._put(drawn)
        self._weeks = self._put(usable)
        self._rows = self._put(_day_rows(measured.power_kw[picked]))
        self._complete = self._put(np.ascontiguousarray(measured.complete[picked].T))
        self._neighbours = self._put(_neighbours(measured.starts[usable], augmentation.swap_weeks))
        self._labels = self._put(np.concatenate([labels[drawn], np.zeros_like(labels[:1])]))
        self._context = self._put(context[usable])

    @classmethod
    def for_training(
        cls,
        households: HouseholdSet,
        labels: LabelEncoder,
        context: ContextEncoder,
        *,
        k_range: tuple[int, int] = (3, 60),
        draws: Draws = "with_replacement",
        augmentation: Augmentation | None = None,
        device: torch.device | str = "cpu",
    ) -> AggregateSampler:
        """Over the training households and training weeks of a set."""
        split = households.split
        return cls(
            *_arrays(households, labels, context),
            households.indices(split.train_households),
            households.weeks.indices(split.train_weeks),
            k_range=k_range,
            draws=draws,
            augmentation=Augmentation() if augmentation is None else augmentation,
            device=device,
        )

    @classmethod
    def for_heldout_weeks(
        cls,
        households: HouseholdSet,
        labels: LabelEncoder,
        context: ContextEncoder,
        *,
        k_range: tuple[int, int] = (3, 60),
        draws: Draws = "with_replacement",
        device: torch.device | str = "cpu",
    ) -> AggregateSampler:
        """Over the training households and the held-out weeks, as measured."""
        split = households.split
        return cls(
            *_arrays(households, labels, context),
            households.indices(split.train_households),
            households.weeks.indices(split.heldout_weeks),
            k_range=k_range,
            draws=draws,
            device=device,
        )

    def sample(self, batch: int, generator: torch.Generator) -> AggregateBatch:
        """A batch of `batch` curves; the same generator state gives the same batch."""
        week = self._integers(batch, len(self._weeks), generator)
        size = self._sizes(batch, generator)
        source, eligible = self._sources(week, generator)
        present = torch.arange(self.k_range[1], device=self.device) < size[:, None]
        draw = self._distinct if self.draws == "distinct" else self._with_replacement
        part = draw(eligible, generator)
        return AggregateBatch(
            x=self._sums(part, present, source),
            labels=self._labels[torch.where(present, part, len(self._households))],
            mask=present.to(torch.float32),
            context=self._contexts(source, generator),
            week=self._weeks[week],
            households=torch.where(present, self._households[part], -1),
        )

    def _sizes(self, batch: int, generator: torch.Generator) -> Tensor:
        return part_counts(self._uniform((batch,), generator), self.k_range, self.k_law)

    def _sources(self, week: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Week each day is taken from [B, 7], and who is complete in all of them [B, H]."""
        shape = (len(week), DAYS)
        itself = week[:, None].expand(shape)
        choice = self._uniform(shape, generator) * self._neighbours.shape[1]
        other = self._neighbours[itself, choice.long().clamp(max=self._neighbours.shape[1] - 1)]
        swapped = self._uniform(shape, generator) < self.augmentation.swap_probability
        source = torch.where(swapped, other, itself)
        eligible = self._complete[source].all(dim=1)
        # Where a swap leaves nobody, the week stays as it was: it has somebody.
        possible = eligible.any(dim=1, keepdim=True)
        return (
            torch.where(possible, source, itself),
            torch.where(possible, eligible, self._complete[week]),
        )

    def _with_replacement(self, eligible: Tensor, generator: torch.Generator) -> Tensor:
        """Households [B, K], each uniformly one of the eligible [B, H]."""
        rank = eligible.to(torch.float32).cumsum(dim=1)
        u = self._uniform((len(eligible), self.k_range[1]), generator)
        wanted = torch.floor(u * rank[:, -1:]).minimum(rank[:, -1:] - 1) + 1
        return torch.searchsorted(rank, wanted)

    def _distinct(self, eligible: Tensor, generator: torch.Generator) -> Tensor:
        """The eligible [B, H] in random order, over and over [B, K]."""
        order = self._uniform(tuple(eligible.shape), generator)
        shuffled = order.masked_fill(~eligible, 2.0).argsort(dim=1)
        turn = torch.arange(self.k_range[1], device=self.device) % eligible.sum(1, keepdim=True)
        return shuffled.gather(1, turn)

    def _sums(self, part: Tensor, present: Tensor, source: Tensor) -> Tensor:
        weeks = len(self._weeks)
        day = torch.arange(DAYS, device=self.device)
        row = (part[:, None, :] * weeks + source[:, :, None]) * DAYS + day[:, None]
        nothing = len(self._rows) - 1
        row = torch.where(present[:, None, :], row, nothing).flatten(0, 1)
        sums = functional.embedding_bag(row, self._rows, mode="sum", padding_idx=nothing)
        return sums.view(-1, WEEK)

    def _contexts(self, source: Tensor, generator: torch.Generator) -> Tensor:
        context = self._context[source, torch.arange(DAYS, device=self.device)]
        if self.augmentation.temperature_noise_c > 0:
            context = self._with_temperature_noise(context, generator)
        if self.augmentation.season_jitter_days > 0:
            context = self._with_season_jitter(context, generator)
        return context

    def _with_temperature_noise(self, context: Tensor, generator: torch.Generator) -> Tensor:
        scale = self.augmentation.temperature_noise_c / ContextEncoder.TEMPERATURE_SCALE_C
        shift = scale * self._normal((len(context), DAYS), generator)
        before = torch.cat([shift[:, :1], shift[:, :-1]], dim=1)
        shifted = context.clone()
        shifted[:, :, ContextEncoder.TEMPERATURES] += shift[:, :, None]
        shifted[:, :, ContextEncoder.TEMPERATURE_BEFORE] += before
        return shifted

    def _with_season_jitter(self, context: Tensor, generator: torch.Generator) -> Tensor:
        days = self.augmentation.season_jitter_days * self._normal((len(context), 1), generator)
        angle = 2 * math.pi * days / DAYS_PER_YEAR
        sin_at, cos_at = ContextEncoder.SEASON
        sin, cos = context[:, :, sin_at], context[:, :, cos_at]
        turned = context.clone()
        turned[:, :, sin_at] = sin * angle.cos() + cos * angle.sin()
        turned[:, :, cos_at] = cos * angle.cos() - sin * angle.sin()
        return turned

    # Numbers are drawn where the generator lives, so that a CPU generator gives the same
    # curves on every device.

    def _integers(self, count: int, high: int, generator: torch.Generator) -> Tensor:
        drawn = torch.randint(high, (count,), generator=generator, device=generator.device)
        return drawn.to(self.device)

    def _uniform(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = torch.rand(shape, generator=generator, device=generator.device)
        return drawn.to(self.device)

    def _normal(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = torch.randn(shape, generator=generator, device=generator.device)
        return drawn.to(self.device)

    def _put(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.array(array)).to(self.device)


def part_counts(u: Tensor, k_range: tuple[int, int], k_law: KLaw) -> Tensor:
    """Numbers of parts [B] from uniform numbers [B] in [0, 1).

    >>> part_counts(torch.tensor([0.0, 0.5, 0.99]), (3, 60), "loguniform").tolist()
    [3, 13, 59]
    """
    low, high = k_range
    if k_law == "uniform":
        return (low + u * (high - low + 1)).long().clamp(max=high)
    return (low * torch.exp(u * math.log((high + 1) / low))).long().clamp(low, high)


def _arrays(
    households: HouseholdSet, labels: LabelEncoder, context: ContextEncoder
) -> tuple[Weeks, NDArray[np.float32], NDArray[np.float32]]:
    weeks = households.weeks
    contexts = context.contexts(
        weeks.temperature_c, weeks.starts, households.time_zone, households.country
    )
    return weeks, labels.encode(households), contexts


def _checked(k_range: tuple[int, int]) -> tuple[int, int]:
    low, high = k_range
    if not 1 <= low <= high:
        raise DataError(f"The number of households must run from 1 up, not {low} to {high}.")
    return low, high


def _usable_weeks(
    measured: Weeks, households: NDArray[np.int64], weeks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Those of `weeks` in which at least one of `households` is complete."""
    usable = weeks[measured.complete[np.ix_(households, weeks)].any(axis=0)]
    if not len(usable):
        raise DataError(
            "No household is complete in any of the weeks to draw from; "
            "import data with at least one whole week."
        )
    return usable


def _day_rows(power_kw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Curves [H, N, 336] as rows of one day [H · N · 7 + 1, 48]; the last row is nothing."""
    return np.concatenate([power_kw.reshape(-1, DAY), np.zeros((1, DAY), np.float32)])


def _neighbours(starts: NDArray[np.datetime64], reach: int) -> NDArray[np.int64]:
    """For each week those at most `reach` weeks away [N, M], itself filling empty places."""
    distance = np.abs(starts[:, None] - starts[None, :]) // WEEK_SPAN
    near = (distance <= reach) & (distance > 0)
    table = np.tile(np.arange(len(starts))[:, None], (1, max(1, int(near.sum(axis=1).max()))))
    for week, row in enumerate(near):
        found = np.flatnonzero(row)
        if len(found):
            table[week] = np.resize(found, table.shape[1])
    return table
