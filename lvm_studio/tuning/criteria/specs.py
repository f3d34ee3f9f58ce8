"""What "extreme" means, as frozen values free of torch, with a compact text form.

`sustained:4h`, `energy:17-20`, `peak+0.5*flexibility`, `-ramp`; `@mean` at the end takes f of the
mean curve instead of its mean over the observation noise.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lvm_studio.tuning.errors import TuningError

Noise = Literal["expected", "mean"]
"""f averaged over the observation noise, or f of the mean curve."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Criterion(_Spec):
    kind: str

    @property
    def text(self) -> str:
        """The text that gives this criterion."""
        return self.kind


class PeakSpec(_Criterion):
    """The highest half-hour of the week, kW (Eq. 10.24)."""

    kind: Literal["peak"] = "peak"


class LogPeakSpec(_Criterion):
    """log of the peak in kW: where the noise's tail is too heavy for the peak itself."""

    kind: Literal["log-peak"] = "log-peak"


class SustainedSpec(_Criterion):
    """The power reached for some hours in total: the k-th largest half-hour, kW (Eq. 10.25)."""

    kind: Literal["sustained"] = "sustained"
    hours: Annotated[float, Field(ge=0.5, le=168, multiple_of=0.5)] = 8.0

    @property
    def text(self) -> str:
        return "sustained" if self.hours == 8.0 else f"sustained:{self.hours:g}h"


class FlexibilitySpec(_Criterion):
    """Σ|x - mean x| times half an hour: how far the week is from flat, kWh (Eq. 10.26)."""

    kind: Literal["flexibility"] = "flexibility"


class EnergySpec(_Criterion):
    """Energy between two hours (UTC) of all seven days, kWh; 22-6 runs past midnight."""

    kind: Literal["energy"] = "energy"
    first: Annotated[float, Field(ge=0, lt=24, multiple_of=0.5)]
    last: Annotated[float, Field(gt=0, le=24, multiple_of=0.5)]

    @model_validator(mode="after")
    def _is_a_window(self) -> EnergySpec:
        if self.first == self.last:
            raise ValueError("a window ends at another hour than it begins")
        return self

    @property
    def text(self) -> str:
        return f"energy:{self.first:g}-{self.last:g}"


class RampSpec(_Criterion):
    """The largest rise within some hours, kW."""

    kind: Literal["ramp"] = "ramp"
    hours: Annotated[float, Field(ge=0.5, le=24, multiple_of=0.5)] = 1.0

    @property
    def text(self) -> str:
        return "ramp" if self.hours == 1.0 else f"ramp:{self.hours:g}h"


class DistanceSpec(_Criterion):
    """Minus the root mean square distance to a drawn curve, kW: larger is nearer.

    target: kW at half-hours `start`, `start + 1`, …: a stretch of the week or all of it.
    """

    kind: Literal["distance"] = "distance"
    target: Annotated[tuple[float, ...], Field(min_length=1)]
    start: Annotated[int, Field(ge=0)] = 0

    @property
    def text(self) -> str:
        values = ",".join(f"{value:.6g}" for value in self.target)
        return f"distance:{self.start}={values}"


class ClassSpec(_Criterion):
    """log c(y|x) of a classifier, nats, or c(y|x) itself (10.3.1)."""

    kind: Literal["class"] = "class"
    label: Annotated[int, Field(ge=0)]
    log: bool = True

    @property
    def text(self) -> str:
        return f"{'logclass' if self.log else 'class'}:{self.label}"


class LogitSpec(_Criterion):
    """The logit of a discriminator, log p_D / p_G, nats (10.3.3)."""

    kind: Literal["logit"] = "logit"


_Single = (
    PeakSpec
    | LogPeakSpec
    | SustainedSpec
    | FlexibilitySpec
    | EnergySpec
    | RampSpec
    | DistanceSpec
    | ClassSpec
    | LogitSpec
)
Single = Annotated[_Single, Field(discriminator="kind")]


