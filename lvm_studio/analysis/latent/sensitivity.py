"""What a latent dimension would do to the peak: effects of every dimension on every criterion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lvm_studio.analysis.latent.judging import Decodes
from lvm_studio.data.units import HOURS_PER_STEP
from lvm_studio.tuning.criteria.criterion import CRITERIA

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """effect [dim, C]: change of C quantities of the mean curve from u_i − 1 to u_i + 1, halved.

    `value` [C] is what they are where one stands; `titles` and `units` name them.
    """

    titles: tuple[str, ...]
    units: tuple[str, ...]
    value: Array
    effect: Array

    @property
    def relative(self) -> Array:
        """[dim, C], each column divided by its largest effect (0 where nothing has any)."""
        largest = np.abs(self.effect).max(axis=0, keepdims=True)
        return np.asarray(self.effect / np.where(largest > 0.0, largest, 1.0))


@torch.no_grad()
def sensitivity(space: Decodes, u: ArrayLike, step: ArrayLike = 1.0, *, weeks: bool) -> Sensitivity:
    """Effects at u [dim], per standard deviation of the prior, or per `step` [dim] of it.

    Central differences over ± a step: a maximum has a kink wherever another half-hour takes over,
    and a gradient knows nothing of what is beyond it. `weeks`: the thesis' criteria and the energy;
    otherwise mean, largest and spread of the coordinates.
    """
    here = torch.as_tensor(np.asarray(u), dtype=torch.float32)
    moves = torch.eye(len(here)) * torch.as_tensor(np.asarray(step), dtype=torch.float32)
    steps = torch.cat([here + moves, here - moves, here[None]])
    told = _of_weeks if weeks else _of_vectors
    titles, units, values = told(space.decode(steps).mean)
    dim = len(here)
    effect = 0.5 * (values[:dim] - values[dim : 2 * dim])
    return Sensitivity(titles, units, values[-1].numpy(), effect.numpy())


def _of_weeks(curves: Tensor) -> tuple[tuple[str, ...], tuple[str, ...], Tensor]:
    criteria = tuple(CRITERIA.values())
    columns = [criterion(curves) for criterion in criteria] + [HOURS_PER_STEP * curves.sum(-1)]
    titles = (*(criterion.title for criterion in criteria), "Energy")
    units = (*(criterion.unit for criterion in criteria), "kWh")
    return titles, units, torch.stack(columns, dim=-1).double()


def _of_vectors(x: Tensor) -> tuple[tuple[str, ...], tuple[str, ...], Tensor]:
    columns: Sequence[Tensor] = (x.mean(-1), x.amax(-1), x.std(-1))
    stacked = torch.stack(list(columns), dim=-1).double()
    return ("Mean", "Largest", "Spread"), ("", "", ""), stacked
