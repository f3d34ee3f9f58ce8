"""Makes a selection of points of the map: what was observed, and which households are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.vectors.sets import HELD_OUT
from lvm_studio.studio.numerals import counted, with_decimals
from lvm_studio.studio.selection import Selection

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.data.households import HouseholdSet

FEWEST_KINDS = 5


def selection_of(
    cloud: LatentCloud, rows: NDArray[np.int64], households: HouseholdSet | None
) -> Selection:
    """The observations of these rows of a cloud."""
    members: tuple[tuple[str, ...], ...] = ()
    weeks: tuple[str, ...] = ()
    if cloud.households and households is not None:
        ids = households.household_ids
        members = tuple(tuple(ids[i] for i in cloud.households[row]) for row in rows)
        weeks = tuple(str(week) for week in cloud.metadata["week"][rows])
    return Selection(
        "a part of the latent map",
        cloud.x[rows],
        {name: column[rows] for name, column in cloud.metadata.items()},
        cloud.titles,
        cloud.unit,
        cloud.u[rows],
        members,
        weeks,
    )


def tips(cloud: LatentCloud) -> tuple[str, ...]:
    """One line about each observation of the cloud."""
    columns = cloud.metadata
    if cloud.households:
        told = ("week", "k", "temperature_c", "energy_kwh", "peak_kw", "anomaly_nats")
        return tuple(
            f"{week}: {counted(int(k), 'household')}, {with_decimals(temperature, 1)} °C, "
            f"{energy:,.0f} kWh, "
            f"peak {peak:.1f} kW, KL {nats:.1f} nats"
            for week, k, temperature, energy, peak, nats in zip(
                *(columns[name] for name in told), strict=True
            )
        )
    names = [name for name, column in columns.items() if column.dtype.kind in "US"]
    labels = (
        " · ".join(f"{name} {columns[name][i]}" for name in names) for i in range(len(cloud.u))
    )
    return tuple(
        f"{label or 'vector'} · {nats:.1f} nats"
        for label, nats in zip(labels, columns["anomaly_nats"], strict=True)
    )


def telling_titles(cloud: LatentCloud) -> dict[str, str]:
    """Columns that tell observations apart, name → title: an assumed temperature does not."""
    columns = cloud.metadata
    told = {name: t for name, t in cloud.titles.items() if len(np.unique(columns[name])) > 1}
    return told or dict(cloud.titles)


def real_titles(cloud: LatentCloud) -> dict[str, int]:
    """Observations to walk between, title → row: one of each week, or of each class.

    Of several observations of one week the one nearest to their mean is taken. A column of fewer
    than five classes is passed over; where no column serves, the first few observations are taken.
    """
    texts = (n for n, c in cloud.metadata.items() if c.dtype.kind in "US" and n != HELD_OUT)
    for name in ("week", *texts):
        if name not in cloud.metadata or len(np.unique(cloud.metadata[name])) < FEWEST_KINDS:
            continue
        found: dict[str, int] = {}
        column = cloud.metadata[name]
        for value in np.unique(column):
            rows = np.flatnonzero(column == value)
            middle = cloud.u[rows].mean(axis=0)
            nearest = rows[((cloud.u[rows] - middle) ** 2).sum(axis=1).argmin()]
            found[str(value)] = int(nearest)
        return found
    return {f"vector {row + 1}": row for row in range(min(len(cloud.u), 40))}
