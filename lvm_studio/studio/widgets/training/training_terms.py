"""The quantities a training curve can show, what they mean, and the history they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lvm_studio.studio.theme import (
    BLUE,
    BLUISH_GREEN,
    LIGHT,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILLION,
    Colours,
)
from lvm_studio.studio.widgets.training.series import Floats

Split = Literal["train", "heldout"]
XAxis = Literal["step", "epoch", "minutes"]
SPLITS: tuple[Split, ...] = ("train", "heldout")
SPLIT_TITLES: dict[Split, str] = {"train": "train", "heldout": "held-out"}


@dataclass(frozen=True)
class Term:
    """One quantity of a training report.

    Args:
        name: the field of the report.
        title: as people of the field write it.
        pane: "bound", "sigma" (the right axis of the bound's pane) or "divergence".
        light, dark: its colour on either ground.
        tip: definition, with the equation.
    """

    name: str
    title: str
    pane: Literal["bound", "sigma", "divergence"]
    light: str
    dark: str
    tip: str

    @property
    def is_information(self) -> bool:
        """Whether it is counted in nats or bits (σ has the unit of the data)."""
        return self.pane != "sigma"

    def colour(self, colours: Colours) -> str:
        """Its colour in a theme."""
        return self.light if colours is LIGHT else self.dark


TERMS: tuple[Term, ...] = (
    Term(
        "elbo",
        "ELBO",
        "bound",
        BLUE,
        SKY_BLUE,
        "Evidence lower bound of one observation: reconstruction − KL of {w} − KL of z "
        "(Eq. 3.4). Higher is better; train above held-out and parting means overfitting.",
    ),
    Term(
        "reconstruction",
        "Reconstruction",
        "bound",
        BLUISH_GREEN,
        BLUISH_GREEN,
        "E log p(x | Σw, z): log-density of the curve under what was decoded for it.",
    ),
    Term(
        "kl_w",
        "KL of {w}",
        "divergence",
        VERMILLION,
        VERMILLION,
        "KL(q({w}|x) ‖ Π p(wᵢ|ℓᵢ)) in closed form (Eq. 9.28): information about the households "
        "beyond their labels.",
    ),
    Term(
        "kl_z",
        "KL of z",
        "divergence",
        REDDISH_PURPLE,
        REDDISH_PURPLE,
        "KL(q(z|x) ‖ p(z|c, Σw)): information about the week beyond its weather and calendar.",
    ),
    Term(
        "sigma",
        "σ",
        "sigma",
        "#B37B00",
        ORANGE,
        "Noise of the observation model, root mean square over the coordinates, in the unit of the "
        "data, kW for households (right axis). "
        "It starts large and shrinks: learning it is an annealing.",
    ),
)
TERMS_BY_NAME = {term.name: term for term in TERMS}


@dataclass(frozen=True, eq=False)
class SplitHistory:
    """What one split of a run reported so far: columns [n], ascending in `step`."""

    step: Floats = field(default_factory=lambda: np.empty(0))
    seconds: Floats = field(default_factory=lambda: np.empty(0))
    terms: Mapping[str, Floats] = field(default_factory=dict)

    def term(self, name: str) -> Floats:
        """The column of a term; NaN where the model has no such term."""
        column = self.terms.get(name)
        return np.full(len(self.step), np.nan) if column is None else column


@dataclass(frozen=True, eq=False)
class RunHistory:
    """The curves of one run.

    Args:
        name: what legends and files call it.
        group: what it is called together with the runs that differ in their seed alone.
        epoch_steps: steps in which as many observations are seen as there are; NaN if unknown.
    """

    name: str
    train: SplitHistory
    heldout: SplitHistory
    group: str = ""
    epoch_steps: float = math.nan

    def has(self, name: str) -> bool:
        """Whether its model has this term; a KL that is exactly 0 is of no latent variable."""
        latest = [half.term(name)[-1:] for half in (self.train, self.heldout)]
        return bool(np.any(np.nan_to_num(np.concatenate(latest)) != 0.0))

    def split(self, split: Split) -> SplitHistory:
        """The history of one split."""
        return self.train if split == "train" else self.heldout

    def places(self, split: Split, axis: XAxis) -> Floats:
        """Where the reports of a split lie on an x axis."""
        history = self.split(split)
        if axis == "minutes":
            return history.seconds / 60.0
        return history.step / self.epoch_steps if axis == "epoch" else history.step
