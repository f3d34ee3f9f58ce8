"""What the pages of artificial wholes compose: sines and colour anchors, as kept in a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import TreeView

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree

COLOUR_NAMES = ("white", "black", "red", "green", "blue")
HIGHEST_FREQUENCY = 10
MOST_SINES, MOST_ANCHORS = 16, 8
"""Models have not seen larger wholes."""


@dataclass(frozen=True)
class Sine:
    """A sine of a known frequency, 1 to 10; DataError for any other."""

    frequency: int

    def __post_init__(self) -> None:
        if not 1 <= self.frequency <= HIGHEST_FREQUENCY:
            raise DataError(
                f"A sine has the frequency {self.frequency}; choose 1 to {HIGHEST_FREQUENCY}."
            )

    @property
    def title(self) -> str:
        """As a list shows it."""
        return f"frequency {self.frequency}"


@dataclass(frozen=True)
class Anchor:
    """A colour (place in `COLOUR_NAMES`) at a place in [0, 1]², from the left and the top."""

    colour: int
    across: float
    down: float

    def __post_init__(self) -> None:
        if not 0 <= self.colour < len(COLOUR_NAMES):
            raise DataError(
                f"An anchor has the colour {self.colour}; choose 0 to {len(COLOUR_NAMES) - 1}."
            )
        place = (self.across, self.down)
        if not all(math.isfinite(at) and 0.0 <= at <= 1.0 for at in place):
            raise DataError(f"An anchor stands at {place}; both must lie between 0 and 1.")

    @property
    def title(self) -> str:
        """As a list shows it."""
        return f"{COLOUR_NAMES[self.colour]} at {self.across:.2f}, {self.down:.2f}"


Part: TypeAlias = Sine | Anchor
Parts: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True)
class Wholes:
    """The parts of both pages; without arguments what they begin with.

    Raises:
        DataError: more parts than a model has seen.

    >>> Wholes.from_tree(Wholes(sines=(Sine(7),)).to_tree()).sines
    (Sine(frequency=7),)
    """

    sines: tuple[Sine, ...] = (Sine(1), Sine(3), Sine(4))
    anchors: tuple[Anchor, ...] = (
        Anchor(2, 0.25, 0.3),
        Anchor(4, 0.75, 0.35),
        Anchor(0, 0.5, 0.8),
    )

    def __post_init__(self) -> None:
        for name, parts, most in (
            ("sines", self.sines, MOST_SINES),
            ("anchors", self.anchors, MOST_ANCHORS),
        ):
            if len(parts) > most:
                raise DataError(f"{len(parts)} {name} make a whole; {most} are the most.")

    def to_tree(self) -> Tree:
        """Plain form: frequencies [n], colours [m], places [m, 2]."""
        return {
            "frequencies": np.array([sine.frequency for sine in self.sines], dtype=np.int64),
            "colours": np.array([anchor.colour for anchor in self.anchors], dtype=np.int64),
            "places": np.array(
                [(anchor.across, anchor.down) for anchor in self.anchors], dtype=np.float64
            ).reshape(-1, 2),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> Wholes:
        """The wholes a plain form describes.

        Raises:
            DataError: names the leaf that is missing, of another shape or out of range.
        """
        view = TreeView(tree, "wholes")
        colours = view.array("colours", (None,))
        places = view.array("places", (len(colours), 2))
        return cls(
            sines=tuple(Sine(int(f)) for f in view.array("frequencies", (None,))),
            anchors=tuple(
                Anchor(int(colour), float(across), float(down))
                for colour, (across, down) in zip(colours, places, strict=True)
            ),
        )
