"""What judges and rivals look at: weeks as arrays, and sums of households drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.units import DAYS_PER_YEAR

Ints = NDArray[np.int64]


class Predictor(Protocol):
    """Anything that draws possible weeks of a multi-set; all are judged through this call.

    labels [K, F], context [7, C], households [K] (rows of the set), week (its index among the
    set's weeks) → curves [n, T] in kW of the whole sum. The measured curve of that week must not
    be looked at.
    """

    def __call__(
        self,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Ints,
        week: int,
        n: int,
        generator: torch.Generator,
    ) -> NDArray[np.floating]: ...


@dataclass(frozen=True, eq=False)
class WeekRecords:
    """H households over N weeks of T half-hours: kW, labels, context, temperature.

    `power_kw` holds 0 where `complete` is false. `season` [N] runs from −1 (summer solstice) to 1
    (winter solstice).
    """

    power_kw: NDArray[np.float32]  # [H, N, T]
    complete: NDArray[np.bool_]  # [H, N]
    labels: NDArray[np.float32]  # [H, F]
    context: NDArray[np.float32]  # [N, 7, C]
    temperature_c: NDArray[np.float32]  # [N, T]
    season: NDArray[np.float64]  # [N]
    week_ids: tuple[str, ...]  # [N]

    @classmethod
    def of(
        cls,
        households: HouseholdSet,
        labels: LabelEncoder | None = None,
        context: ContextEncoder | None = None,
    ) -> WeekRecords:
        """Records of a set; label statistics are computed on its training weeks only."""
        weeks = households.weeks
        encoder = labels if labels is not None else LabelEncoder.fit(households)
        calendar = context if context is not None else ContextEncoder()
        return cls(
            power_kw=weeks.power_kw,
            complete=weeks.complete,
            labels=encoder.encode(households),
            context=calendar.contexts(
                weeks.temperature_c, weeks.starts, households.time_zone, households.country
            ),
            temperature_c=weeks.temperature_c,
            season=season_of(weeks.starts),
            week_ids=weeks.ids,
        )


def season_of(starts: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """1 in a week around the winter solstice of the north, −1 around the summer's."""
    days = starts.astype("datetime64[D]")
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    middle = day_of_year + 3.5
    return np.asarray(np.cos(2 * np.pi * (middle + 10.5) / DAYS_PER_YEAR))


@dataclass(frozen=True, eq=False)
class Case:
    """The measured sum x [T], kW, of different households [K] complete in one week."""

    week: int
    households: Ints
    x: NDArray[np.float64]

    @property
    def k(self) -> int:
        """Number of households."""
        return len(self.households)


def draw_cases(
    records: WeekRecords,
    households: Ints,
    weeks: Ints,
    repeats: int,
    k_range: tuple[int, int],
    seed: int,
) -> list[Case]:
    """`repeats` sums a week, in the order of `weeks`; K log-uniform in `k_range` (inclusive).

    Households are drawn without replacement among those complete in the week; K is cut to their
    number. DataError if there is none.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for week in weeks:
        present = households[records.complete[households, week]]
        if len(present) == 0:
            raise DataError(
                f"No household of those asked for is complete in {records.week_ids[week]}."
            )
        for _ in range(repeats):
            k = min(log_uniform(k_range, rng), len(present))
            rows = rng.choice(present, size=k, replace=False)
            x = records.power_kw[rows, week].sum(axis=0, dtype=np.float64)
            cases.append(Case(int(week), rows, x))
    return cases


def log_uniform(k_range: tuple[int, int], rng: np.random.Generator) -> int:
    """One K, log-uniform between both ends (inclusive)."""
    low, high = k_range
    return min(high, int(np.exp(rng.uniform(np.log(low), np.log(high + 1)))))


def draw_indices(count: int, n: int, generator: torch.Generator) -> Ints:
    """n indices below count, with replacement, from a torch generator."""
    return torch.randint(count, (n,), generator=generator).numpy()
