"""Curves of stored draws in the rows of a fan: only rows in which another draw stands are decoded.

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


class RowCurves:
    """The curves last asked for, and which draw stands in each row; for one set of draws."""

    def __init__(self) -> None:
        self._draws: object = None
        self._picked = np.empty(0, np.int64)
        self._curves = np.empty((0, 0), np.float32)

    def curves(self, u: Tensor, picked: NDArray[np.int64], decode: Decode) -> NDArray[np.float32]:
        """Curves [n, T] with draw picked[i] of u [draws, dim] in row i.

        `u` is told apart by identity: other draws, other curves.
        """
        known = self._draws is u and len(self._picked) == len(picked)
        fresh = np.flatnonzero(picked != self._picked) if known else np.arange(len(picked))
        if len(fresh):
            decoded = decode(u[picked[fresh]], fresh)
            curves = self._curves.copy() if known else np.empty_like(decoded)
            curves[fresh] = decoded
            self._draws, self._picked, self._curves = u, picked, curves
        return self._curves
