"""What one household adds: the weeks of a street, and the same weeks without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.bridge import bridge
from lvm_studio.data.errors import DataError
from lvm_studio.data.units import HOURS_PER_STEP
from lvm_studio.models.street import Street

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Removal:
    """What one household of a row adds: the curves of a street with it, and the same without it.

    Attributes:
        household_id: who is taken out, one of them where there are several.
        mean_kw: [T] the mean curve less that without it; peak_kw: the mean peak less that without
            it (each week at its own peak); energy_kwh: of a week.
        curves_kw: [N, T] without it, week by week.
    """

    household_id: str
    mean_kw: Array
    peak_kw: float
    energy_kwh: float
    curves_kw: Array


@torch.no_grad()
def removal(street: Street, household_id: str, u: Tensor, eps: Tensor, seed: int = 0) -> Removal:
    """Take one household out of the weeks drawn at u [N, dim] with noise eps [N, T].

    Its w is drawn from the bridge given the week's own sum and taken off the sum; z and noise
    stay as they are. Under the tuned law too, these are the same weeks with one household less.

    Raises:
        DataError: it is not in this street, or is alone in it.
    """
    if household_id not in street.household_ids:
        raise DataError(f"{household_id} is not in this composition.")
    if street.k < 2:
        raise DataError(f"{household_id} is alone in this composition: nothing would be left.")
    row = street.household_ids.index(household_id)
    smaller = _without(street, row)
    sum_w = street.sum_w(u)
    law = bridge(street, row, sum_w)
    generator = torch.Generator().manual_seed(seed)
    own = law.mean + law.variance.sqrt() * torch.randn(sum_w.shape, generator=generator)
    u_w = (sum_w - own - smaller.sum_mean) / smaller.sum_std
    with_it = street.decode(u).transport(eps).double().numpy()
    left = torch.cat([u_w, u[:, street.latent_w :]], dim=-1)
    without = smaller.decode(left).transport(eps).double().numpy()
    mean = (with_it - without).mean(axis=0)
    return Removal(
        household_id=household_id,
        mean_kw=mean,
        peak_kw=float((with_it.max(axis=1) - without.max(axis=1)).mean()),
        energy_kwh=float(mean.sum() * HOURS_PER_STEP),
        curves_kw=without,
    )


def _without(street: Street, row: int) -> Street:
    """The street with one household of a row less; a row of none stays out."""
    counts = street.counts.clone()
    counts[row] -= 1
    kept = torch.nonzero(counts > 0)[:, 0]
    counts, m, s = counts[kept], street.m[kept], street.s[kept]
    return replace(
        street,
        household_ids=tuple(street.household_ids[index] for index in kept.tolist()),
        counts=counts,
        labels=street.labels[kept],
        m=m,
        s=s,
        sum_mean=(counts[:, None] * m).sum(0),
        sum_std=(counts[:, None] * s**2).sum(0).sqrt(),
    )
