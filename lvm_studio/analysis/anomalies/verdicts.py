"""From scores to words: which vectors stand out from clean ones, and by which type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.scores import TypedScores

Quarter = Literal["usual", "type A", "type B", "both types"]

TAIL_PERCENTILE = 98.0
MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for a Gaussian."""


@dataclass(frozen=True)
class Yardstick:
    """How the logarithm of a score spreads over clean vectors: its median and robust deviation.

    The logarithm of both scores is close to Gaussian in its bulk, so that A and B become
    comparable, and a vector far beyond all clean ones still has a rank of its own.
    """

    centre: float
    spread: float
    threshold: float

    @classmethod
    def of(cls, clean: NDArray[np.float64], percentile: float) -> Yardstick:
        """From the scores of clean vectors [N]; the threshold is their percentile."""
        logs = np.log(np.maximum(clean, np.finfo(float).tiny))
        centre = float(np.median(logs))
        spread = float(np.median(np.abs(logs - centre))) * MAD_TO_SD
        return cls(centre, max(spread, 1e-9), float(np.percentile(clean, percentile)))

    def margin(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Deviations of log-scores from clean ones, in robust standard deviations, [N]."""
        logs = np.log(np.maximum(scores, np.finfo(float).tiny))
        return (logs - self.centre) / self.spread


@dataclass(frozen=True, eq=False)
class Tail:
    """How rare a score is among clean ones, so that scores of different kinds can be compared.

    Up to the 98th percentile of the clean scores their ranks say it, above it an exponential law
    with their mean excess.

    >>> tail = Tail.of(np.random.default_rng(0).exponential(size=5000))
    >>> [round(float(s)) for s in tail.surprise(np.array([1.0, 3.0, 12.0]))]
    [1, 3, 12]
    """

    clean: NDArray[np.float64]
    knee: float
    excess: float

    @classmethod
    def of(cls, clean: NDArray[np.float64]) -> Tail:
        """From the scores of clean vectors, [N]."""
        knee = float(np.percentile(clean, TAIL_PERCENTILE))
        above = clean[clean > knee]
        excess = float(np.mean(above - knee)) if len(above) else float(np.std(clean))
        return cls(np.sort(clean), knee, max(excess, 1e-9))

    def surprise(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """-log of the share of clean scores that are as high, in nats, [N]."""
        above = 1.0 - np.searchsorted(self.clean, scores) / len(self.clean)
        inner = -np.log(np.maximum(above, 1.0 - TAIL_PERCENTILE / 100))
        outer = np.maximum(scores - self.knee, 0.0) / self.excess
        return np.asarray(inner + outer)


@dataclass(frozen=True)
class Thresholds:
    """What counts as unusual, set by a percentile of clean vectors' scores.

    >>> rng = np.random.default_rng(0)
    >>> def drawn(n):
    ...     return TypedScores(rng.normal(size=(n, 9)), rng.exponential(size=(n, 2)),
    ...                        np.zeros((n, 9)), np.ones((n, 9)))
    >>> limits = Thresholds.from_clean(drawn(4000), percentile=99.0)
    >>> bool(np.mean(limits.quarters(drawn(4000)) == "usual") > 0.97)
    True
    """

    a: Yardstick
    b: Yardstick
    percentile: float

    @classmethod
    def from_clean(cls, clean: TypedScores, percentile: float = 98.0) -> Thresholds:
        """Learn the thresholds from clean vectors that no model was trained on."""
        a, b = Yardstick.of(clean.a, percentile), Yardstick.of(clean.b, percentile)
        return cls(a, b, percentile)

    def quarters(self, scores: TypedScores) -> NDArray[np.str_]:
        """The quarter of the A x B plane that each vector lies in, [N]."""
        over_a, over_b = scores.a > self.a.threshold, scores.b > self.b.threshold
        named = np.array(["usual", "type A", "type B", "both types"])
        return np.asarray(named[over_a.astype(int) + 2 * over_b.astype(int)])

    def margins(self, scores: TypedScores) -> NDArray[np.float64]:
        """How far A and B each stand out, on one scale, [N, 2]."""
        return np.stack([self.a.margin(scores.a), self.b.margin(scores.b)], axis=1)

    def ranking(self, scores: TypedScores) -> NDArray[np.int64]:
        """Rows from the most to the least unusual, by the larger of both margins, [N]."""
        return np.argsort(-self.margins(scores).max(axis=1), kind="stable")

    def types(self, scores: TypedScores) -> NDArray[np.str_]:
        """The type by which each vector stands out most, 'A' or 'B', [N]."""
        return np.asarray(np.array(["A", "B"])[self.margins(scores).argmax(axis=1)])
