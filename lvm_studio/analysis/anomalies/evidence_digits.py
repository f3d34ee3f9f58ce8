"""Digits that do not look like what they are said to be: wrong labels, and hard ones (8.4.3)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.classifiers import classifier
from lvm_studio.analysis.anomalies.fitting import FitSpec, fitted, vectors_module
from lvm_studio.analysis.anomalies.roc import Roc
from lvm_studio.analysis.anomalies.scores import typed_scores
from lvm_studio.analysis.anomalies.steps import Step, part_of
from lvm_studio.data.vectors.sets import VectorSet

CLASSES: Final = 10
LOSSES: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Log-losses of a classifier above which a digit counts as hard (Fig. 8.6)."""
HELD_OUT: Final = 0.2


@dataclass(frozen=True, eq=False)
class DigitEvidence:
    """Of one seed; `hard[model]` holds one area for each of `LOSSES`, nan where none is hard."""

    wrong: dict[str, Roc]
    hard: dict[str, NDArray[np.float64]]
    accuracy: float


def digit_evidence(
    digits: VectorSet, seed: int, steps: int = 1500
) -> Generator[Step, None, DigitEvidence]:
    """A conditional VAE told the digit, and one told nothing; half of the test labels are wrong.

    The classifier is a small network of scikit-learn, where the text has a LeNet-5.
    """
    train, test = digits.split(HELD_OUT, seed)
    rng = np.random.default_rng(seed)
    right = test.labels["digit"]
    swapped = rng.random(len(test)) < 0.5
    said = np.where(swapped, (right + rng.integers(1, CLASSES, size=len(test))) % CLASSES, right)
    chances = classifier(train.x, train.labels["digit"], seed).predict_proba(test.x)
    loss = -np.log(np.maximum(chances[np.arange(len(test)), right], 1e-12))
    wrong, hard = {}, {}
    fit = FitSpec(
        steps=steps, batch=128, hidden=256, latent_z=16, dropout=0.1, noise="global", seed=seed
    )
    models = (("VAE", replace(fit, conditional=False)), ("conditional VAE", fit))
    for place, (name, spec) in enumerate(models):
        training = fitted(spec, _told(train, train.labels["digit"]))
        trained = yield from part_of(training, place / 2, (place + 1) / 2, f"digits, {name}: ")
        module = vectors_module(trained)
        wrong[name] = Roc.of(typed_scores(module, _told(test, said)).b, swapped)
        scores = typed_scores(module, _told(test, right)).b
        hard[name] = np.array([_auc(scores, loss > limit) for limit in LOSSES])
    return DigitEvidence(wrong, hard, float(np.mean(chances.argmax(1) == right)))


def _told(digits: VectorSet, labels: NDArray[np.int64]) -> VectorSet:
    """The images with what is said of them, one number a class."""
    return replace(digits, k=np.eye(CLASSES, dtype=np.float32)[labels])


def _auc(scores: NDArray[np.float64], hard: NDArray[np.bool_]) -> float:
    return Roc.of(scores, hard).auc if hard.any() and not hard.all() else float("nan")
