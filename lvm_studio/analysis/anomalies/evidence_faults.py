"""Do the scores find faults of six kinds in weeks of households, and name their type?"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.fault_library import FaultLibrary, Lessons, fault_library
from lvm_studio.analysis.anomalies.fitting import fitted, vectors_module, week_fit
from lvm_studio.analysis.anomalies.scores import TypedScores, typed_scores, weighted_scores
from lvm_studio.analysis.anomalies.steps import Step, part_of
from lvm_studio.analysis.anomalies.verdicts import Tail, Thresholds
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.planted_faults import FAULTS, plant
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.week_vectors import WeekVectors, rows_of
from lvm_studio.models.vectors import VectorVAE

TYPED: Final = "A or B, whichever stands out more"
WEIGHTED: Final = "the same, importance-weighted"
LIKELIHOOD: Final = "log-likelihood at the mean of q, less KL"
LIBRARY: Final = "known faults"
BOTH: Final = "A, B or known faults"
UNSEEN: Final = "A, B or known faults but this one"
WAYS: Final = (TYPED, WEIGHTED, LIKELIHOOD, LIBRARY, BOTH, UNSEEN)
TOP: Final = 98.0
SAMPLES: Final = 32


@dataclass(frozen=True, eq=False)
class FaultEvidence:
    """`found[way, kind]`: share above the 98th percentile of clean scores, one for each seed.

    `type_a[kind]`: share of which A is named as the type, one for each seed; `weeks` planted in.
    """

    found: Mapping[tuple[str, str], NDArray[np.float64]]
    type_a: Mapping[str, NDArray[np.float64]]
    weeks: int

    def type_right(self, kind: str) -> NDArray[np.float64] | None:
        """Share whose type is named right; None for a fault that is of no one type."""
        named = FAULTS[kind].type
        if named is None:
            return None
        return self.type_a[kind] if named == "A" else 1.0 - self.type_a[kind]


def fault_evidence(
    households: HouseholdSet,
    seeds: tuple[int, ...] = (0, 1, 2),
    steps: int = 1500,
    samples: int = SAMPLES,
) -> Generator[Step, None, FaultEvidence]:
    """Train on training weeks; plant every fault into every held-out week; six ways to rank."""
    split, weeks = households.split, households.weeks
    codec = WeekVectors.fit(households)
    who = np.intersect1d(np.flatnonzero(codec.known), households.indices(split.train_households))
    sound = rows_of(households, who, weeks.indices(split.train_weeks))
    train = codec.vectors(sound)
    clean = rows_of(households, who, weeks.indices(split.heldout_weeks))
    found: dict[tuple[str, str], list[float]] = {}
    type_a: dict[str, list[float]] = {}
    for place, seed in enumerate(seeds):
        begin, end = place / len(seeds), (place + 1) / len(seeds)
        training = fitted(week_fit(steps, seed), train)
        trained = yield from part_of(training, begin, end, f"weeks, seed {seed}: ")
        lessons = Lessons.of(codec, sound, seed)
        full = yield from part_of(fault_library(lessons, tuple(FAULTS), seed), end, end, "weeks: ")
        judge = _Judge(vectors_module(trained), full, codec.vectors(clean), seed, samples)
        for kind in FAULTS:
            curves = plant(kind, clean.curves, np.random.default_rng(seed))
            others = tuple(other for other in FAULTS if other != kind)
            taught = fault_library(lessons, others, seed, networks=1)
            blind = yield from part_of(taught, end, end, "weeks: ")
            shares, share_a = judge.shares(codec.vectors(clean.with_curves(curves)), blind)
            type_a.setdefault(kind, []).append(share_a)
            for way, share in shares.items():
                found.setdefault((way, kind), []).append(share)
    return FaultEvidence(
        {key: np.array(shares) for key, shares in found.items()},
        {kind: np.array(shares) for kind, shares in type_a.items()},
        len(clean),
    )


class _Judge:
    """One trained model, one library, and their thresholds from clean weeks."""

    def __init__(
        self, module: VectorVAE, library: FaultLibrary, clean: VectorSet, seed: int, samples: int
    ) -> None:
        self._module, self._library, self._clean = module, library, clean
        self._seed, self._samples = seed, samples
        self._plain = Thresholds.from_clean(typed_scores(module, clean), TOP)
        self._weighted = Thresholds.from_clean(self._by_weight(clean), TOP)
        self._of_clean = self._single(clean)

    def shares(self, planted: VectorSet, blind: FaultLibrary) -> tuple[dict[str, float], float]:
        """Share above the limit of each way, and share named A; `blind` does not know the fault."""
        clean, found = self._of_clean, self._single(planted)
        shares = {way: _above(clean[way], found[way]) for way in clean}
        shares[BOTH] = _above(
            *_together((clean[TYPED], clean[LIBRARY]), (found[TYPED], found[LIBRARY]))
        )
        unseen = blind.unusual(self._clean), blind.unusual(planted)
        shares[UNSEEN] = _above(*_together((clean[TYPED], unseen[0]), (found[TYPED], unseen[1])))
        types = self._plain.types(typed_scores(self._module, planted))
        return shares, float(np.mean(types == "A"))

    def _single(self, vectors: VectorSet) -> dict[str, NDArray[np.float64]]:
        plain, weighted = typed_scores(self._module, vectors), self._by_weight(vectors)
        return {
            TYPED: self._plain.margins(plain).max(axis=1),
            WEIGHTED: self._weighted.margins(weighted).max(axis=1),
            # but for the sum of log σ, which is the same for every week
            LIKELIHOOD: 0.5 * np.square(plain.off).sum(1) + plain.b,
            LIBRARY: self._library.unusual(vectors),
        }

    def _by_weight(self, vectors: VectorSet) -> TypedScores:
        generator = torch.Generator().manual_seed(self._seed)
        return weighted_scores(self._module, vectors, self._samples, generator)


Scores = tuple[NDArray[np.float64], ...]


def _together(clean: Scores, found: Scores) -> Scores:
    """Clean and planted weeks by the most surprising of several scores."""
    tails = [Tail.of(scores) for scores in clean]
    return tuple(
        np.max([tail.surprise(one) for tail, one in zip(tails, scores, strict=True)], axis=0)
        for scores in (clean, found)
    )


def _above(clean: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    return float(np.mean(found > np.percentile(clean, TOP)))
