"""What was picked out of many observations: a selection that every panel may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.composition import Composition
from lvm_studio.studio.numerals import counted


@dataclass(frozen=True, eq=False)
class Selection:
    """n observations, chosen together.

    Args:
        title: where they were chosen, in words.
        x: [n, D] as observed, in `unit`.
        columns: what is known of each, [n] a column; `titles` says how to call them.
        unit: of x.
        u: [n, dim] where a model puts them, or none.
        members: the household ids in each sum, empty for what is no sum of households.
        weeks: [n] ISO weeks of the sums, empty for what is no week.

    >>> Selection("two", np.array([[1.0, 3.0], [3.0, 5.0]])).mean.tolist()
    [2.0, 4.0]
    """

    title: str
    x: NDArray[np.floating]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    u: NDArray[np.floating] | None = None
    members: tuple[tuple[str, ...], ...] = ()
    weeks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def count(self) -> str:
        """How many of what.

        >>> Selection("two", np.zeros((2, 3))).count
        '2 observations'
        """
        return counted(len(self), "sum" if self.members else "observation")

    @property
    def mean(self) -> NDArray[np.float64]:
        """[D]."""
        return np.asarray(self.x.mean(axis=0, dtype=np.float64))

    def band(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """10 % and 90 % quantiles [D] of the observations."""
        low, high = np.percentile(self.x, [10, 90], axis=0)
        return low, high

    @property
    def middle(self) -> int:
        """The row nearest to the mean of all: the one that stands for them."""
        return int(((self.x - self.mean) ** 2).sum(axis=1).argmin())

    @property
    def composition(self) -> Composition | None:
        """The households of the middle row; None where observations are no sums."""
        if not self.members:
            return None
        return Composition(tuple((one, 1) for one in self.members[self.middle]))

    def statistics(self) -> list[tuple[str, float, float, float, float]]:
        """(title, mean, standard deviation, least, most) of each column of numbers."""
        rows: list[tuple[str, float, float, float, float]] = []
        for name, column in self.columns.items():
            if column.dtype.kind in "fiu":
                numbers = column.astype(np.float64)
                mean, spread = float(numbers.mean()), float(numbers.std())
                ends = float(numbers.min()), float(numbers.max())
                rows.append((self.titles.get(name, name), mean, spread, *ends))
        return rows
