"""Measured sums by the ten thousand as a job: enough of them for "1 in 1,000" with its band."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count

from lvm_studio.analysis.boltzmann.bands import BandSpec, RealSums, real_sums
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import retold
from lvm_studio.tuning.criteria.criterion import criterion_named


@dataclass(frozen=True)
class SumsProgress:
    """So large a share of the sums has been formed."""

    share: float


@dataclass(frozen=True, eq=False)
class SumsJob:
    """Sums of k of these households, and of each resample; the result is the RealSums."""

    households: HouseholdSet
    k: int
    criterion: str
    spec: BandSpec

    def run(self) -> Generator[SumsProgress, None, RealSums]:
        """Yield progress after every week formed."""
        weeks = len(self.households.split.train_weeks) * (self.spec.resamples + 1)
        criterion = criterion_named(self.criterion)
        formed = count(1)
        steps = real_sums(self.households, self.k, criterion, self.spec)
        return (yield from retold(steps, lambda _: SumsProgress(min(next(formed) / weeks, 1.0))))
