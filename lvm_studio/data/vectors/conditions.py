"""What a conditional model is told of every vector: numbers, kinds, seasons, and their code k."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.units import DAYS, DAYS_PER_YEAR

Form = Literal["number", "kinds", "season"]
Array = NDArray[np.float64]

WEEKS_PER_YEAR: Final = DAYS_PER_YEAR / DAYS


@dataclass(frozen=True)
class Condition:
    """One thing that is told: a number, one of several kinds, or the week of the year.

    A number stands in k as it is, a kind as a flag for each of `kinds` (none set: unknown), a
    season as sine and cosine of the year.

    >>> Condition("tariff", "kinds", ("flat", "night")).code(1.0).tolist()
    [0.0, 1.0]
    >>> round(Condition("season", "season").value(Condition("season", "season").code(13.0)), 6)
    13.0
    """

    name: str
    form: Form = "number"
    kinds: tuple[str, ...] = ()
    unit: str = ""

    @property
    def width(self) -> int:
        """How many numbers of k it takes."""
        return {"number": 1, "kinds": len(self.kinds), "season": 2}[self.form]

    def code(self, value: float) -> Array:
        """The numbers of k for a number, the place of a kind (−1: unknown), or a week [0, 52.2)."""
        if self.form == "number":
            return np.array([value])
        if self.form == "kinds":
            return np.asarray(np.arange(len(self.kinds)) == round(value), dtype=np.float64)
        phase = 2 * np.pi * value / WEEKS_PER_YEAR
        return np.array([np.sin(phase), np.cos(phase)])

    def value(self, code: Array) -> float:
        """What these numbers of k say: the inverse of `code`."""
        if self.form == "number":
            return float(code[0])
        if self.form == "kinds":
            return float(np.argmax(code)) if np.any(code > 0) else -1.0
        turn = np.arctan2(code[0], code[1]) / (2 * np.pi)
        return float(turn % 1.0 * WEEKS_PER_YEAR)

    def column(self, codes: Array) -> NDArray[np.float64] | NDArray[np.str_]:
        """What N rows of k [N, width] say: numbers, or the names of kinds, [N]."""
        values = np.array([self.value(code) for code in codes])
        if self.form != "kinds":
            return values
        return np.array([*self.kinds, "unknown"])[values.astype(np.int64)]  # −1 is the last

    def words(self, code: Array) -> str:
        """What these numbers of k say, for people.

        >>> Condition("temperature", unit="°C").words(np.array([3.25]))
        'temperature 3.25 °C'
        """
        value = self.value(code)
        if self.form == "kinds":
            return f"{self.name} {self.kinds[round(value)] if value >= 0 else 'unknown'}"
        if self.form == "season":
            return f"week {value:.0f} of the year"
        return f"{self.name} {value:.4g} {self.unit}".rstrip()

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "name": self.name,
            "form": self.form,
            "kinds": list(self.kinds),
            "unit": self.unit,
        }

    @classmethod
    def from_tree(cls, view: TreeView) -> Condition:
        """The condition a plain form describes; DataError for a form that is not known."""
        forms: dict[str, Form] = {"number": "number", "kinds": "kinds", "season": "season"}
        form = view.text("form")
        if form not in forms:
            raise DataError(f"{view.path}/form should be one of {', '.join(forms)}.")
        return cls(view.text("name"), forms[form], view.strings("kinds"), view.text("unit"))


def numbers(names: Iterable[str]) -> tuple[Condition, ...]:
    """Conditions that are plain numbers."""
    return tuple(Condition(name) for name in names)


def places(conditions: Iterable[Condition]) -> tuple[slice, ...]:
    """Where each of the conditions stands in k.

    >>> places((Condition("a"), Condition("season", "season"), Condition("b")))
    (slice(0, 1, None), slice(1, 3, None), slice(3, 4, None))
    """
    ends = np.cumsum([0, *(condition.width for condition in conditions)]).tolist()
    return tuple(slice(begin, end) for begin, end in pairwise(ends))


@dataclass(frozen=True)
class VectorColumns:
    """What the numbers of vectors x [N, D] and of their conditions k [N, E] are.

    Args:
        names: of the D coordinates; empty where they have none.
        centre, scale: x is (what the source says − centre) ÷ scale, D numbers each; empty: as it
            says.
        conditions: what k tells; their widths add up to E.
    """

    names: tuple[str, ...] = ()
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def check(self, dim: int, told: int) -> None:
        """DataError unless they fit D = `dim` and E = `told`."""
        width = sum(condition.width for condition in self.conditions)
        sizes = {len(self.names), len(self.centre), len(self.scale)} - {0}
        if sizes - {dim} or len(self.centre) != len(self.scale):
            raise DataError(f"Names, centres and scales do not fit {dim} columns.")
        if width not in {0, told}:
            raise DataError(f"The conditions have {width} numbers, k has {told}.")

    def told(self, count: int) -> tuple[Condition, ...]:
        """The conditions of k [.., count]; plain numbers k1, k2… where they are not known."""
        return self.conditions or numbers(f"k{i + 1}" for i in range(count))

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "names": list(self.names),
            "centre": np.array(self.centre, dtype=np.float64),
            "scale": np.array(self.scale, dtype=np.float64),
            "conditions": {f"{i:03d}": c.to_tree() for i, c in enumerate(self.conditions)},
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, object], path: str = "columns") -> VectorColumns:
        """What a plain form describes; DataError names the leaf that does not fit."""
        view = TreeView(tree, path)
        told = view.child("conditions")
        return cls(
            view.strings("names"),
            tuple(view.array("centre", (None,)).tolist()),
            tuple(view.array("scale", (None,)).tolist()),
            tuple(Condition.from_tree(told.child(key)) for key in sorted(told.tree)),
        )
