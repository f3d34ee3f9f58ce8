"""The simulated street: households whose true law is known, for judging models and methods."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.calendar import week_id, week_start
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import SIMULATED, HouseholdSet, Provenance
from lvm_studio.data.jobs import Sent, result_of
from lvm_studio.data.simulation.draw import draw_curves, draw_shared
from lvm_studio.data.simulation.habits import habits_of
from lvm_studio.data.simulation.residents import Residents, draw_residents
from lvm_studio.data.simulation.weather import draw_temperature
from lvm_studio.data.simulation.week import COUNTRY, TIME_ZONE, week_frame
from lvm_studio.data.split import choose_split
from lvm_studio.data.units import DAYS, HOURS_PER_STEP, WATTS_PER_KW, WEEK, WEEK_SPAN

NAME = "Simulated street"
FIRST_WEEK = "2015-W02"
ATTRIBUTION = "Simulated readings: no household was measured."
_HELD_OUT = 5  # one in five
_RESIDENTS, _WEATHER, _LIVES = range(3)  # independent streams of one seed


def _within(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise DataError(f"A simulated street needs 1 to {most:,} {what}, not {value}.")


@dataclass(frozen=True)
class StreetSpec:
    """How large a street, for how many weeks from 2015-W02 on, and the seed of all chance.

    >>> StreetSpec(households=0)
    Traceback (most recent call last):
    ...
    lvm_studio.data.errors.DataError: A simulated street needs 1 to 10,000 households, not 0.
    """

    households: int = 500
    weeks: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        _within("households", self.households, 10_000)
        _within("weeks", self.weeks, 1_000)
        if self.seed < 0:
            raise DataError(f"A seed is a whole number from 0 up, not {self.seed}.")


#: The thesis' scale, and one that takes a second.
FULL_STREET = StreetSpec()
SMALL_STREET = StreetSpec(households=60, weeks=30)


def simulate_street(spec: StreetSpec = FULL_STREET) -> HouseholdSet:
    """A simulated household set; the same spec gives the same readings.

    Labels are the columns contract, subscribed_kva and off_peak_group; readings are whole Wh
    without gaps. `StreetTruth` is the law that they follow, `residents_of` who they are.
    """
    return result_of(simulating(spec))


@dataclass(frozen=True)
class WeeksSimulated:
    """How far a street is: `done` of `total` weeks."""

    done: int
    total: int


@dataclass(frozen=True)
class SimulationJob:
    """A street to be simulated elsewhere; the result is the set."""

    spec: StreetSpec

    def run(self) -> Generator[WeeksSimulated, Sent, HouseholdSet]:
        """A report each week."""
        return (yield from simulating(self.spec))


def simulating(spec: StreetSpec) -> Generator[WeeksSimulated, Sent, HouseholdSet]:
    """As `simulate_street`, with a report each week, so that it can be left."""
    start = week_start(FIRST_WEEK)
    temperature = draw_temperature(start, DAYS * spec.weeks, _stream(spec, _WEATHER))
    residents = residents_of(spec)
    power = np.empty((spec.households, spec.weeks, WEEK), dtype=np.float32)
    for week in range(spec.weeks):
        power[:, week] = _week_w(spec, week, residents, temperature)
        yield WeeksSimulated(week + 1, spec.weeks)
    ids = tuple(f"SIM{number:05d}" for number in range(1, spec.households + 1))
    week_ids = tuple(week_id(start + week * WEEK_SPAN) for week in range(spec.weeks))
    return HouseholdSet(
        name=f"{NAME} {spec.households} × {spec.weeks}",
        household_ids=ids,
        power_w=power.reshape(spec.households, -1),
        start=start,
        metadata=_metadata(residents),
        temperature_c=temperature,
        time_zone=TIME_ZONE,
        country=COUNTRY,
        split=choose_split(
            ids,
            week_ids,
            np.zeros(spec.households, dtype=np.bool_),
            heldout_weeks=spec.weeks // _HELD_OUT,
            heldout_households=spec.households // _HELD_OUT,
            seed=spec.seed,
        ),
        provenance=_provenance(spec),
    )


def residents_of(spec: StreetSpec) -> Residents:
    """The households of a simulated street with the traits that the set does not tell."""
    return draw_residents(spec.households, _stream(spec, _RESIDENTS))


def _week_w(
    spec: StreetSpec, week: int, residents: Residents, temperature: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Readings [H, 336] of one week in W, whole Wh."""
    generator = _stream(spec, _LIVES, week)
    start = week_start(FIRST_WEEK) + week * WEEK_SPAN
    frame = week_frame(temperature[week * WEEK : (week + 1) * WEEK], start)
    shared = draw_shared(frame, 1, generator)
    curves = draw_curves(residents, habits_of(frame), shared, generator)
    energy = np.round(curves * WATTS_PER_KW * HOURS_PER_STEP)
    return (energy / HOURS_PER_STEP).astype(np.float32)


def _stream(spec: StreetSpec, *key: int) -> np.random.Generator:
    return np.random.default_rng([spec.seed, *key])


def _metadata(residents: Residents) -> dict[str, NDArray[Any]]:
    labels = residents.labels
    return {
        "contract": np.array([label.contract for label in labels]),
        "subscribed_kva": residents.subscribed_kva,
        "off_peak_group": np.array([label.off_peak_group for label in labels]),
        "suspect": np.full(len(labels), "", dtype="<U1"),
    }


def _provenance(spec: StreetSpec) -> Provenance:
    return Provenance(
        source=f"{SIMULATED}: drawn at random by LVM Studio, not measured",
        licence="none needed",
        attribution=ATTRIBUTION,
        unit="Wh",
        interval="start",
        imported="",
        notes=(
            f"Simulated street of {spec.households} households and {spec.weeks} weeks, "
            f"seed {spec.seed}; readings rounded to whole Wh. Households, weather, contracts "
            "and events are invented; only the kind of label is that of a French supplier."
        ),
    )
