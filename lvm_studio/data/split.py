"""What is trained on and what is held out: chosen once, kept with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView

_MOST_HELD_OUT = 5  # at most one in five
_LEAST_TO_HOLD_OUT = 3  # of fewer than three nothing can be spared


@dataclass(frozen=True)
class Split:
    """Weeks and households for training, and those never trained on.

    In neither group are suspect households, and weeks that are whole for no training household:
    nothing can be learned from these, nor judged on them.
    """

    train_weeks: tuple[str, ...]
    heldout_weeks: tuple[str, ...]
    train_households: tuple[str, ...]
    heldout_households: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        for kind, train, heldout in (
            ("Week", self.train_weeks, self.heldout_weeks),
            ("Household", self.train_households, self.heldout_households),
        ):
            both = set(train) & set(heldout)
            if both:
                raise DataError(f"{kind} '{min(both)}' is both trained on and held out.")

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "train_weeks": list(self.train_weeks),
            "heldout_weeks": list(self.heldout_weeks),
            "train_households": list(self.train_households),
            "heldout_households": list(self.heldout_households),
            "seed": self.seed,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> Split:
        """The split a plain form describes."""
        view = TreeView(tree, "split")
        return cls(
            train_weeks=view.strings("train_weeks"),
            heldout_weeks=view.strings("heldout_weeks"),
            train_households=view.strings("train_households"),
            heldout_households=view.strings("heldout_households"),
            seed=view.integer("seed"),
        )


def choose_split(
    household_ids: Sequence[str],
    week_ids: Sequence[str],
    suspect_mask: NDArray[np.bool_],
    complete: NDArray[np.bool_] | None = None,
    *,
    heldout_weeks: int = 10,
    heldout_households: int = 14,
    seed: int,
) -> Split:
    """Hold out some households at random and one week in each of as many stretches of the year.

    Small sets hold out fewer: at most one in five, at least one of three or more. `complete`
    [H, N] says which weeks are whole for whom (None: all for everybody).

    >>> weeks = [f"2013-W{w:02d}" for w in range(2, 53)]
    >>> split = choose_split([f"h{i}" for i in range(94)], weeks, np.zeros(94, bool), seed=0)
    >>> [len(group) for group in (split.train_weeks, split.heldout_weeks)]
    [41, 10]
    >>> [len(group) for group in (split.train_households, split.heldout_households)]
    [80, 14]
    """
    generator = np.random.default_rng(seed)
    sound = [h for h, suspect in zip(household_ids, suspect_mask, strict=True) if not suspect]
    out_households = set(_pick(sound, _affordable(len(sound), heldout_households), generator))
    train_households = tuple(h for h in sound if h not in out_households)
    if complete is not None:
        own = complete[np.isin(household_ids, train_households)]
        week_ids = [week_ids[place] for place in np.flatnonzero(own.any(axis=0)).tolist()]
    out_weeks = set(_spread(week_ids, _affordable(len(week_ids), heldout_weeks), generator))
    return Split(
        train_weeks=tuple(w for w in week_ids if w not in out_weeks),
        heldout_weeks=tuple(w for w in week_ids if w in out_weeks),
        train_households=train_households,
        heldout_households=tuple(h for h in sound if h in out_households),
        seed=seed,
    )


def _affordable(available: int, wanted: int) -> int:
    if available < _LEAST_TO_HOLD_OUT:
        return 0
    return min(wanted, max(1, available // _MOST_HELD_OUT))


def _pick(items: Sequence[str], count: int, generator: np.random.Generator) -> list[str]:
    return [items[i] for i in generator.permutation(len(items))[:count]]


def _spread(items: Sequence[str], count: int, generator: np.random.Generator) -> list[str]:
    if count == 0:
        return []
    stretches = np.array_split(np.arange(len(items)), count)
    return [items[int(generator.choice(stretch))] for stretch in stretches]
