"""One tuning from spec to curves: pool, climb, flow, and the λ that reaches the aim."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.answers import (
    MIXTURE_SHARES,
    PoolSource,
    TunedAnswer,
    answer_from_draws,
)
from lvm_studio.tuning.composition_parts import tuned_space
from lvm_studio.tuning.criteria import criterion_named
from lvm_studio.tuning.estimates import kl_of_one_in
from lvm_studio.tuning.fit import FlowReport, FlowSnapshot, fit_flow
from lvm_studio.tuning.pool import Draws, Pool, Preparing, prepared_pool
from lvm_studio.tuning.potential import Potential
from lvm_studio.tuning.proposals import FlowCheck, Proposal, mixture_draws
from lvm_studio.tuning.solve import LAM_LIMIT, Solution, solve_expectation, solve_kl, solve_one_in_n
from lvm_studio.tuning.specs import Aim, FlowSpec, TuneSpec

LARGEST_KL = 20.0
_BEYOND_KL = 2.5
"""A flow for one KL is fitted so many nats further: what is rare there is common further on."""


@dataclass(frozen=True)
class PoolReport:
    """Base curves are decoded: f has this mean and spread under the base law, in `unit`."""

    samples: int
    base_expectation: float
    spread: float
    unit: str


@dataclass(frozen=True, eq=False)
class TuneResult(TunedAnswer):
    """A tuned law with what was asked for.

    reached: False where the aim lies beyond what the criterion can give here; updates: of λ,
    from the start of the solver to the aim.
    """

    reached: bool
    updates: int


TuneReport = Preparing | PoolReport | FlowReport | TuneResult


def tune(spec: TuneSpec, space: BaseSpace) -> Iterator[TuneReport]:
    """Tune `space` to the aim; the last report is the TuneResult.

    The pool answers where it is valid at the λ that reaches the aim and worth `spec.good_ess`
    draws; otherwise a flow is fitted and answers. λ < 0 (less of f) is done as λ > 0 of -f.

    Raises:
        TuningError: an unknown criterion, an impossible aim, or an f that does not vary.
    """
    space = tuned_space(space, spec.tuned)
    size = max(spec.pool, spec.samples)
    criterion = criterion_named(spec.criterion)
    pool = yield from prepared_pool(space, criterion, size, spec.seed)
    base, unit = pool.potential, pool.potential.criterion.unit
    yield PoolReport(size, base.natural(0.0), base.scale, unit)
    aim = _normalised(spec.aim, base)
    sign = -1.0 if aim.value < 0.0 else 1.0
    if sign < 0.0:
        pool, aim = pool.mirrored(), Aim(kind=aim.kind, value=-aim.value)
    found = _solve(aim, pool.draws)
    by_pool = pool.reweight(found.lam)
    if found.reached and by_pool.valid and by_pool.ess >= spec.good_ess:
        answer = PoolSource(pool).answer(found.lam, spec.samples, spec.seed)
    else:
        flow = yield from _fitted_flow(spec, aim, pool)
        found, answer = _by_flow(spec, aim, pool, flow)
    yield _result(answer, found, sign)


def _normalised(aim: Aim, potential: Potential) -> Aim:
    """The aim with E f in standard deviations above the base mean."""
    if aim.kind != "expectation":
        return aim
    return Aim(kind=aim.kind, value=potential.normalise(aim.value))


def _solve(aim: Aim, draws: Draws, limit: float = LAM_LIMIT) -> Solution:
    if aim.kind == "kl":
        return solve_kl(draws.moments, aim.value, limit=limit)
    if aim.kind == "one_in_n":
        return solve_one_in_n(draws.moments, aim.value, limit=limit)
    if aim.kind == "expectation":
        return solve_expectation(draws.moments, aim.value, limit=limit)
    return Solution(aim.value, draws.moments(aim.value), 0, True)


def _fitted_flow(spec: TuneSpec, aim: Aim, pool: Pool) -> Generator[FlowReport, None, Proposal]:
    """Fit until the flow is good at the λ of the aim, or its time is over."""
    flow_spec = _flow_spec(spec.flow, aim)
    for report in fit_flow(flow_spec, pool.potential, pool.draws, seed=spec.seed):
        yield report
        if isinstance(report, FlowSnapshot):
            newest = report
            if _share_at(report.check, aim) >= spec.good_share:
                break
    return newest.proposal()


def _flow_spec(spec: FlowSpec, aim: Aim) -> FlowSpec:
    """The spec with its range ending somewhat beyond the aim, where the aim is a KL."""
    if aim.kind not in ("kl", "one_in_n"):
        return spec
    kl = aim.value if aim.kind == "kl" else kl_of_one_in(aim.value)
    return spec.model_copy(update={"kl_max": min(kl + _BEYOND_KL, LARGEST_KL)})


def _share_at(check: FlowCheck, aim: Aim) -> float:
    """ESS / N at the λ of the aim, between the λ checked; 0 beyond them."""
    scale = {
        "lam": check.lam,
        "kl": check.kl,
        "one_in_n": np.exp(check.kl),
        "expectation": check.expectation,
    }[aim.kind]
    return float(np.interp(aim.value, scale, check.share, right=0.0))


def _by_flow(spec: TuneSpec, aim: Aim, pool: Pool, flow: Proposal) -> tuple[Solution, TunedAnswer]:
    """λ and the answer: first from draws over the whole range, then from draws around that λ."""
    generator = torch.Generator().manual_seed(spec.seed)
    end = float(flow.lam_max)
    lams = [share * end for share in MIXTURE_SHARES]
    for _ in range(2):
        each = spec.draws // len(lams)
        draws = mixture_draws(flow, pool.potential, pool.draws, lams, each, generator)
        found = _solve(aim, draws, limit=1.2 * end)
        lams = _around(found.lam, end)
    return found, answer_from_draws(draws, pool, found.lam, spec.samples, spec.seed)


def _around(lam: float, end: float) -> list[float]:
    """λ of the draws behind the figures: at λ itself, before it, and on to the flow's end."""
    return [max(0.7 * lam, 1e-3), max(lam, 1e-3), 0.5 * (lam + end), end]


def _result(answer: TunedAnswer, found: Solution, sign: float) -> TuneResult:
    values = {field.name: getattr(answer, field.name) for field in fields(TunedAnswer)}
    values["lam"] = sign * answer.lam
    values["normalised_expectation"] = sign * answer.normalised_expectation
    return TuneResult(**values, reached=found.reached, updates=found.updates)
