"""The shipped data: 100 London households through 2013."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.households import HouseholdSet, Provenance, watts_from_wh
from lvm_studio.data.shipped import resource_path
from lvm_studio.data.split import choose_split
from lvm_studio.data.temperature import half_hourly
from lvm_studio.data.units import STEP
from lvm_studio.data.weeks import cut_weeks

NAME = "London 2013"
SPLIT_SEED = 2013
ATTRIBUTION = (
    "Contains data of the Low Carbon London project, UK Power Networks, London Datastore, "
    "CC BY 4.0; modified (subset, reshaped). "
    "Temperature: METAR of London City airport through rp5.ru."
)


def load_london() -> HouseholdSet:
    """100 London households, half-hourly, 2013, with temperature and survey columns.

    The source stamps the END of each half-hour; here times are starts, 30 minutes earlier.
    """
    with np.load(resource_path("london", "consumption_wh.npz"), allow_pickle=False) as archive:
        wh, ids, first_end = archive["wh"], archive["household_id"], archive["t0"][()]
    household_ids = tuple(str(household) for household in ids)
    power_w, start = watts_from_wh(wh), first_end - STEP
    temperature_c = _temperature(start, power_w.shape[1])
    metadata = _metadata(household_ids)
    week_ids = cut_weeks(power_w[:1], temperature_c, start).ids
    return HouseholdSet(
        name=NAME,
        household_ids=household_ids,
        power_w=power_w,
        start=start,
        metadata=metadata,
        temperature_c=temperature_c,
        time_zone="Europe/London",
        country="GB",
        split=choose_split(household_ids, week_ids, metadata["suspect"] != "", seed=SPLIT_SEED),
        provenance=_PROVENANCE,
    )


_PROVENANCE = Provenance(
    source="SmartMeter Energy Consumption Data in London Households, London Datastore",
    licence="CC BY 4.0",
    attribution=ATTRIBUTION,
    unit="Wh",
    interval="end",
    imported="",
    notes="100 households of the source, the whole of 2013; six marked suspect.",
)


def _temperature(start: np.datetime64, steps: int) -> NDArray[np.float32]:
    path = resource_path("london", "temperature.npz")
    with np.load(path, allow_pickle=False) as archive:
        tenths, t0 = archive["tenths_c"], archive["t0"][()]
    times = t0 + np.arange(len(tenths)) * STEP
    return half_hourly(times, tenths.astype(np.float64) / 10, start, steps)


def _metadata(household_ids: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    with resource_path("london", "households.csv").open(newline="", encoding="utf-8") as file:
        rows = {row.pop("household_id"): row for row in csv.DictReader(file)}
    ordered = [rows[household] for household in household_ids]
    return {column: np.array([row[column] for row in ordered]) for column in ordered[0]}
