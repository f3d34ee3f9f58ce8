"""Where the aggregated posterior is, against where the prior is: holes of a latent space seen."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CELLS = 64
MOST = 2000
AT_ONCE = 100
REACH = 3.0
HOLE = 0.25
"""A hole: q is below this share of p."""
NEGLIGIBLE = 4e-3
"""Densities below this (a standard normal of the plane has 0.16 in its middle) are nothing."""


@dataclass(frozen=True, eq=False)
class PlaneDensity:
    """q and p on a grid of a plane: `low`, `high` are its corners, q and p [G, G], x first."""

    low: tuple[float, float]
    high: tuple[float, float]
    q: Array
    p: Array

    @property
    def bits(self) -> Array:
        """log2 q/p [G, G], within ±3; NaN where there is neither."""
        tiny = np.finfo(float).tiny
        ratio = np.clip(np.log2((self.q + tiny) / (self.p + tiny)), -3.0, 3.0)
        return np.where(np.maximum(self.q, self.p) < NEGLIGIBLE, np.nan, ratio)

    @property
    def hole_share(self) -> float:
        """Share of the prior's mass where q is less than a quarter of p: drawn, never learned."""
        return float(self.p[self.q < HOLE * self.p].sum() / self.p.sum())


def plane_density(
    mean: Array, covariance: Array, origin: tuple[float, float], seed: int = 0
) -> Generator[None, None, PlaneDensity]:
    """Densities in an orthonormal plane, in slices.

    mean [n, 2] and covariance [n, 2, 2] of posteriors in the plane; p = N(origin, I) there. Of
    more than 2,000 posteriors a random sample is taken.
    """
    if len(mean) > MOST:
        chosen = np.random.default_rng(seed).choice(len(mean), MOST, replace=False)
        mean, covariance = mean[chosen], covariance[chosen]
    centre = np.asarray(origin)
    low = np.minimum(mean.min(axis=0), centre - REACH)
    high = np.maximum(mean.max(axis=0), centre + REACH)
    axes = [np.linspace(low[i], high[i], CELLS) for i in (0, 1)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    # narrower than a cell, a posterior would fall between the points of the grid
    width = np.diag(((high - low) / CELLS) ** 2)
    q = np.zeros(len(grid))
    for start in range(0, len(mean), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        q += _density(grid, mean[part], covariance[part] + width).sum(axis=0)
        yield None
    p = _density(grid, centre[None], np.eye(2)[None])[0]
    shape = (CELLS, CELLS)
    return PlaneDensity(
        (float(low[0]), float(low[1])),
        (float(high[0]), float(high[1])),
        (q / len(mean)).reshape(shape),
        p.reshape(shape),
    )


def _density(at: Array, mean: Array, covariance: Array) -> Array:
    """[n, m] densities of n Gaussians of the plane at m points."""
    determinant = np.linalg.det(covariance)
    precision = np.linalg.inv(covariance)
    d = at[None] - mean[:, None]
    squared = (
        precision[:, 0, 0, None] * d[..., 0] ** 2
        + 2.0 * precision[:, 0, 1, None] * d[..., 0] * d[..., 1]
        + precision[:, 1, 1, None] * d[..., 1] ** 2
    )
    return np.asarray(np.exp(-0.5 * squared) / (2 * np.pi * np.sqrt(determinant))[:, None])
