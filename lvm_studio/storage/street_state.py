"""The state of the composition page: what is composed, for which week, tuned how far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView

PROFILE_LENGTHS = (7, 336)
"""Own temperature: one mean a day, or one value a half-hour (°C)."""

MAX_SAMPLES = 100_000
METHODS = ("auto", "pool", "settled", "climb", "smc", "flow", "rejection", "langevin")
GOALS = ("lam", "kl", "one_in_n", "expectation", "quantile")
TUNED = ("both", "w", "z")


@dataclass(frozen=True)
class StreetState:
    """Everything the composition page shows, as one frozen value.

    Args:
        dataset, model: names inside the workspace; '' for none.
        composition: the households with their multiplicities.
        week: ISO week id ("2013-W02"); '' before one is chosen.
        own_temperature: a temperature profile in °C that replaces the week's (7 daily means
            or 336 half-hourly values), or None.
        criterion: name in tuning.CRITERIA.
        second: name of a second criterion, '' for none; blend: direction of the vector λ in
            degrees, 0 for the first criterion alone, 90 for the second alone.
        tuned: which latents are tuned: those of Σw ("w"), of z ("z") or "both".
        lam: λ of the Boltzmann tuning, per standard deviation of the criterion (of two: of their
            sum in this direction).
        goal: what stays when the street, the week or the criterion change: "lam" itself, or the
            "kl" (nats), the "one_in_n", the "expectation" (E f, in the criterion's unit) or the
            "quantile" (the level of f, in its unit, that `share` of the tuned law stays below)
            that λ is then solved for.
        method: whose draws answer: "auto" (the best there are) or one of METHODS, where it can.
        target: the value held; of no meaning where λ is.
        share: in (0, 1), of a quantile held.
        corrected: whether the tuned curves are resampled by their importance weights.
        samples: number of weeks drawn for the fan.
        seed: of the common random numbers.
        show_curves: how many sampled curves are drawn as lines.

    Raises:
        DataError: a value is out of range.

    >>> StreetState(week="2013-W02").with_changes(lam=1.5).lam
    1.5
    """

    dataset: str = ""
    model: str = ""
    composition: Composition = field(default_factory=Composition)
    week: str = ""
    own_temperature: tuple[float, ...] | None = None
    criterion: str = "peak"
    second: str = ""
    blend: float = 45.0
    tuned: str = "both"
    lam: float = 0.0
    goal: str = "lam"
    target: float = 0.0
    share: float = 0.5
    corrected: bool = True
    method: str = "auto"
    samples: int = 200
    seed: int = 0
    show_curves: int = 12

    def __post_init__(self) -> None:
        if not math.isfinite(self.lam):
            raise DataError(f"λ is {self.lam}; it must be a finite number.")
        if self.goal not in GOALS or not math.isfinite(self.target):
            raise DataError(
                f"{self.goal} = {self.target} cannot be held; hold one of {', '.join(GOALS)}."
            )
        if not 0.0 < self.share < 1.0:
            raise DataError(f"The share of a quantile is {self.share:g}; it lies between 0 and 1.")
        if self.method not in METHODS:
            raise DataError(
                f"There is no method {self.method!r}; choose one of {', '.join(METHODS)}."
            )
        if self.tuned not in TUNED:
            raise DataError(f"{self.tuned!r} cannot be tuned; choose one of {', '.join(TUNED)}.")
        if not math.isfinite(self.blend):
            raise DataError(f"The direction of λ is {self.blend}; it is an angle in degrees.")
        if not 1 <= self.samples <= MAX_SAMPLES:
            raise DataError(f"samples is {self.samples}; it must be from 1 to {MAX_SAMPLES:,}.")
        if not 0 <= self.show_curves <= MAX_SAMPLES:
            raise DataError(
                f"show_curves is {self.show_curves}; it must be from 0 to {MAX_SAMPLES:,}."
            )
        if self.seed < 0:
            raise DataError(f"seed is {self.seed}; it must not be negative.")
        _check_profile(self.own_temperature)

    def with_changes(self, **changes: Any) -> StreetState:
        """Return a copy with these fields replaced; checks as the constructor does."""
        return replace(self, **changes)

    def to_tree(self) -> Tree:
        """Return the state as a tree of plain leaves."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "composition": self.composition.to_tree(),
            "week": self.week,
            "own_temperature": (
                None if self.own_temperature is None else np.array(self.own_temperature)
            ),
            "criterion": self.criterion,
            "second": self.second,
            "blend": self.blend,
            "tuned": self.tuned,
            "lam": self.lam,
            "goal": self.goal,
            "target": self.target,
            "share": self.share,
            "corrected": self.corrected,
            "method": self.method,
            "samples": self.samples,
            "seed": self.seed,
            "show_curves": self.show_curves,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> StreetState:
        """Build the state from a tree.

        Raises:
            DataError: names the leaf that is missing or of another type.
        """
        view = TreeView(tree, "street")
        return cls(
            dataset=view.text("dataset"),
            model=view.text("model"),
            composition=Composition.from_tree(dict(view.child("composition").tree)),
            week=view.text("week"),
            own_temperature=_read_profile(view),
            criterion=view.text("criterion"),
            lam=view.number("lam"),
            # files of earlier versions held nothing but λ
            second=view.text("second") if "second" in view.tree else "",
            blend=view.number("blend") if "blend" in view.tree else 45.0,
            tuned=view.text("tuned") if "tuned" in view.tree else "both",
            goal=view.text("goal") if "goal" in view.tree else "lam",
            target=view.number("target") if "target" in view.tree else 0.0,
            share=view.number("share") if "share" in view.tree else 0.5,
            corrected=view.flag("corrected") if "corrected" in view.tree else True,
            method=view.text("method") if "method" in view.tree else "auto",
            samples=view.integer("samples"),
            seed=view.integer("seed"),
            show_curves=view.integer("show_curves"),
        )


def _check_profile(profile: tuple[float, ...] | None) -> None:
    if profile is None:
        return
    if len(profile) not in PROFILE_LENGTHS:
        raise DataError(
            f"The temperature profile has {len(profile)} values; "
            "give 7 daily means or 336 half-hourly values in °C."
        )
    if not all(-90.0 <= value <= 60.0 for value in profile):
        raise DataError("The temperature profile has values outside −90 … 60 °C.")


def _read_profile(view: TreeView) -> tuple[float, ...] | None:
    if view.tree.get("own_temperature") is None:
        return None
    return tuple(float(value) for value in view.array("own_temperature", (None,)))
