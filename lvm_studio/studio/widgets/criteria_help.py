"""What the criteria mean, in words: for the list and its tooltips (no torch needed)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class CriterionHelp:
    """Title in the list, symbol in read-outs, unit, definition and equation of a criterion."""

    title: str
    symbol: str
    unit: str
    definition: str

    def tooltip(self) -> str:
        """Definition, then what λ does with it."""
        return (
            f"{self.definition}\n\nf is normalised to mean 0 and variance 1 under the base law "
            "of this\ncomposition; λ tilts it to p(x) e^{λ f(x)} / Z (Eq. 10.5)."
        )


CRITERIA_HELP: Mapping[str, CriterionHelp] = MappingProxyType(
    {
        "peak": CriterionHelp(
            "Peak",
            "peak",
            "kW",
            "Peak: the highest half-hour of the week, max_i x_i, in kW (Eq. 10.24).",
        ),
        "sustained": CriterionHelp(
            "8 h sustained",
            "8 h power",
            "kW",
            "8 h sustained: the power reached for 8 hours in total,\n"
            "the 16th largest half-hour, in kW (Eq. 10.25).",
        ),
        "flexibility": CriterionHelp(
            "Flexibility",
            "flexibility",
            "kWh",
            "Flexibility: Σ_i |x_i − mean x| × 0.5 h, in kWh (Eq. 10.26):\n"
            "how far the week is from a constant load of the same energy.",
        ),
    }
)
"""By name in tuning.CRITERIA, in the order of the list."""
