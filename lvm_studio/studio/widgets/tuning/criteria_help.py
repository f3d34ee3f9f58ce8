"""What the criteria mean, in words: for the list and its tooltips (no torch needed)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from lvm_studio.tuning.criteria.specs import (
    ClassSpec,
    DistanceSpec,
    EnergySpec,
    FlexibilitySpec,
    LogitSpec,
    LogPeakSpec,
    PeakSpec,
    RampSpec,
    Single,
    SumSpec,
    SustainedSpec,
    parse_criterion,
)
from lvm_studio.tuning.errors import TuningError


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
"""Those of the thesis, by name, in the order of the list."""

OFFERED = (
    *CRITERIA_HELP,
    "log-peak",
    "sustained:4h",
    "energy:17-20",
    "ramp",
    "peak+0.5*flexibility",
)
"""What the list holds; any other text of `criterion_specs` can be typed."""
TYPED_HELP = (
    "Choose one, or type one: peak, log-peak, sustained:4h, flexibility, energy:17-20, ramp:1h,\n"
    "distance:START=kW,kW,… (or draw it on the fan), or a sum such as peak+0.5*flexibility;\n"
    "@mean at the end takes f of the mean curve instead of its mean over the noise."
)
SENSIBLE_TITLE = 40


def understood(text: str) -> str:
    """Return the criterion that a person typed, in its canonical form.

    Raises:
        TuningError: it is none, or it asks a judge that weeks do not have.

    >>> understood("8 h sustained"), understood(" ramp:1h ")
    ('sustained', 'ramp')
    """
    for name in OFFERED:
        if text.strip().casefold() == help_of(name).title.casefold():
            return name
    wanted = parse_criterion(text)
    spec = wanted.criterion
    terms = [term.criterion for term in spec.terms] if isinstance(spec, SumSpec) else [spec]
    if any(isinstance(term, ClassSpec | LogitSpec) for term in terms):
        raise TuningError(
            f"{text.strip()!r} asks a classifier or a discriminator, and there is none for weeks; "
            "choose a criterion of the curve, such as peak or energy:17-20."
        )
    return wanted.text


@lru_cache(maxsize=64)
def help_of(text: str) -> CriterionHelp:
    """Return what there is to say about any criterion's text.

    >>> help_of("sustained:4h").title, help_of("energy:17-20").unit
    ('4 h sustained', 'kWh')
    """
    if text in CRITERIA_HELP:
        return CRITERIA_HELP[text]
    try:
        wanted = parse_criterion(text)
    except TuningError:  # a file of another version may name what this one does not know
        return CriterionHelp(text[:SENSIBLE_TITLE], "f", "", f"Criterion {text}.")
    spec = wanted.criterion
    about = _of_sum(spec) if isinstance(spec, SumSpec) else _of_single(spec)
    if wanted.noise == "mean":
        told = f"{about.definition}\nOf the mean curve: what noise adds to it is left out."
        about = replace(about, title=f"{about.title} of the mean curve", definition=told)
    return about


def _of_single(spec: Single) -> CriterionHelp:
    match spec:
        case PeakSpec() | FlexibilitySpec():
            return CRITERIA_HELP[spec.kind]
        case LogPeakSpec():
            told = "log of the highest half-hour in kW: where the noise's tail is too heavy for\n"
            return CriterionHelp("Log-peak", "log peak", "", told + "the peak itself to be tuned.")
        case SustainedSpec(hours=hours):
            told = f"The power reached for {hours:g} hours in total, in kW (Eq. 10.25)."
            return CriterionHelp(f"{hours:g} h sustained", f"{hours:g} h power", "kW", told)
        case EnergySpec(first=first, last=last):
            window = f"{first:g}–{last:g} h"
            told = f"Energy drawn from {first:g} to {last:g} o'clock (UTC), all days, in kWh."
            return CriterionHelp(f"Energy {window}", f"energy {window}", "kWh", told)
        case RampSpec(hours=hours):
            told = f"The largest rise within {hours:g} h, in kW."
            return CriterionHelp(f"Largest rise in {hours:g} h", "rise", "kW", told)
        case DistanceSpec():
            told = (
                "Minus the root mean square distance to the drawn curve, in kW:\nlarger is nearer."
            )
            return CriterionHelp("Nearness to the drawn curve", "nearness", "kW", told)
        case ClassSpec() | LogitSpec():
            return CriterionHelp(spec.text, spec.text, "nats", f"What a judge says: {spec.text}.")


def _of_sum(spec: SumSpec) -> CriterionHelp:
    parts = [(term.weight, _of_single(term.criterion)) for term in spec.terms]
    title = " ".join(
        f"{'−' if weight < 0 else '+'} {f'{abs(weight):g} × ' * (abs(weight) != 1.0)}{about.symbol}"
        for weight, about in parts
    ).removeprefix("+ ")
    units = {about.unit for _, about in parts}
    unit = units.pop() if len(units) == 1 else "mixed units"
    return CriterionHelp(title, "f", unit, f"f = {title}, each in its own unit.")
