"""One generated week for each of many sets of households."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints
from lvm_studio.analysis.report_card.trial import Trial

YIELD_EVERY = 16
"""Curves between two reports: about a fiftieth of a second."""


def generate(
    trial: Trial, sets: Sequence[Ints], weeks: NDArray[np.integer], seed: int
) -> Generator[int, None, NDArray[np.float64]]:
    """Curves [M, T] in kW, one for each set in its week; yields how many are done."""
    generator = torch.Generator().manual_seed(seed)
    records, curves = trial.records, []
    for i, (rows, week) in enumerate(zip(sets, weeks, strict=True)):
        labels, context = records.labels[rows], records.context[week]
        curves.append(trial.predictor(labels, context, rows, int(week), 1, generator)[0])
        if (i + 1) % YIELD_EVERY == 0:
            yield i + 1
    return np.asarray(curves, dtype=np.float64)
