"""t-SNE of latent coordinates as a job: seen while it forms, stopped at any time, added to later.

The sample is random and said; new points find their place among the old, which do not move.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lvm_studio.data.errors import DataError

if TYPE_CHECKING:
    from openTSNE import TSNEEmbedding

Array = NDArray[np.float64]

REPORT_EVERY = 10
FFT_FROM = 10_000
EXAGGERATION = 12.0
FEWEST = 12
PLACED_PERPLEXITY = 5
PLACED_ITERATIONS = 100


class EmbeddingSpec(BaseModel):
    """How a t-SNE is made.

    perplexity: neighbours that count for a point; points: at most so many, drawn at random by
    `seed`; early: iterations with exaggerated attraction, then `iterations` without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    perplexity: float = Field(30.0, ge=2.0, le=200.0)
    points: int = Field(2000, ge=50, le=50_000)
    early: int = Field(250, ge=0, le=2000)
    iterations: int = Field(500, ge=10, le=5000)
    seed: int = Field(0, ge=0)


@dataclass(frozen=True, eq=False)
class Embedding:
    """Points xy [m, 2] of rows u [m, dim]; `rows` [m] is where they stood among all, `done` of
    `total` iterations; `kl` what the map loses, nats."""

    spec: EmbeddingSpec
    rows: NDArray[np.int64]
    u: Array
    xy: Array
    done: int
    total: int
    kl: float

    def near(self, u: Array) -> tuple[float, float]:
        """Roughly where one more row u [dim] belongs: the median place of its five nearest."""
        squared = ((self.u - u) ** 2).sum(axis=1)
        x, y = np.median(self.xy[np.argsort(squared)[:5]], axis=0)
        return float(x), float(y)


@dataclass(frozen=True, eq=False)
class EmbeddingJob:
    """Embed a random sample of the rows u [n, dim]; reports are Embeddings, so is the result."""

    u: Array
    spec: EmbeddingSpec

    def run(self) -> Generator[object, object, object]:
        """Early exaggeration, then the embedding itself."""
        import openTSNE

        spec = self.spec
        u, rows = _sample(self.u, spec)
        affinities = _affinities(u, spec)
        start = openTSNE.initialization.pca(u, random_state=spec.seed)
        forming = _forming(start, affinities, spec)
        done, total = 0, spec.early + spec.iterations
        while done < total:
            early = done < spec.early
            count = min(REPORT_EVERY, (spec.early if early else total) - done)
            forming.optimize(
                count,
                exaggeration=EXAGGERATION if early else 1.0,
                momentum=0.5 if early else 0.8,
                inplace=True,
            )
            done += count
            kl = float(forming.kl_divergence)
            yield (made := Embedding(spec, rows, u, np.array(forming, float), done, total, kl))
        return made


@dataclass(frozen=True, eq=False)
class Placed:
    """Where new rows stand, [n, 2], among the old ones."""

    xy: Array


@dataclass(frozen=True, eq=False)
class PlacingJob:
    """Place new rows u [n, dim] on an embedding that stays as it is."""

    embedding: Embedding
    u: Array

    def run(self) -> Generator[object, object, object]:
        """One report: `Placed`."""
        placed = Placed(place(self.embedding, self.u))
        yield placed
        return placed


def place(embedding: Embedding, u: Array) -> Array:
    """Places [n, 2] of new rows u [n, dim]; the embedding's own points do not move."""
    spec = embedding.spec
    affinities = _affinities(embedding.u, spec)
    old = _forming(embedding.xy, affinities, spec)
    neighbours = min(PLACED_PERPLEXITY, len(embedding.u) // 3)
    new = old.prepare_partial(u, initialization="median", k=neighbours, perplexity=neighbours)
    new.optimize(PLACED_ITERATIONS, learning_rate=0.1, exaggeration=1.5, momentum=0.8, inplace=True)
    return np.array(new, dtype=np.float64)


def _sample(u: Array, spec: EmbeddingSpec) -> tuple[Array, NDArray[np.int64]]:
    if len(u) < FEWEST:
        raise DataError(f"{len(u)} points are too few for t-SNE; encode {FEWEST} or more.")
    count = min(spec.points, len(u))
    rows = np.sort(np.random.default_rng(spec.seed).permutation(len(u))[:count])
    return np.ascontiguousarray(u[rows], dtype=np.float64), rows


def _affinities(u: Array, spec: EmbeddingSpec) -> object:
    import openTSNE

    perplexity = min(spec.perplexity, (len(u) - 1) / 3)
    return openTSNE.affinity.PerplexityBasedNN(
        u, perplexity=perplexity, n_jobs=1, random_state=spec.seed
    )


def _forming(xy: Array, affinities: object, spec: EmbeddingSpec) -> TSNEEmbedding:
    import openTSNE

    method = "fft" if len(xy) >= FFT_FROM else "bh"
    return openTSNE.TSNEEmbedding(
        np.array(xy), affinities, negative_gradient_method=method, n_jobs=1, random_state=spec.seed
    )
