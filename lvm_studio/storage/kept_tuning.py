"""A tuning that was kept: the page as it was, and what it said then."""

from __future__ import annotations

from dataclasses import dataclass

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.storage.street_state import StreetState


@dataclass(frozen=True)
class KeptTuning:
    """One line of the history of tunings.

    Args:
        state: the composition page, λ and all.
        expectation, base_expectation: E f in `unit`; kl: nats.
        method: whose draws answered; ess_share, khat: of their weights.
        sound: whether the certificate had nothing against it.

    >>> kept = KeptTuning(StreetState(lam=1.0), 50.0, 43.0, "kW", 2.3, "flow", 0.8, 0.2, True)
    >>> KeptTuning.from_tree(kept.to_tree()) == kept
    True
    """

    state: StreetState
    expectation: float
    base_expectation: float
    unit: str
    kl: float
    method: str
    ess_share: float
    khat: float
    sound: bool

    def to_tree(self) -> Tree:
        """Return the tuning as a tree of plain leaves."""
        return {
            "state": self.state.to_tree(),
            "expectation": self.expectation,
            "base_expectation": self.base_expectation,
            "unit": self.unit,
            "kl": self.kl,
            "method": self.method,
            "ess_share": self.ess_share,
            "khat": self.khat,
            "sound": self.sound,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> KeptTuning:
        """Build it from a tree; DataError names the leaf that does not fit."""
        view = TreeView(tree, "tuning")
        return cls(
            state=StreetState.from_tree(dict(view.child("state").tree)),
            expectation=view.number("expectation"),
            base_expectation=view.number("base_expectation"),
            unit=view.text("unit"),
            kl=view.number("kl"),
            method=view.text("method"),
            ess_share=view.number("ess_share"),
            khat=view.number("khat"),
            sound=view.flag("sound"),
        )
