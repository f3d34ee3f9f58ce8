"""What exported curves are of: written beside them, so that a figure made of them can be traced."""

from __future__ import annotations

import math
from typing import Any

from lvm_studio import __version__
from lvm_studio.studio.street.answers import FanAnswer, TunedAnswer

COLUMNS = "time: start of the half-hour, UTC; sample_1 …: power of the whole composition, W"


def provenance_of(answer: FanAnswer | TunedAnswer) -> dict[str, Any]:
    """Plain values, ready for JSON: data, model, composition, week, seed; of a tuned law its λ,
    how far it went, and how far to trust it."""
    state = answer.state
    base = {
        "written_by": f"LVM Studio {__version__}",
        "columns": COLUMNS,
        "data": state.dataset,
        "model": state.model,
        "composition": str(state.composition),
        "households": state.composition.size,
        "week": state.week,
        "own_temperature_c": state.own_temperature,
        "samples": len(answer.fan.curves),
        "seed": state.seed,
    }
    return base if isinstance(answer, FanAnswer) else {**base, **_tuning_of(answer)}


def _tuning_of(answer: TunedAnswer) -> dict[str, Any]:
    """What the curves are tuned towards, under the names of `lvm-studio tune --json`."""
    state = answer.state
    second = {"second": state.second, "degrees": state.blend} if state.second else {}
    return {
        "criterion": state.criterion,
        **second,
        "tuned": state.tuned,
        "lam": answer.lam,
        "kl": answer.kl,
        "one_in_n": answer.one_in_n,
        "unit": answer.unit,
        "expectation": answer.expectation,
        "base_expectation": answer.base_expectation,
        "method": answer.method,
        "ess": answer.ess,
        "draws": answer.samples,
        "khat": answer.khat if math.isfinite(answer.khat) else None,
        "corrected": state.corrected,
        "valid": answer.valid,
    }
