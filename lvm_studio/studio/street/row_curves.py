"""Keeps decoded curves by draw and row of the fan: only a draw new to its row is decoded.

Runs on the compute thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Decode = Callable[["Tensor", NDArray[np.int64]], NDArray[np.float32]]
"""Curves [m, T] of latents [m, dim] and the rows [m] that they stand in."""

MOST_KEPT = 16_384
"""Curves kept: 22 MB of weeks. As λ slides to and fro few draws ever stand in a row."""


class RowCurves:
    """The curves of every draw that has stood in a row; for one set of draws."""

    def __init__(self) -> None:
        self._draws: object = None
        self._rows = 0
        self._places: dict[int, int] = {}
        self._curves = np.empty((0, 0), np.float32)

    def curves(self, u: Tensor, picked: NDArray[np.int64], decode: Decode) -> NDArray[np.float32]:
        """Curves [n, T] with draw picked[i] of u [draws, dim] in row i.

        `u` is told apart by identity: other draws, other curves. So are other numbers of rows,
        whose noise is another.
        """
        known = self._draws is u and self._rows == len(picked)
        if not known or len(self._places) + len(picked) > MOST_KEPT:
            self._draws, self._rows, self._places = u, len(picked), {}
        pairs = (np.arange(len(picked)) * len(u) + picked).tolist()
        fresh = np.array([i for i, pair in enumerate(pairs) if pair not in self._places], np.int64)
        if len(fresh):
            self._keep([pairs[i] for i in fresh], decode(u[picked[fresh]], fresh))
        return self._curves[[self._places[pair] for pair in pairs]]

    def _keep(self, pairs: list[int], curves: NDArray[np.float32]) -> None:
        first = len(self._places)
        end = first + len(pairs)
        if first == 0 or end > len(self._curves):
            room = np.empty((max(end, min(MOST_KEPT, 2 * end)), curves.shape[1]), curves.dtype)
            if first:
                room[:first] = self._curves[:first]
            self._curves = room
        self._curves[first:end] = curves
        self._places.update(zip(pairs, range(first, end), strict=True))
