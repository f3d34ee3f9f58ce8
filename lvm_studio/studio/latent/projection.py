"""Projects latent coordinates onto the two of the map, and takes clicks on it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.studio.numerals import percent
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.pca import PCA


@dataclass(frozen=True, eq=False)
class Projection:
    """Two orthonormal directions [2, dim] around a centre [dim].

    >>> axes = Projection.onto_axes(3, (2, 0), ("c", "a"))
    >>> axes.project(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 1.0]]
    >>> axes.moved(np.array([1.0, 2.0, 3.0]), (9.0, 8.0)).tolist()
    [8.0, 2.0, 9.0]
    """

    centre: Floats
    directions: Floats
    titles: tuple[str, str]

    @classmethod
    def onto_axes(cls, dim: int, axes: tuple[int, int], titles: tuple[str, str]) -> Projection:
        """Two different coordinates themselves."""
        if axes[0] == axes[1]:
            raise ValueError("A map needs two different dimensions.")
        return cls(np.zeros(dim), np.eye(dim)[list(axes)], titles)

    @classmethod
    def onto_components(cls, pca: PCA, pair: tuple[int, int]) -> Projection:
        """Two principal components, with their shares of the variance in the titles."""
        first, second = (
            f"principal component {i + 1} ({percent(pca.explained[i])} of variance)" for i in pair
        )
        return cls(pca.centre, pca.components[list(pair)], (first, second))

    @property
    def origin(self) -> tuple[float, float]:
        """Where u = 0 lies on the map: the middle of the prior."""
        x, y = self.project(np.zeros((1, len(self.centre))))[0]
        return float(x), float(y)

    def project(self, u: Floats) -> Floats:
        """Map coordinates [n, 2] of rows u [n, dim]."""
        return np.asarray((u - self.centre) @ self.directions.T)

    def covariance(self, std: Floats) -> Floats:
        """Covariances [n, 2, 2] in the plane of independent coordinates with std [n, dim]."""
        variance = np.asarray(std, dtype=np.float64) ** 2
        return np.einsum("ai,ni,bi->nab", self.directions, variance, self.directions, optimize=True)

    def moved(self, u: Floats, xy: tuple[float, float]) -> Floats:
        """Row u [dim] moved within the map's plane to xy; all else is kept."""
        shift = np.asarray(xy) - self.project(u[None])[0]
        return np.asarray(u + shift @ self.directions)
