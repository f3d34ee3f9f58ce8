"""How well a score tells anomalies from clean vectors, at every threshold at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRID = np.linspace(0.0, 1.0, 201)
"""Fall-outs (share of clean vectors above the threshold) at which curves are kept."""


@dataclass(frozen=True, eq=False)
class Roc:
    """`hits` [201]: share of anomalies found at the fall-outs of `GRID`; `auc` the area under it.

    The area is the chance that an anomaly scores above a clean vector, ties counted as half.

    >>> Roc.of(np.array([0.1, 0.2, 0.3, 0.9]), np.array([False, False, True, True])).auc
    1.0
    """

    hits: NDArray[np.float64]
    auc: float

    @classmethod
    def of(cls, scores: NDArray[np.float64], anomalous: NDArray[np.bool_]) -> Roc:
        """From scores [N], higher for the stranger, and what each of them is.

        Raises:
            ValueError: there are no anomalies, or nothing else.
        """
        from sklearn.metrics import roc_auc_score, roc_curve

        if anomalous.all() or not anomalous.any():
            raise ValueError("a curve needs anomalies and clean vectors")
        fall_out, hits, _ = roc_curve(anomalous, scores)
        return cls(np.interp(GRID, fall_out, hits), float(roc_auc_score(anomalous, scores)))
