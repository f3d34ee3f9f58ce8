"""What one should know of a household set before trusting it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.units import STEP

_LEAST_SHARE = 0.001
_MOSTLY_ZERO = 0.5
_MOSTLY_MISSING = 0.5
_HUGE_W = 100_000.0
_LEAST_SPREAD_W = 1.0


@dataclass(frozen=True, eq=False)
class Quality:
    """Counts of a household set.

    ``first`` and ``last`` are the starts (UTC) of the first and the end of the last half-hour;
    ``missing`` [H] is the share of half-hours without a reading; ``suspects`` pairs households
    with the reason to leave them out; ``temperature_missing`` is a share of the half-hours;
    ``simulated`` readings were drawn by a program.
    """

    households: int
    first: np.datetime64
    last: np.datetime64
    whole_weeks: int
    complete_household_weeks: int
    missing: NDArray[np.float64]
    missing_share: float
    suspects: tuple[tuple[str, str], ...]
    mean_w: float
    temperature_missing: float
    simulated: bool = False

    def sentences(self) -> list[str]:
        """The summary for people to read, most important first."""
        possible = self.households * self.whole_weeks
        gaps = int((self.missing > 0).sum())
        said = [
            f"{_counted(self.households, 'household')} from {_day(self.first)} to "
            f"{_day(self.last)} (UTC): {_counted(self.whole_weeks, 'whole week')}.",
            f"{self.complete_household_weeks:,} of {possible:,} household-weeks are complete.",
            f"{_percent(self.missing_share)} of the readings are missing, in "
            f"{_counted(gaps, 'household')}."
            if gaps
            else "No reading is missing.",
            f"A household draws {self.mean_w:.0f} W on average.",
        ]
        if self.suspects:
            listed = "; ".join(f"{household}: {reason}" for household, reason in self.suspects)
            look = "looks" if len(self.suspects) == 1 else "look"
            said.append(f"{_counted(len(self.suspects), 'household')} {look} suspect ({listed}).")
        if self.temperature_missing == 1:
            said.append("Temperature is unknown: no file or column of it was given.")
        elif self.temperature_missing > 0:
            unknown = _percent(self.temperature_missing).lower()
            said.append(f"Temperature is unknown for {unknown} of the time.")
        if self.simulated:
            said.insert(0, "These readings are simulated: no household was measured.")
        return said


def quality_summary(households: HouseholdSet) -> Quality:
    """Count what is there, what is missing, and what looks wrong."""
    power, weeks = households.power_w, households.weeks
    # Row by row: a set may fill half of the memory.
    missing = np.array([np.isnan(curve).mean() for curve in power])
    present = power.size - sum(int(np.isnan(curve).sum()) for curve in power)
    total = sum(float(np.nansum(curve, dtype=np.float64)) for curve in power)
    reasons = households.metadata["suspect"]
    return Quality(
        households=len(households.household_ids),
        first=households.start,
        last=households.start + power.shape[1] * STEP,
        whole_weeks=len(weeks.ids),
        complete_household_weeks=int(weeks.complete.sum()),
        missing=missing,
        missing_share=float(missing.mean()),
        suspects=tuple(
            (household, str(reason))
            for household, reason in zip(households.household_ids, reasons, strict=True)
            if reason
        ),
        mean_w=total / max(present, 1),
        temperature_missing=float(np.isnan(households.temperature_c).mean()),
        simulated=households.provenance.simulated,
    )


def suspect_reasons(power_w: NDArray[np.float32]) -> NDArray[np.str_]:
    """Why each household [H] should be left out of training ('' = it should not).

    Readings are kept as they are; a suspect household is only marked.
    """
    return np.array([_reason(curve) for curve in power_w], dtype=np.str_)


def _reason(curve: NDArray[np.float32]) -> str:
    present = curve[~np.isnan(curve)]
    if len(present) < _MOSTLY_MISSING * len(curve):
        return "short record"
    if (present == 0).mean() > _MOSTLY_ZERO:
        return "mostly zero (vacant or meter fault)"
    if present.max() > _HUGE_W:
        return f"above {_HUGE_W / 1000:.0f} kW (wrong unit or not a household)"
    if present.std() < _LEAST_SPREAD_W:
        return "never changes (meter fault)"
    return ""


def _counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> _counted(1, "household"), _counted(3, "household")
    ('1 household', '3 households')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    """A share above 0 in per cent.

    >>> _percent(0.0001), _percent(0.1234)
    ('Less than 0.1 %', '12.3 %')
    """
    return "Less than 0.1 %" if share < _LEAST_SHARE else f"{100 * share:.1f} %"


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]"))
