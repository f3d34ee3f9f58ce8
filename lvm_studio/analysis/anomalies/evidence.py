"""Do the scores find what was planted? The synthetic set of 8.4.3, beside two other detectors."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.fitting import FitSpec, fitted, vectors_module
from lvm_studio.analysis.anomalies.roc import Roc
from lvm_studio.analysis.anomalies.scores import typed_scores, weighted_scores
from lvm_studio.analysis.anomalies.steps import Step, part_of
from lvm_studio.data.vectors.planted import PlantedSet, SyntheticAnomalies
from lvm_studio.data.vectors.sets import VectorSet

VAE: Final = "VAE"
CVAE: Final = "conditional VAE"
WEIGHTED: Final = ", importance-weighted"
FOREST: Final = "IsolationForest"
ENVELOPE: Final = "EllipticEnvelope"
TEST_SEED = 10_000


@dataclass(frozen=True)
class SyntheticSpec:
    """What is drawn, learned and judged; everything is repeated for every seed.

    The plain VAE has as many latent coordinates as k and z have together.
    """

    law: SyntheticAnomalies = field(default_factory=SyntheticAnomalies)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    train_rows: int = 20_000
    test_rows: int = 4000
    planted_share: float = 0.1
    samples: int = 64
    fit: FitSpec = field(default_factory=FitSpec)


@dataclass(frozen=True, eq=False)
class SyntheticEvidence:
    """`curves[detector, kind]`: one curve for each seed; kind 'A' or 'B'."""

    spec: SyntheticSpec
    curves: Mapping[tuple[str, str], tuple[Roc, ...]]

    @property
    def detectors(self) -> tuple[str, ...]:
        """In the order in which they were asked."""
        return tuple(dict.fromkeys(detector for detector, _ in self.curves))

    def aucs(self, detector: str, kind: str) -> NDArray[np.float64]:
        """Areas under the curves, one for each seed."""
        return np.array([roc.auc for roc in self.curves[detector, kind]])

    def hits(self, detector: str, kind: str) -> NDArray[np.float64]:
        """Curves [seeds, 201]."""
        return np.array([roc.hits for roc in self.curves[detector, kind]])


def synthetic_evidence(spec: SyntheticSpec) -> Generator[Step, None, SyntheticEvidence]:
    """Train both models and both rivals on clean rows, judge all on the same planted ones."""
    found: dict[tuple[str, str], list[Roc]] = {}
    for place, seed in enumerate(spec.seeds):
        train = _vectors(spec.law.draw(spec.train_rows, seed=seed))
        share = spec.planted_share
        drawn = spec.law.draw(spec.test_rows, seed=TEST_SEED + seed, share_a=share, share_b=share)
        test = _vectors(drawn)
        for (detector, kind), scores in (yield from _scores(spec, seed, place, train, test)):
            found.setdefault((detector, kind), []).append(_roc(scores, drawn.kind, kind))
    curves = {key: tuple(rocs) for key, rocs in found.items()}
    return SyntheticEvidence(spec, curves)


Scored = list[tuple[tuple[str, str], NDArray[np.float64]]]


def _scores(
    spec: SyntheticSpec, seed: int, place: int, train: VectorSet, test: VectorSet
) -> Generator[Step, None, Scored]:
    factors = spec.law.factors
    plain = replace(spec.fit, conditional=False, latent_z=spec.fit.latent_z + factors, seed=seed)
    told = replace(spec.fit, conditional=True, seed=seed)
    scored: Scored = []
    for half, (name, fit) in enumerate(((VAE, plain), (CVAE, told))):
        begin, end = ((place + (half + done) / 2) / len(spec.seeds) for done in (0, 1))
        trained = yield from part_of(fitted(fit, train), begin, end, f"seed {seed}, {name}: ")
        model = vectors_module(trained)
        generator = torch.Generator().manual_seed(seed)
        by_mean = typed_scores(model, test)
        by_weight = weighted_scores(model, test, spec.samples, generator)
        for detector, scores in ((name, by_mean), (name + WEIGHTED, by_weight)):
            scored += [((detector, "A"), scores.a), ((detector, "B"), scores.b)]
    for name, rival in _rivals(train, test, seed).items():
        scored += [((name, "A"), rival), ((name, "B"), rival)]
    return scored


def _rivals(train: VectorSet, test: VectorSet, seed: int) -> dict[str, NDArray[np.float64]]:
    """One score each, for both kinds alike: these detectors know no types. They see x and k."""
    from sklearn.covariance import EllipticEnvelope
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=seed).fit(_seen(train))
    envelope = EllipticEnvelope(random_state=seed, support_fraction=0.99).fit(_seen(train))
    return {
        FOREST: -forest.score_samples(_seen(test)),
        ENVELOPE: -envelope.score_samples(_seen(test)),
    }


def _seen(vectors: VectorSet) -> NDArray[np.float32]:
    return vectors.x if vectors.k is None else np.concatenate([vectors.x, vectors.k], axis=1)


def _roc(scores: NDArray[np.float64], kinds: NDArray[np.str_], kind: str) -> Roc:
    asked = (kinds == kind) | (kinds == "clean")
    return Roc.of(scores[asked], kinds[asked] == kind)


def _vectors(drawn: PlantedSet) -> VectorSet:
    return VectorSet("Synthetic anomalies", drawn.x, drawn.k, {"kind": drawn.kind})
