"""Tuning a composed street towards its extreme but realistic weeks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.errors import DataError
from lvm_studio.headless.compose import StreetWishes, describe, describe_fan, open_wishes
from lvm_studio.storage.curves import write_curves
from lvm_studio.tuning.specs import Aim, TuneSpec

if TYPE_CHECKING:
    from lvm_studio.headless.progress import Progress
    from lvm_studio.models.street import BaseSpace
    from lvm_studio.tuning.tune import TuneResult


def goal_of(
    *, lam: float | None, kl: float | None, one_in: float | None, target: float | None
) -> Aim:
    """The one aim that was given.

    Raises:
        DataError: none or more than one was given.

    >>> goal_of(lam=None, kl=None, one_in=100.0, target=None).kind
    'one_in_n'
    """
    given = [
        Aim(kind=kind, value=value)
        for kind, value in (
            ("lam", lam),
            ("kl", kl),
            ("one_in_n", one_in),
            ("expectation", target),
        )
        if value is not None
    ]
    if len(given) != 1:
        raise DataError("Say how far to tune by exactly one of --lam, --kl, --one-in, --target.")
    return given[0]


def run(
    wishes: StreetWishes, criterion: str, aim: Aim, out: Path, progress: Progress
) -> dict[str, Any]:
    """Tune, write the tuned curves to `out`, and return the figures with how far to trust them."""
    opened = open_wishes(wishes)
    spec = TuneSpec(criterion=criterion, aim=aim, samples=wishes.samples, seed=wishes.seed)
    result = _tuned(spec, opened.space, progress)
    write_curves(out, opened.start, result.curves_kw)
    return {
        **describe(opened),
        "criterion": criterion,
        "unit": result.unit,
        "lam": result.lam,
        "kl": result.kl,
        "one_in_n": result.one_in_n,
        "expectation": result.expectation,
        "standard_error": result.standard_error,
        "base_expectation": result.base_expectation,
        "ess": result.ess,
        "khat": _finite(result.khat),
        "log_z": result.log_z,
        "samples": wishes.samples,
        "draws": result.samples,
        "method": result.method,
        "valid": result.valid,
        "doubt": result.doubt,
        "reached": result.reached,
        **describe_fan(make_fan(result.curves_kw, opened.start)),
        **_peak_makers(opened.space, result),
        "out": str(out),
    }


def _tuned(spec: TuneSpec, space: BaseSpace, progress: Progress) -> TuneResult:
    """Run the tuning to its end, saying now and then how far it is."""
    from lvm_studio.tuning.fit import ClimbReport, FlowStep
    from lvm_studio.tuning.tune import TuneResult, tune

    for report in tune(spec, space):
        if isinstance(report, ClimbReport):
            progress.say(f"reached λ {report.lam:.2f}, KL {report.kl:.2f} nats")
        elif isinstance(report, FlowStep):
            progress.say(f"fitting a flow: {report.progress:.0%}, {report.seconds:.0f} s")
        elif isinstance(report, TuneResult):
            return report
    raise DataError("The tuning ended without a result.")


def _peak_makers(space: BaseSpace, result: TuneResult) -> dict[str, Any]:
    """What each household gives to the mean peak, from the most to the least.

    {} for a model without households.
    """
    from lvm_studio.analysis.attribution import attribute, enough_rows
    from lvm_studio.models.street import Street

    if not isinstance(space, Street):
        return {}
    rows = enough_rows(len(result.curves_kw))
    parts = attribute(space, result.u[rows], result.curves_kw[rows])
    makers = [
        {
            "id": parts.household_ids[row],
            "count": int(parts.counts[row]),
            "peak_kw": float(parts.peak_kw[row]),
            "share": float(parts.peak_shares[row]),
        }
        for row in np.argsort(-parts.peak_kw, kind="stable")
    ]
    return {"by_household": makers, "shared_peak_kw": parts.shared_peak_kw}


def _finite(value: float) -> float | None:
    """JSON has no infinity: a tail too short to be measured has no k̂."""
    return value if math.isfinite(value) else None