class Term(_Spec):
    """One criterion of a sum, in its natural unit, times a weight."""

    weight: float
    criterion: Single

    @property
    def text(self) -> str:
        size = abs(self.weight)
        factor = "" if size == 1.0 else f"{size:g}*"
        return f"{'-' if self.weight < 0 else '+'}{factor}{self.criterion.text}"


class SumSpec(_Criterion):
    """Criteria added up with weights."""

    kind: Literal["sum"] = "sum"
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]

    @property
    def text(self) -> str:
        return "".join(term.text for term in self.terms).removeprefix("+")


CriterionSpec = Annotated[_Single | SumSpec, Field(discriminator="kind")]


class Objective(_Spec):
    """A criterion and what is done about the observation noise."""

    criterion: CriterionSpec
    noise: Noise = "expected"

    @property
    def text(self) -> str:
        return self.criterion.text + ("@mean" if self.noise == "mean" else "")


FORMS = (
    "peak",
    "log-peak",
    "sustained:8h",
    "flexibility",
    "energy:17-20",
    "ramp:1h",
    "distance:START=kW,kW,…",
    "class:4",
    "logclass:4",
    "logit",
)
"""Every criterion as it is written, with what it may be told."""

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_TERM = re.compile(
    rf"(?P<sign>[+-]?)(?:(?P<weight>{_NUMBER})\*)?(?:"
    rf"(?P<plain>log-peak|peak|flexibility|logit)"
    rf"|(?P<held>sustained|ramp)(?::(?P<hours>{_NUMBER})h?)?"
    rf"|energy:(?P<first>{_NUMBER})-(?P<last>{_NUMBER})"
    rf"|(?P<classes>logclass|class):(?P<label>\d+)"
    rf"|distance:(?P<start>\d+)=(?P<target>-?{_NUMBER}(?:,-?{_NUMBER})*)"
    rf")(?=[+-]|$)"
)


def parse_criterion(text: str) -> Objective:
    """The criterion of a text; `parse_criterion(objective.text)` is the objective again.

    Weights and the values of a drawn curve to six digits.

    Raises:
        TuningError: a text that is none, with the forms there are.

    >>> parse_criterion("peak + 0.5*flexibility@mean").text
    'peak+0.5*flexibility@mean'
    >>> parse_criterion("sustained:8h").text
    'sustained'
    """
    packed = re.sub(r"\s+", "", text)
    body = packed.removesuffix("@mean")
    terms, place = [], 0
    while place < len(body):
        found = _TERM.match(body, place)
        if found is None or (place and not found["sign"]):
            raise _unknown(text)
        terms.append(_term(found, text))
        place = found.end()
    if not terms:
        raise _unknown(text)
    lone = len(terms) == 1 and terms[0].weight == 1.0
    return Objective(
        criterion=terms[0].criterion if lone else SumSpec(terms=tuple(terms)),
        noise="mean" if packed.endswith("@mean") else "expected",
    )


def _term(found: re.Match[str], text: str) -> Term:
    weight = float(found["weight"] or 1.0) * (-1.0 if found["sign"] == "-" else 1.0)
    try:
        return Term.model_validate({"weight": weight, "criterion": _fields(found)})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise TuningError(f"The criterion {text!r} cannot be: {message}.") from None


def _fields(found: re.Match[str]) -> dict[str, object]:
    if found["plain"]:
        return {"kind": found["plain"]}
    if found["held"]:
        hours = {"hours": float(found["hours"])} if found["hours"] else {}
        return {"kind": found["held"], **hours}
    if found["first"]:
        return {"kind": "energy", "first": float(found["first"]), "last": float(found["last"])}
    if found["classes"]:
        return {"kind": "class", "label": int(found["label"]), "log": found["classes"] != "class"}
    target = tuple(float(value) for value in found["target"].split(","))
    return {"kind": "distance", "start": int(found["start"]), "target": target}


def _unknown(text: str) -> TuningError:
    return TuningError(
        f"There is no criterion {text!r}; choose one of {', '.join(FORMS)}, or a sum of them such "
        "as peak+0.5*flexibility."
    )
