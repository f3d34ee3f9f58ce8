"""Vectors with anomalies of known kind in them: the synthetic set of chapter 8.4, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["clean", "A", "B"]


@dataclass(frozen=True, eq=False)
class PlantedSet:
    """Vectors x [N, D] under conditions k [N, E]; kind [N] says what was planted in each."""

    x: NDArray[np.float32]
    k: NDArray[np.float32]
    kind: NDArray[np.str_]


@dataclass(frozen=True)
class SyntheticAnomalies:
    """A hierarchy as in a detector: `factors` causes, each driving a group of features.

    The causes u are what the condition k says of them plus a small latent part,
    `u = R k + spread z`, and feature i of group g is `a_i sin(w_i u_g + b_i) + noise e_i`. An
    anomaly of type A moves one feature by `feature_shift` standard deviations of its noise; one of
    type B moves one z by `latent_shift`, with small consequences for all features of its group
    (8.4.1, and the sizes of 8.4.3: x of 100 dimensions, k of 5).

    >>> SyntheticAnomalies().draw(6, seed=0, share_a=0.5).kind.tolist()
    ['A', 'A', 'A', 'clean', 'clean', 'clean']
    """

    features: int = 100
    factors: int = 5
    spread: float = 0.15
    noise: float = 0.3
    feature_shift: float = 8.0
    latent_shift: float = 4.5
    world: int = 2021

    def draw(self, n: int, *, seed: int, share_a: float = 0.0, share_b: float = 0.0) -> PlantedSet:
        """n vectors, the first of them of type A, the next of type B, by their shares.

        `world` fixes the laws of the features, `seed` what is drawn under them.
        """
        rng = np.random.default_rng(seed)
        count_a, count_b = round(share_a * n), round(share_b * n)
        rows_a, rows_b = np.arange(count_a), count_a + np.arange(count_b)
        k, z = rng.normal(size=(2, n, self.factors))
        factor, feature = rng.integers(self.factors, size=n), rng.integers(self.features, size=n)
        z[rows_b, factor[rows_b]] += self.latent_shift * _signs(rng, count_b)
        x = self._mean(k, z) + self.noise * rng.normal(size=(n, self.features))
        x[rows_a, feature[rows_a]] += self.feature_shift * self.noise * _signs(rng, count_a)
        kind = np.full(n, "clean")
        kind[rows_a], kind[rows_b] = "A", "B"
        return PlantedSet(x.astype(np.float32), k.astype(np.float32), kind)

    def _mean(self, k: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        laws = np.random.default_rng(self.world)
        rotation = np.linalg.qr(laws.normal(size=(self.factors, self.factors)))[0]
        amplitude, frequency = laws.uniform(0.5, 1.5, size=(2, self.features))
        phase = laws.uniform(0.0, 2.0 * np.pi, size=self.features)
        u = k @ rotation + self.spread * z
        group = np.arange(self.features) % self.factors
        mean: NDArray[np.float64] = amplitude * np.sin(frequency * u[:, group] + phase)
        return mean


def _signs(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0], size=n)
