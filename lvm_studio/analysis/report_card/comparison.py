"""Generated against real, beside real against real, statistic by statistic, with errors by week."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints
from lvm_studio.analysis.report_card.features import Features

Distance = Callable[[Features, Features], float]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """A distance of generated curves from real ones, its error, and the floor beside it."""

    distance: float
    se: float
    floor: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Features of the same M sums: measured, generated from the same labels and weather, and
    measured in as many households of the other half in the same week.
    """

    split: Ints
    week: Ints
    real: Features
    generated: Features
    other: Features

    def measure(self, distance: Distance) -> Measured:
        """The mean distance over splits, for generated and for other households alike.

        Both compare as many curves with the same real ones, so that what the distance of small
        samples adds is in both.
        """

        def generated(rows: Rows) -> float:
            return self._mean_over_splits(distance, self.generated, rows)

        everything = np.ones(len(self.week), dtype=np.bool_)
        return Measured(
            distance=generated(everything),
            se=jackknife(generated, self.week),
            floor=self._mean_over_splits(distance, self.other, everything),
        )

    def _mean_over_splits(self, distance: Distance, judged: Features, rows: Rows) -> float:
        chosen = [rows & (self.split == split) for split in np.unique(self.split)]
        return float(np.mean([distance(judged.at(one), self.real.at(one)) for one in chosen]))


def jackknife(statistic: Callable[[Rows], float], week: Ints) -> float:
    """Standard error by week: each week left out once; nan with fewer than two weeks.

    >>> value = np.array([1.0, 2.0, 6.0])  # of a mean it is the usual one
    >>> se = jackknife(lambda rows: float(value[rows].mean()), np.arange(3))
    >>> bool(np.isclose(se, value.std(ddof=1) / 3**0.5))
    True
    """
    weeks = np.unique(week)
    if len(weeks) < 2:
        return float("nan")
    left = np.array([statistic(week != one) for one in weeks])
    return float(np.sqrt((len(weeks) - 1) * left.var()))
