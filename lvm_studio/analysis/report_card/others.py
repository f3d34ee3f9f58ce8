"""The real-against-real predictor: other real households of like labels in the same week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints, WeekRecords, draw_indices

OTHERS = "other real households"
NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class OtherHouseholds:
    """Each household replaced by one of the five others of most similar labels, in this very week.

    It knows the week's true weather and habits, and of the households only their labels: the
    floor beside which a model's scores are read.
    """

    records: WeekRecords
    households: Ints

    def __call__(
        self,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Ints,
        week: int,
        n: int,
        generator: torch.Generator,
    ) -> NDArray[np.floating]:
        """Curves [n, T] in kW; of all households where no other is complete."""
        there = self.households[self.records.complete[self.households, week]]
        others = np.setdiff1d(there, households)
        pool = others if len(others) else there
        apart = ((labels[:, None] - self.records.labels[pool]) ** 2).sum(axis=2)
        near = np.argsort(apart, axis=1, kind="stable")[:, :NEIGHBOURS]  # [K, 5]
        k = len(households)
        drawn = near[np.arange(k), draw_indices(near.shape[1], n * k, generator).reshape(n, k)]
        times = np.zeros((n, len(pool)))
        np.add.at(times, (np.arange(n)[:, None], drawn), 1.0)
        return np.asarray(times @ self.records.power_kw[pool, week])
