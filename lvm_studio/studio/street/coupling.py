"""Chooses which draw stands in each row of the tuned fan, changing few of them as λ moves.

Each row keeps its own base curve as long as it can (accept-reject against e^{λf}); one that is
rejected follows a fixed Gumbel race over the weighted draws, whose winner changes rarely. Every
row is a draw of the tuned law, as exact as the weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RACE_ROWS = 400
"""More rows than this are resampled systematically: a race costs rows × draws numbers."""


class RowCoupling:
    """Fixed randomness for `rows` rows and `draws` weighted draws; the same seed, the same rows."""

    def __init__(self, rows: int, draws: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self._keep = np.log(generator.random(rows))
        waits = generator.standard_exponential((rows, draws), dtype=np.float32)
        # Gumbel numbers are -log of these: numpy's own take six times as long, for a first move
        self._race = -np.log(np.maximum(waits, np.finfo(np.float32).tiny))

    def pick(
        self,
        lam: float,
        f: NDArray[np.float64],
        log_ratio: NDArray[np.float64],
        base: int = RACE_ROWS,
    ) -> NDArray[np.int64]:
        """Return the index of the draw in each row, [rows].

        Args:
            lam: λ ≥ 0 or < 0.
            f: [draws] normalised criterion.
            log_ratio: [draws] log p − log q of each draw.
            base: so many of the first draws are those that the rows of the base fan show; the
                rows beyond have nothing of their own to keep.

        >>> coupling = RowCoupling(rows=4, draws=16, seed=0)
        >>> coupling.pick(0.0, np.linspace(-1, 1, 16), np.zeros(16)).tolist()
        [0, 1, 2, 3]
        """
        rows = np.arange(len(self._keep))
        tilt = lam * f
        kept = (self._keep <= tilt[: len(rows)] - tilt.max()) & (rows < base)
        winners = np.argmax((tilt + log_ratio).astype(np.float32) + self._race, axis=1)
        return np.where(kept, rows, winners)
