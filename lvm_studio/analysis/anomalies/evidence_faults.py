"""Do the scores find faults of six kinds in weeks of households, and name their type?"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.fitting import fitted, vectors_module, week_fit
from lvm_studio.analysis.anomalies.scores import TypedScores, typed_scores, weighted_scores
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.analysis.anomalies.verdicts import Thresholds
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.planted_faults import FAULTS, plant
from lvm_studio.data.vectors import VectorSet
from lvm_studio.data.week_vectors import WeekVectors, rows_of
from lvm_studio.models.vectors import VectorVAE

TYPED: Final = "A or B, whichever stands out more"
WEIGHTED: Final = "the same, importance-weighted"
LIKELIHOOD: Final = "log-likelihood at the mean of q, less KL"
WAYS: Final = (TYPED, WEIGHTED, LIKELIHOOD)
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
    """Train on training weeks; plant every fault into every held-out week; three ways to rank."""
    split, weeks = households.split, households.weeks
    codec = WeekVectors.fit(households)
    who = np.intersect1d(np.flatnonzero(codec.known), households.indices(split.train_households))
    train = codec.vectors(rows_of(households, who, weeks.indices(split.train_weeks)))
    clean = rows_of(households, who, weeks.indices(split.heldout_weeks))
    found: dict[tuple[str, str], list[float]] = {}
    type_a: dict[str, list[float]] = {}
    for place, seed in enumerate(seeds):
        steps_of = fitted(week_fit(steps, seed), train)
        while True:
            try:
                step = next(steps_of)
            except StopIteration as end:
                module = vectors_module(end.value)
                break
            yield Step((place + step.share) / len(seeds), f"weeks, seed {seed}: {step.sentence}")
        judge = _Judge(module, codec.vectors(clean), seed, samples)
        for kind in FAULTS:
            curves = plant(kind, clean.curves, np.random.default_rng(seed))
            shares, share_a = judge.shares(codec.vectors(clean.with_curves(curves)))
            type_a.setdefault(kind, []).append(share_a)
            for way, share in shares.items():
                found.setdefault((way, kind), []).append(share)
    return FaultEvidence(
        {key: np.array(shares) for key, shares in found.items()},
        {kind: np.array(shares) for kind, shares in type_a.items()},
        len(clean),
    )


class _Judge:
    """One trained model and its thresholds from clean weeks."""

    def __init__(self, module: VectorVAE, clean: VectorSet, seed: int, samples: int) -> None:
        self._module, self._seed, self._samples = module, seed, samples
        self._plain = Thresholds.from_clean(typed_scores(module, clean), TOP)
        self._weighted = Thresholds.from_clean(self._by_weight(clean), TOP)
        self._limits = {
            way: float(np.percentile(scores, TOP)) for way, scores in self._ranks(clean).items()
        }

    def shares(self, planted: VectorSet) -> tuple[dict[str, float], float]:
        """Share above the limit of each way, and share named A."""
        ranks = self._ranks(planted)
        shares = {way: float(np.mean(ranks[way] > limit)) for way, limit in self._limits.items()}
        types = self._plain.types(typed_scores(self._module, planted))
        return shares, float(np.mean(types == "A"))

    def _ranks(self, vectors: VectorSet) -> dict[str, NDArray[np.float64]]:
        plain, weighted = typed_scores(self._module, vectors), self._by_weight(vectors)
        return {
            TYPED: self._plain.margins(plain).max(axis=1),
            WEIGHTED: self._weighted.margins(weighted).max(axis=1),
            LIKELIHOOD: 0.5 * np.square(plain.off).sum(1) + plain.b,
        }

    def _by_weight(self, vectors: VectorSet) -> TypedScores:
        generator = torch.Generator().manual_seed(self._seed)
        return weighted_scores(self._module, vectors, self._samples, generator)
