"""Tuning a composed street towards its extreme but realistic weeks."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.errors import DataError
from lvm_studio.headless.compose import (
    OpenStreet,
    StreetWishes,
    describe,
    describe_fan,
    open_wishes,
)
from lvm_studio.headless.places import check_table
from lvm_studio.headless.workspaces import chosen_households
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.curves import write_curves
from lvm_studio.tuning.criteria.specs import parse_criterion
from lvm_studio.tuning.specs import Aim, Method, SmcSpec, Tuned, TuneSpec

if TYPE_CHECKING:
    from lvm_studio.headless.progress import Progress
    from lvm_studio.models.street import BaseSpace
    from lvm_studio.tuning.pair import Pair
    from lvm_studio.tuning.solve import Update
    from lvm_studio.tuning.tune import TuneResult

_ONE_IN = 1000.0
_BASE_WEEKS = 20_000


def goal_of(
    *,
    lam: float | None,
    kl: float | None,
    one_in: float | None,
    target: float | None,
    quantile: str | None = None,
) -> Aim:
    """The one aim that was given; `quantile` is written SHARE:LEVEL.

    A λ, a KL or an N below 0 goes the other way: less of f.

    Raises:
        DataError: none or more than one was given, or one that is no goal.

    >>> goal_of(lam=None, kl=None, one_in=100.0, target=None).kind
    'one_in_n'
    """
    named = {"lam": lam, "kl": kl, "one_in_n": one_in, "expectation": target}
    given = [_aim(kind, value) for kind, value in named.items() if value is not None]
    if quantile is not None:
        given.append(_quantile(quantile))
    if len(given) != 1:
        raise DataError(
            "Say how far to tune by exactly one of --lam, --kl, --one-in, --target, --quantile."
        )
    return given[0]


def _aim(kind: str, value: float) -> Aim:
    if not math.isfinite(value):
        raise DataError(f"{value:g} is no goal of a tuning; give a finite number.")
    if kind == "one_in_n" and abs(value) < 1.0:
        raise DataError(f"--one-in {value:g} is less than 1 week; give a number such as 100.")
    return Aim.model_validate({"kind": kind, "value": value})


def _quantile(text: str) -> Aim:
    share, _, level = text.partition(":")
    try:
        return Aim(kind="quantile", value=float(level), share=float(share))
    except ValueError:
        raise DataError(
            f"'{text}' is no quantile; write SHARE:LEVEL such as 0.5:25, half of the weeks below "
            "25 (the share lies between 0 and 1)."
        ) from None


def second_of(criterion: str | None, degrees: float | None) -> Second | None:
    """The second criterion that was given, if one was.

    Raises:
        DataError: a direction of two criteria and only one of them, or a direction that is none.
    """
    if criterion is None:
        if degrees is not None:
            raise DataError("--degrees is a direction of two criteria; give --second as well.")
        return None
    if degrees is None:
        return Second(criterion)
    if not math.isfinite(degrees):
        raise DataError(f"--degrees {degrees:g} is no direction; give a number such as 45.")
    return Second(criterion, degrees)


@dataclass(frozen=True)
class Second:
    """A second criterion; degrees: direction of the vector λ, 0 for the first one alone."""

    criterion: str
    degrees: float = 45.0


@dataclass(frozen=True)
class Wishes:
    """What the command line says of a tuning.

    Args:
        criterion, aim: what extreme means, and how far to go.
        method: who answers; of two criteria 'auto' is 'kept', which no flow need be fitted for.
        certify: whether two runs of SMC stand beside the certificate's log Z, and the figures of
            1 in 1000 beside those of real sums of as many households, with their bands.
        tuned: which latents.
        second: makes the criterion the sum of two in that direction.
    """

    criterion: str
    aim: Aim
    method: Method
    certify: bool
    tuned: Tuned
    second: Second | None


def run(street: StreetWishes, wishes: Wishes, out: Path, progress: Progress) -> dict[str, Any]:
    """Tune, write the tuned curves to `out`, and return the figures with how far to trust them."""
    check_table(out)
    opened = open_wishes(street)
    pair = (
        None
        if wishes.second is None
        else _pair(opened.space, wishes.criterion, wishes.second, wishes.tuned, street.seed)
    )
    objective = parse_criterion(wishes.criterion if pair is None else pair.criterion)
    spec = TuneSpec(
        criterion=objective.text,
        tuned=wishes.tuned,
        aim=wishes.aim,
        method="kept" if pair is not None and wishes.method == "auto" else wishes.method,
        reference=SmcSpec() if wishes.certify else None,
        samples=street.samples,
        seed=street.seed,
    )
    result = _tuned(spec, opened.space, progress)
    write_curves(out, opened.start, result.curves_kw)
    return {
        **describe(opened),
        "criterion": objective.text,
        "noise": objective.noise,
        **_reached(result),
        "samples": street.samples,
        "certificate": _certificate(result),
        "tuned": wishes.tuned,
        "kl_apart": None if result.apart is None else asdict(result.apart),
        **({} if pair is None else pair.told(result)),
        "updates": [_update(each) for each in result.trace],
        **_one_in_n(opened.space, objective.text, street.seed),
        **(_measured_one_in_n(street, opened, objective.text) if wishes.certify else {}),
        **describe_fan(make_fan(result.curves_kw, opened.start)),
        **_peak_makers(opened.space, result),
        "out": str(out),
    }


def _reached(result: TuneResult) -> dict[str, Any]:
    """How far the tuning went, by what it was drawn, what it cost, and whether to trust it."""
    return {
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
        "draws": result.samples,
        "method": result.method,
        "decodes": result.decodes,
        "seconds": result.seconds,
        "proposals": result.proposals,
        "decodes_each": result.decodes / max(result.ess, 1.0),
        "valid": result.valid,
        "doubt": result.doubt,
        "reached": result.reached,
    }


@dataclass(frozen=True, eq=False)
class _Two:
    """Two criteria in one direction of λ, as the one criterion that they are there."""

    pair: Pair
    degrees: float

    @property
    def criterion(self) -> str:
        return self.pair.along(self.degrees).potential.criterion.name

    def told(self, result: TuneResult) -> dict[str, Any]:
        """λ of each, and its mean before and after, over the curves written."""
        import torch

        curves = torch.from_numpy(result.curves_kw)
        vector = self.pair.vector(self.degrees, result.lam)
        each = zip(self.pair.texts, self.pair.potentials, vector, strict=True)
        return {
            "criteria": [
                {
                    "criterion": text,
                    "unit": potential.criterion.unit,
                    "lam": float(lam),
                    "base_mean": potential.natural(0.0),
                    "tuned_mean": float(potential.criterion(curves).mean()),
                }
                for text, potential, lam in each
            ]
        }


def _pair(space: BaseSpace, first: str, second: Second, tuned: Tuned, seed: int) -> _Two:
    from lvm_studio.tuning.composition_parts import tuned_space
    from lvm_studio.tuning.pair import Pair

    texts = (parse_criterion(first).text, parse_criterion(second.criterion).text)
    *_, pair = Pair.growing(tuned_space(space, tuned), texts, seed=seed)
    assert pair is not None  # the last one is the pair
    return _Two(pair, second.degrees)


def _tuned(spec: TuneSpec, space: BaseSpace, progress: Progress) -> TuneResult:
    """Run the tuning to its end, saying now and then how far it is."""
    from lvm_studio.tuning.flows.fit import ClimbReport, FlowStep
    from lvm_studio.tuning.flows.one_by_one import FlowUpdate
    from lvm_studio.tuning.pools.smc import SmcRung
    from lvm_studio.tuning.tune import TuneResult, tune

    for report in tune(spec, space):
        if isinstance(report, ClimbReport | SmcRung):
            progress.say(f"reached λ {report.lam:.2f}, KL {report.kl:.2f} nats")
        elif isinstance(report, FlowStep):
            progress.say(f"fitting a flow: {100 * report.progress:.0f} %, {report.seconds:.0f} s")
        elif isinstance(report, FlowUpdate):
            progress.say(f"flow {report.number}: λ {report.lam:.2f}, KL {report.kl:.2f} nats")
        elif isinstance(report, TuneResult):
            return report
    raise DataError("The tuning ended without a result.")


def _certificate(result: TuneResult) -> dict[str, Any]:
    """The certificate as plain values: JSON has no infinity."""
    told = asdict(result.certificate)
    return {key: _finite(each) if isinstance(each, float) else each for key, each in told.items()}


def _update(update: Update) -> dict[str, Any]:
    """One λ of the solver, with the errors of its KL and E f where they are known."""
    errors = update.errors
    return {
        "lam": update.lam,
        "kl": update.moments.kl,
        "normalised_expectation": update.moments.expectation,
        "kl_error": None if errors is None else errors.kl,
        "normalised_expectation_error": None if errors is None else errors.expectation,
    }


def _one_in_n(space: BaseSpace, criterion: str, seed: int) -> dict[str, Any]:
    """The three figures that "1 in 1000" may mean, of one curve a base draw of the model."""
    import torch

    from lvm_studio.models.street import draw_curves
    from lvm_studio.tuning.criteria.criterion import criterion_named
    from lvm_studio.tuning.extremes import one_in_n_figures

    curves = torch.from_numpy(draw_curves(space, _BASE_WEEKS, seed))
    figures = one_in_n_figures(criterion_named(criterion)(curves).double().numpy(), _ONE_IN)
    return {
        "one_in_1000": {
            "quantile": figures.quantile,
            "mean_beyond": figures.mean_beyond,
            "tilted_mean": figures.tilted_mean,
            "weeks": _BASE_WEEKS,
        }
    }


def _measured_one_in_n(street: StreetWishes, opened: OpenStreet, criterion: str) -> dict[str, Any]:
    """The same of measured sums of as many households, with the band of a bootstrap.

    Any households and any training week: the street's own figures are of its own ones.
    """
    from lvm_studio.analysis.boltzmann.bands import real_one_in_n
    from lvm_studio.tuning.criteria.criterion import criterion_named
    from lvm_studio.tuning.errors import TuningError

    households = chosen_households(workspace_file.load(street.workspace), street.workspace.name)
    size = opened.state.composition.size
    try:
        figures = real_one_in_n(households, size, criterion_named(criterion), _ONE_IN)
    except TuningError as error:  # a few weeks of a few households: no extreme can be read off
        return {"measured_one_in_1000": None, "measured_not_told": str(error)}
    told = asdict(figures)
    return {"measured_one_in_1000": {key: value for key, value in told.items() if key != "n"}}


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
    """JSON has no infinity: a short tail has no k̂, draws without weights no Z."""
    return value if math.isfinite(value) else None
