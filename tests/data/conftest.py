"""Small household sets with known content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lvm_studio.data.calendar import week_start
from lvm_studio.data.households import HouseholdSet, Provenance
from lvm_studio.data.london import load_london
from lvm_studio.data.split import choose_split
from lvm_studio.data.units import WEEK
from lvm_studio.data.weeks import cut_weeks

MakeSet = Callable[..., HouseholdSet]


def make_set(
    power_w: np.ndarray[Any, Any] | None = None,
    *,
    households: int = 8,
    weeks: int = 12,
    seed: int = 0,
) -> HouseholdSet:
    """Households with a daily rhythm and noise, from the Monday of 2013-W02 on."""
    rng = np.random.default_rng(seed)
    if power_w is None:
        hours = np.arange(weeks * WEEK) / 2 % 24
        level = rng.uniform(100, 900, (households, 1))
        rhythm = 1 + np.sin((hours - 12) / 24 * 2 * np.pi)
        power_w = np.round(level * rhythm * rng.gamma(4, 0.25, (households, weeks * WEEK))) * 2
    ids = tuple(f"h{i}" for i in range(len(power_w)))
    start = week_start("2013-W02")
    temperature = (10 + 8 * np.sin(np.arange(power_w.shape[1]) / 900)).astype(np.float32)
    power = power_w.astype(np.float32)
    week_ids = cut_weeks(power, temperature, start).ids
    return HouseholdSet(
        name="small",
        household_ids=ids,
        power_w=power,
        start=start,
        metadata={
            "suspect": np.full(len(ids), "", dtype="<U20"),
            "tariff": np.array(["flat" if i % 2 else "night" for i in range(len(ids))]),
            "rooms": rng.integers(1, 7, len(ids)).astype(np.float64),
        },
        temperature_c=temperature,
        time_zone="Europe/London",
        country="GB",
        split=choose_split(
            ids,
            week_ids,
            np.zeros(len(ids), bool),
            heldout_weeks=2,
            heldout_households=1,
            seed=seed,
        ),
        provenance=Provenance("made up", "none", "", "W", "start", "", ""),
    )


@pytest.fixture
def small() -> MakeSet:
    return make_set


@pytest.fixture(scope="session")
def london() -> HouseholdSet:
    return load_london()
