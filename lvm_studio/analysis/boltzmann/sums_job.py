"""Measured sums by the ten thousand as a job: enough of them for "1 in 1,000" with its band."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from lvm_studio.analysis.boltzmann.bands import BandSpec, RealSums, real_sums
from lvm_studio.data.households import HouseholdSet
from lvm_studio.tuning.criteria.criterion import criterion_named

_TOLD_EVERY = 10


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
        """Yield progress after every few weeks."""
        weeks = len(self.households.split.train_weeks) * (self.spec.resamples + 1)
        criterion = criterion_named(self.criterion)
        for done, found in enumerate(real_sums(self.households, self.k, criterion, self.spec)):
            if found is not None:
                return found
            if done % _TOLD_EVERY == 0:
                yield SumsProgress(min(done / weeks, 1.0))
        raise AssertionError("the last one is the sums")
