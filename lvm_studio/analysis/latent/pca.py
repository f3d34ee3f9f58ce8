"""Principal components of latent coordinates, with the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PCA:
    """Orthonormal directions [r, dim] of largest variance [r] around a centre [dim].

    >>> pca = PCA.fit(np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]]))
    >>> pca.inverse(pca.project([[1.0, 1.0]])).round(6).tolist()
    [[1.0, 1.0]]
    """

    centre: Array
    components: Array
    variance: Array

    @classmethod
    def fit(cls, u: ArrayLike) -> PCA:
        """Components of rows u [n, dim], n ≥ 2, by singular values; signs are fixed."""
        rows = np.asarray(u, dtype=np.float64)
        if rows.ndim != 2 or len(rows) < 2:
            raise ValueError(f"Principal components need at least two rows; got {rows.shape}.")
        centre = rows.mean(axis=0)
        _, singular, components = np.linalg.svd(rows - centre, full_matrices=False)
        largest = np.abs(components).argmax(axis=1)
        signs = np.sign(components[np.arange(len(components)), largest])
        return cls(centre, components * signs[:, None], singular**2 / (len(rows) - 1))

    @property
    def explained(self) -> Array:
        """Share of the total variance by component [r]."""
        return np.asarray(self.variance / max(self.variance.sum(), np.finfo(float).tiny))

    def project(self, u: ArrayLike, rank: int | None = None) -> Array:
        """Scores [n, rank] of rows u [n, dim]; all components if no rank is given."""
        centred = np.asarray(u, dtype=np.float64) - self.centre
        return np.asarray(centred @ self.components[:rank].T)

    def inverse(self, scores: ArrayLike) -> Array:
        """Rows [n, dim] with scores [n, r'] on the first r' components and none on the others."""
        known = np.asarray(scores, dtype=np.float64)
        return np.asarray(self.centre + known @ self.components[: known.shape[-1]])

    def moved(self, u: ArrayLike, scores: ArrayLike) -> Array:
        """Row u [dim] with its first scores set to `scores` [r'], all else kept.

        What a click on a map of two components means for the coordinates that it does not show.
        """
        row, wanted = np.asarray(u, dtype=np.float64), np.asarray(scores, dtype=np.float64)
        shift = wanted - self.project(row, len(wanted))
        return np.asarray(row + shift @ self.components[: len(wanted)])
