"""The outcome of judging predictors on weeks they never saw, with standard errors by week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView

METRICS: Mapping[str, str] = {
    "energy_score": "energy score, kW/household",
    "error": "error of the mean, summed over the week, kW/household",
    "crps": "CRPS, W/household",
    "cover50": "50 % band covers",
    "cover80": "80 % band covers",
    "cover90": "90 % band covers",
    "peak80": "80 % band of the peak covers",
    "sustained80": "80 % band of 8 h sustained covers",
    "flexibility80": "80 % band of flexibility covers",
}
"""What is measured and how it is called. Energy score: see `scores.energy_score`, in kW per
household over the week's half-hours. Error of the mean: sum of |x − mean curve| over the week's
half-hours, per household."""


@dataclass(frozen=True)
class Estimate:
    """A mean over weeks and its standard error by week."""

    mean: float
    se: float

    def __str__(self) -> str:
        """With two digits of the error, as '19.1 ± 1.2'."""
        digits = 3
        if np.isfinite(self.se) and self.se > 0:
            digits = int(np.clip(1 - np.floor(np.log10(self.se)), 0, 3))
        return f"{self.mean:.{digits}f} ± {self.se:.{digits}f}"


@dataclass(frozen=True)
class FidelityRow:
    """One predictor: an estimate for each metric."""

    predictor: str
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, eq=False)
class FidelityReport:
    """Scores of P predictors on R sums in each of N weeks; the same sums for all.

    The sums of one week share its weather, so that weeks, not sums, count as observations:
    every standard error is that of the N weekly means.
    """

    predictors: tuple[str, ...]
    weeks: tuple[str, ...]
    scores: NDArray[np.float64]  # [P, metrics, N, R]
    k: NDArray[np.int64]  # [N, R]
    samples: int  # curves drawn by each predictor for each sum
    seed: int

    def __post_init__(self) -> None:
        shape = (len(self.predictors), len(METRICS), *self.k.shape)
        if self.scores.shape != shape or len(self.weeks) != len(self.k):
            raise DataError(f"fidelity/scores has shape {self.scores.shape}, expected {shape}.")

    def by_week(self, predictor: str, metric: str = "energy_score") -> NDArray[np.float64]:
        """Weekly means [N] of one metric of one predictor."""
        row, column = self._row(predictor), list(METRICS).index(metric)
        return np.asarray(self.scores[row, column].mean(axis=1))

    def estimate(self, predictor: str, metric: str = "energy_score") -> Estimate:
        """Mean and standard error by week."""
        return mean_by_week(self.by_week(predictor, metric))

    def rows(self) -> tuple[FidelityRow, ...]:
        """One row a predictor, in their order."""
        return tuple(
            FidelityRow(name, {metric: self.estimate(name, metric) for metric in METRICS})
            for name in self.predictors
        )

    def difference(self, first: str, second: str, metric: str = "energy_score") -> Estimate:
        """first − second, paired by week."""
        return mean_by_week(self.by_week(first, metric) - self.by_week(second, metric))

    def ratio(self, first: str, second: str, metric: str = "energy_score") -> Estimate:
        """Mean of first ÷ mean of second; the error by the delta method over paired weeks."""
        above, below = self.by_week(first, metric), self.by_week(second, metric)
        ratio = above.mean() / below.mean()
        return Estimate(float(ratio), mean_by_week((above - ratio * below) / below.mean()).se)

    def table(self) -> str:
        """Markdown: a row a predictor, then the first against each other, paired by week."""
        lines = [
            "| predictor | " + " | ".join(METRICS.values()) + " |",
            "|" + "---|" * (len(METRICS) + 1),
            *(_line(row) for row in self.rows()),
            "",
            *(self._comparison(other) for other in self.predictors[1:]),
            f"{len(self.weeks)} weeks, {self.k.shape[1]} sums each of {self.k.min()} to "
            f"{self.k.max()} households, {self.samples} curves a sum, seed {self.seed}; "
            "± is the standard error by week.",
        ]
        return "\n".join(lines)

    def _comparison(self, other: str) -> str:
        first = self.predictors[0]
        difference, ratio = self.difference(first, other), self.ratio(first, other)
        return f"- Energy score of {first} − {other}: {difference}; ratio {ratio}"

    def _row(self, predictor: str) -> int:
        try:
            return self.predictors.index(predictor)
        except ValueError:
            known = ", ".join(self.predictors)
            raise DataError(f"'{predictor}' was not judged; there are {known}.") from None

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "predictors": list(self.predictors),
            "metrics": list(METRICS),
            "weeks": list(self.weeks),
            "scores": self.scores,
            "k": self.k,
            "samples": self.samples,
            "seed": self.seed,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> FidelityReport:
        """The report a plain form describes; DataError names what does not fit."""
        view = TreeView(tree, "fidelity")
        if view.strings("metrics") != tuple(METRICS):
            raise DataError("fidelity/metrics: measured by another version; measure again.")
        return cls(
            predictors=view.strings("predictors"),
            weeks=view.strings("weeks"),
            scores=view.array("scores", (None, None, None, None)).astype(np.float64),
            k=view.array("k", (None, None)).astype(np.int64),
            samples=view.integer("samples"),
            seed=view.integer("seed"),
        )


def mean_by_week(weekly: NDArray[np.float64]) -> Estimate:
    """Mean of weekly values [N] and its standard error; of one week the error is unknown: nan."""
    count = len(weekly)
    se = weekly.std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
    return Estimate(float(weekly.mean()), float(se))


def _line(row: FidelityRow) -> str:
    return f"| {row.predictor} | " + " | ".join(map(str, row.estimates.values())) + " |"
