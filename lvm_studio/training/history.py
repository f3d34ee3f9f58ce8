"""The training curves that stay with a model: pairs of train and held-out reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.training.reports import TrainReport

COLUMNS = ("step", "seconds", "elbo", "reconstruction", "kl_w", "kl_z", "sigma", "lr")


@dataclass
class History:
    """One row an evaluation: `train_elbo` of that step's minibatch, `heldout_elbo`, and so on."""

    train: TrainReport | None = None
    rows: list[dict[str, float]] = field(default_factory=list)

    def record(self, heldout: TrainReport | None) -> None:
        """Add a row from the last training report and the held-out one (NaN if there is none)."""
        row = {f"train_{column}": _value(self.train, column) for column in COLUMNS}
        row |= {f"heldout_{column}": _value(heldout, column) for column in COLUMNS}
        self.rows.append(row)

    def last_heldout(self) -> Mapping[str, float]:
        """ELBO and its terms at the last evaluation; empty if nothing is held out."""
        if not self.rows or np.isnan(self.rows[-1]["heldout_elbo"]):
            return {}
        return {key: self.rows[-1][f"heldout_{key}"] for key in COLUMNS[2:7]}

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array a column."""
        names = list(self.rows[0]) if self.rows else []
        return {name: np.array([row[name] for row in self.rows]) for name in names}

    def to_tree(self) -> Tree:
        """Plain form."""
        return dict(self.columns())

    @classmethod
    def from_tree(cls, tree: Tree) -> History:
        """The history a plain form describes."""
        view = TreeView(tree, "history")
        columns = {name: view.array(name, (None,)).tolist() for name in tree}
        return cls(
            rows=[
                dict(zip(columns, values, strict=True))
                for values in zip(*columns.values(), strict=True)
            ]
        )


def _value(report: TrainReport | None, column: str) -> float:
    return float("nan") if report is None else float(getattr(report, column))
