"""Shapes of a day, ordered by how well they tell households apart (a discriminant analysis).

What a meter shows in a single half-hour is mostly chance. Some shapes of a whole day (much at
night, little at noon) differ more between households than they vary within one, so that a
household's own part can be shrunk by less in these shapes than in all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from lvm_studio.data.units import DAY

Array = NDArray[np.float64]

LEAST_NOISE = 1e-3
"""No shape has less noise than this share of the mean half-hour's."""

LEAST_TOLD = 1e-4
"""No shape tells households apart less than this, relative to the one that does best."""

BEST = 8
"""How many of the best shapes make the unit of `told`."""


@dataclass(frozen=True, eq=False)
class DayShapes:
    """A basis of day curves in which the noise of a household is white.

    to_shapes, to_curves: [48, 48], inverse to each other; curves [..., 48] @ to_shapes gives
    coordinates. told [48]: variance between households ÷ that within one, shape by shape, in
    multiples of the median over the `BEST` best shapes.
    """

    to_shapes: Array
    to_curves: Array
    told: Array

    @classmethod
    def of(
        cls, power_kw: NDArray[np.float32], complete: NDArray[np.bool_], weight: Array
    ) -> DayShapes:
        """Shapes of households' weeks [H, N, 336], of which some are complete [H, N].

        weight [H]: one over a household's noise variance, up to a factor.
        """
        noise, means, sizes, days = np.zeros((DAY, DAY)), [], [], 0
        for curves, there, w in zip(power_kw, complete, weight, strict=True):
            if not there.any():
                continue
            seen = curves[there].reshape(-1, DAY).astype(np.float64)
            means.append(seen.mean(axis=0))
            sizes.append(np.sqrt(w))
            spread = (seen - means[-1]) * sizes[-1]
            noise += spread.T @ spread
            days += len(seen)
        noise = noise / days
        noise += (LEAST_NOISE * np.trace(noise) / DAY + 1e-12) * np.eye(DAY)
        apart = (np.stack(means) - np.mean(means, axis=0)) * np.array(sizes)[:, None]
        between = apart.T @ apart / len(means) - noise * (len(means) / days)
        told, to_shapes = eigh(between, noise)
        told = np.maximum(told, LEAST_TOLD * max(float(told[-1]), 1e-12))
        return cls(to_shapes, np.linalg.inv(to_shapes), told / np.median(told[-BEST:]))
