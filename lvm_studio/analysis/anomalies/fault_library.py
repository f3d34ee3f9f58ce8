"""Which known fault a week looks like: small networks that saw every fault planted."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.classifiers import classifier
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.data.vectors.planted_faults import FAULTS, plant
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.week_vectors import WeekRows, WeekVectors

NETWORKS: Final = 3
FURTHEST: Final = 12.0
"""Coordinates further off than this say no more."""
PLANTING_SEED: Final = 100_000


@dataclass(frozen=True, eq=False)
class Lessons:
    """Clean training weeks [N, D + E], and the same weeks with each fault in them."""

    clean: NDArray[np.float64]
    faulty: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, codec: WeekVectors, rows: WeekRows, seed: int) -> Lessons:
        """Every fault planted once into each of the rows; other seeds than evidence plants by."""
        faulty = {}
        for place, kind in enumerate(FAULTS):
            rng = np.random.default_rng([PLANTING_SEED, seed, place])
            planted = rows.with_curves(plant(kind, rows.curves, rng))
            faulty[kind] = seen(codec.vectors(planted))
        return cls(seen(codec.vectors(rows)), faulty)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers of weights [I, O] and biases [O]; rectified between, a softmax at the end."""

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]

    def log_chances(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log chance of every class for rows x [N, I]."""
        *inner, (last, bias) = zip(self.weights, self.biases, strict=True)
        for weight, shift in inner:
            x = np.maximum(x @ weight + shift, 0.0)
        logits = x @ last + bias
        return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class FaultLibrary:
    """The chance of each known fault, if clean weeks and all faults were equally frequent.

    Args:
        kinds: the faults that it knows, keys of `FAULTS`.
        centre, spread: of clean weeks, [D + E].
        networks: their log chances are averaged.

    Arrays alone: whoever keeps one for the next search need not import what made it.
    """

    kinds: tuple[str, ...]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    networks: tuple[Network, ...]

    def chances(self, vectors: VectorSet) -> NDArray[np.float64]:
        """Of a clean week and of each of `kinds`, [N, 1 + K]."""
        logs = self._logs(vectors)
        return np.asarray(np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)))

    def unusual(self, vectors: VectorSet) -> NDArray[np.float64]:
        """Nats by which the week is no clean one: -log of that chance, [N]."""
        return np.asarray(-self._logs(vectors)[:, 0])

    def words(self, vectors: VectorSet) -> tuple[str, ...]:
        """The likeliest fault with its chance, where it is likelier than none; N texts."""
        chances = self.chances(vectors)
        best = chances.argmax(axis=1)
        return tuple(
            f"{self.kinds[kind - 1]} ({100 * row[kind]:.0f} %)" if kind else ""
            for kind, row in zip(best, chances, strict=True)
        )

    def _logs(self, vectors: VectorSet) -> NDArray[np.float64]:
        x = (seen(vectors) - self.centre) / self.spread
        return np.asarray(np.mean([net.log_chances(x) for net in self.networks], axis=0))


def fault_library(
    lessons: Lessons, kinds: Sequence[str], seed: int, networks: int = NETWORKS
) -> Generator[Step, None, FaultLibrary]:
    """Teach the networks some of the planted faults; yields one step for each network."""
    centre, spread = lessons.clean.mean(0), np.maximum(lessons.clean.std(0), 1e-6)
    x = (np.concatenate([lessons.clean, *(lessons.faulty[k] for k in kinds)]) - centre) / spread
    y = np.repeat(np.arange(1 + len(kinds)), len(lessons.clean))
    made = []
    for place in range(networks):
        yield Step(place / networks, f"learning {len(kinds)} known faults, network {place + 1}")
        taught = classifier(x, y, 1000 * seed + place)
        made.append(Network(tuple(taught.coefs_), tuple(taught.intercepts_)))
    return FaultLibrary(tuple(kinds), centre, spread, tuple(made))


def seen(vectors: VectorSet) -> NDArray[np.float64]:
    """x and k side by side, far values drawn in, [N, D + E]."""
    k = vectors.x[:, :0] if vectors.k is None else vectors.k
    told = np.concatenate([vectors.x, k], axis=1).astype(float)
    return np.asarray(np.clip(told, -FURTHEST, FURTHEST))
