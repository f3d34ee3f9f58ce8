"""The reports of one run as growing columns, and as the tree a workspace keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.studio.widgets.training.training_terms import (
    SPLITS,
    TERMS,
    RunHistory,
    Split,
    SplitHistory,
)
from lvm_studio.training.reports import TrainReport
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree

COLUMNS: tuple[str, ...] = (
    "step",
    "seconds",
    *(term.name for term in TERMS),
    "skipped",
    "tight",
)
"""Fields of a report that are kept; NaN where a report does not tell one."""
FIRST_CAPACITY = 256
FRESH_EPOCH = 10_000
"""Observations in an epoch of data that are drawn afresh for every batch."""


def group_of(spec: TrainSpec, dataset: str) -> str:
    """What a run has in common with those that differ from it in their seed alone."""
    return f"{dataset}: {spec.model_copy(update={'seed': 0}).model_dump_json()}"


def epoch_steps(spec: TrainSpec, households: HouseholdSet | None) -> float:
    """Steps in which as many observations are seen as the training data hold.

    Of households that is every whole week of each of them, once; a batch holds as many as its
    sums have parts. Of data that are drawn afresh it is 10,000 observations.

    >>> epoch_steps(TrainSpec(batch=100, model={"kind": "vector_vae"}), None)
    100.0
    """
    if not spec.needs_households:
        return FRESH_EPOCH / spec.batch
    if households is None:
        return math.nan
    weeks, split = households.weeks, households.split
    rows = households.indices(split.train_households)
    there = weeks.complete[rows][:, weeks.indices(split.train_weeks)].sum()
    return float(there) / (spec.batch * 0.5 * (spec.k_min + spec.k_max))


class GrowingHistory:
    """Columns that take reports one after the other; ten a second or ten thousand.

    >>> from lvm_studio.training.reports import TrainReport
    >>> report = TrainReport(1, 9, 0.5, "train", -10.0, -7.0, 1.0, 2.0, 0.3, 2e-3, 20.0)
    >>> history = GrowingHistory()
    >>> history.extend([report])
    >>> history.snapshot("run").train.term("elbo").tolist()
    [-10.0]
    """

    def __init__(self) -> None:
        self._rows: dict[Split, NDArray[np.float64]] = {
            split: np.empty((FIRST_CAPACITY, len(COLUMNS))) for split in SPLITS
        }
        self._length: dict[Split, int] = dict.fromkeys(SPLITS, 0)

    def extend(self, reports: Iterable[TrainReport]) -> None:
        """Append reports; a step already there (a run that was continued) starts over from it."""
        for report in reports:
            split: Split = report.split
            last = self._length[split] - 1
            if last >= 0 and report.step <= self._rows[split][last, 0]:
                self._cut(split, report.step - 1)
            self._append(split, [_number(report, column) for column in COLUMNS])

    def cut_after(self, step: int) -> None:
        """Forget what came after this step: a run continues from its checkpoint."""
        for split in SPLITS:
            self._cut(split, step)

    def snapshot(self, name: str) -> RunHistory:
        """The columns as they are now; the arrays are views that do not change any more."""
        return RunHistory(name, self._split("train"), self._split("heldout"))

    def to_tree(self) -> Tree:
        """One array a column: 'train_step', 'train_elbo', …, 'heldout_step', …"""
        return {
            f"{split}_{column}": self._rows[split][: self._length[split], index].copy()
            for split in SPLITS
            for index, column in enumerate(COLUMNS)
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, object]) -> GrowingHistory:
        """Read back what `to_tree` wrote; a missing column is one of NaN.

        Raises:
            DataError: columns of one split differ in length.
        """
        history = cls()
        for split in SPLITS:
            steps = np.atleast_1d(np.asarray(tree.get(f"{split}_step", np.empty(0)), float))
            rows = np.full((len(steps), len(COLUMNS)), np.nan)
            for index, column in enumerate(COLUMNS):
                values = tree.get(f"{split}_{column}")
                if values is None:
                    continue
                found = np.asarray(values, dtype=np.float64)
                if found.shape != steps.shape:
                    raise DataError(
                        f"history/{split}_{column}: {found.shape} values for {len(steps)} steps."
                    )
                rows[:, index] = found
            history._length[split] = len(rows)
            history._rows[split] = np.concatenate([rows, np.empty((FIRST_CAPACITY, len(COLUMNS)))])
        return history

    def _split(self, split: Split) -> SplitHistory:
        rows = self._rows[split][: self._length[split]]
        terms = {column: rows[:, index] for index, column in enumerate(COLUMNS) if index > 1}
        return SplitHistory(rows[:, 0], rows[:, 1], terms)

    def _append(self, split: Split, row: list[float]) -> None:
        length, rows = self._length[split], self._rows[split]
        if length == len(rows):
            # A new array, not a resize: snapshots handed out keep the old one.
            rows = self._rows[split] = np.concatenate([rows, np.empty_like(rows)])
        rows[length] = row
        self._length[split] = length + 1

    def _cut(self, split: Split, step: int) -> None:
        length = self._length[split]
        keep = int(np.searchsorted(self._rows[split][:length, 0], step, side="right"))
        if keep < length:
            self._rows[split] = self._rows[split].copy()
            self._length[split] = keep


def _number(report: TrainReport, column: str) -> float:
    value = getattr(report, column)
    return math.nan if value is None else float(value)
