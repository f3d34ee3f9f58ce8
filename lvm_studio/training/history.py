"""The training curves that stay with a model: pairs of train and held-out reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.training.reports import TrainReport

WHOLES_AT = (0.0, 0.05, 0.15, 0.35, 0.7, 1.0)
"""Progress of a run at which a whole is kept, as soon as the run is evaluated."""
WHOLE_STEP, WHOLES = "whole_step", "wholes"
COLUMNS = ("step", "seconds", "elbo", "reconstruction", "kl_w", "kl_z", "sigma", "lr")


@dataclass
class History:
    """One row an evaluation: `train_elbo` of that step's minibatch, `heldout_elbo`, and so on.

    Beside them a few wholes: what one fixed composition was decoded to along the way (Fig. 9.9).
    """

    train: TrainReport | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    wholes: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)

    def record(self, heldout: TrainReport | None) -> None:
        """Add a row from the last training report and the held-out one (NaN if there is none)."""
        row = {f"train_{column}": _value(self.train, column) for column in COLUMNS}
        row |= {f"heldout_{column}": _value(heldout, column) for column in COLUMNS}
        self.rows.append(row)

    def wants_whole(self, progress: float) -> bool:
        """Whether a whole is due at this progress, 0 to 1."""
        kept = len(self.wholes)
        return kept < len(WHOLES_AT) and progress >= WHOLES_AT[kept]

    def keep_whole(self, step: int, whole: NDArray[np.float32]) -> None:
        """Keep what the fixed composition is decoded to [D] after this step."""
        self.wholes.append((step, whole))

    def last_heldout(self) -> Mapping[str, float]:
        """ELBO and its terms at the last evaluation; empty if nothing is held out."""
        if not self.rows or np.isnan(self.rows[-1]["heldout_elbo"]):
            return {}
        return {key: self.rows[-1][f"heldout_{key}"] for key in COLUMNS[2:7]}

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array a column; where wholes were kept, their steps [n] and themselves [n, D]."""
        names = list(self.rows[0]) if self.rows else []
        columns = {name: np.array([row[name] for row in self.rows]) for name in names}
        if self.wholes:
            columns[WHOLE_STEP] = np.array([step for step, _ in self.wholes])
            columns[WHOLES] = np.stack([whole for _, whole in self.wholes])
        return columns

    def to_tree(self) -> Tree:
        """Plain form."""
        return dict(self.columns())

    @classmethod
    def from_tree(cls, tree: Tree) -> History:
        """The history a plain form describes."""
        view = TreeView(tree, "history")
        known = [name for name in tree if name not in (WHOLE_STEP, WHOLES)]
        columns = {name: view.array(name, (None,)).tolist() for name in known}
        steps = view.array(WHOLE_STEP, (None,)).tolist() if WHOLES in view else []
        wholes = view.array(WHOLES, (len(steps), None)) if steps else ()
        return cls(
            wholes=list(zip(steps, wholes, strict=True)),
            rows=[
                dict(zip(columns, values, strict=True))
                for values in zip(*columns.values(), strict=True)
            ],
        )


def _value(report: TrainReport | None, column: str) -> float:
    return float("nan") if report is None else float(getattr(report, column))
