"""A composition: a multi-set of households, in the order in which they were added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet, check_household_ids
from lvm_studio.data.tree import Tree, TreeView


@dataclass(frozen=True)
class Composition:
    """Households with their multiplicities; every change returns a new composition.

    >>> street = Composition.parse("MAC000002*3,MAC000003")
    >>> street.size
    4
    >>> str(street.add("MAC000003").remove("MAC000002", 2))
    'MAC000002,MAC000003*2'
    """

    counts: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.counts:
            check_household_ids([household for household, _ in self.counts])
        for household, count in self.counts:
            if count < 1:
                raise DataError(f"Household '{household}' needs a count of at least 1.")

    @property
    def size(self) -> int:
        """K, the number of parts with multiplicity."""
        return sum(count for _, count in self.counts)

    @property
    def households(self) -> tuple[str, ...]:
        """The distinct households."""
        return tuple(household for household, _ in self.counts)

    def count(self, household: str) -> int:
        """How often `household` is in it; 0 if it is not."""
        return dict(self.counts).get(household, 0)

    def add(self, household: str, n: int = 1) -> Composition:
        """With `n` more of `household`."""
        return self.set_count(household, self.count(household) + _at_least_one(n))

    def remove(self, household: str, n: int = 1) -> Composition:
        """With `n` fewer of `household`, none if there are no more than `n`."""
        present = self.count(household)
        if present == 0:
            raise DataError(f"Household '{household}' is not in the composition.")
        return self.set_count(household, max(0, present - _at_least_one(n)))

    def set_count(self, household: str, n: int) -> Composition:
        """With exactly `n` of `household`; 0 takes it out, a new one comes last."""
        if n < 0:
            raise DataError(f"Household '{household}' cannot be there {n} times.")
        if self.count(household) == 0:
            return Composition((*self.counts, (household, n))) if n else self
        changed = ((name, n if name == household else count) for name, count in self.counts)
        return Composition(tuple((name, count) for name, count in changed if count))

    def clear(self) -> Composition:
        """The empty composition."""
        return Composition()

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.counts)

    def __str__(self) -> str:
        return ",".join(name if n == 1 else f"{name}*{n}" for name, n in self.counts)

    @classmethod
    def parse(cls, text: str) -> Composition:
        """Read ``ID*n,ID,…``; a household named twice is counted twice."""
        composition = cls()
        for part in text.split(","):
            composition = composition.add(*_parse_part(part, text))
        return composition

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "households": list(self.households),
            "counts": np.array([count for _, count in self.counts], dtype=np.int64),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> Composition:
        """The composition a plain form describes."""
        view = TreeView(tree, "composition")
        households = view.strings("households")
        counts = view.array("counts", (len(households),))
        if counts.dtype.kind not in "iu":
            raise DataError(f"composition/counts should be whole numbers, not {counts.dtype}.")
        return cls(tuple((name, int(n)) for name, n in zip(households, counts, strict=True)))

    def indices(self, households: HouseholdSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions in the set [U] and multiplicities [U] of the U distinct households."""
        counts = np.array([count for _, count in self.counts], dtype=np.int64)
        return households.indices(self.households), counts


def measured_kw(
    households: HouseholdSet, composition: Composition, week: str
) -> NDArray[np.float32] | None:
    """What the composition really drew in `week` [336] in kW; None unless all is measured."""
    if week not in households.weeks.ids or not composition.counts:
        return None
    at = households.weeks.index(week)
    positions, counts = composition.indices(households)
    if not households.weeks.complete[positions, at].all():
        return None
    power = households.weeks.power_kw[positions, at]
    total: NDArray[np.float64] = counts.astype(np.float64) @ power
    return total.astype(np.float32)


def _parse_part(part: str, text: str) -> tuple[str, int]:
    name, star, number = part.strip().rpartition("*")
    if not star:
        name, number = number, "1"
    if not name.strip():
        raise DataError(f"No household name in '{text}'; write households like MAC000002*3.")
    if not (number.strip().isdecimal() and int(number) > 0):
        raise DataError(f"'{part.strip()}' needs a whole number after '*', like MAC000002*3.")
    return name.strip(), int(number)


def _at_least_one(n: int) -> int:
    if n < 1:
        raise DataError(f"The number of households must be at least 1, not {n}.")
    return n
