"""One tuning from spec to curves: pool, climb, flow, and the λ that reaches the aim."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
import torch

from lvm_studio.data.jobs import result_of
from lvm_studio.models.street import BaseSpace, Street
from lvm_studio.tuning.aims import kl_of, mirrored_aim, normalised_aim, side_of, solve_aim
from lvm_studio.tuning.answers import TunedAnswer, answer_from_draws, answer_from_pool
from lvm_studio.tuning.certificate import Certificate, certify, uncertified
from lvm_studio.tuning.composition_noise import NoisySpace
from lvm_studio.tuning.composition_parts import bare, own_coordinates, tuned_space
from lvm_studio.tuning.compositions import KlApart, NoiseApart, kl_apart, noise_apart
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.criteria.existence import existence
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import ClimbReport, FlowReport, FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.one_by_one import TOLERANCE, FlowUpdate, tune_one_by_one
from lvm_studio.tuning.flows.proposals import FlowCheck, Proposal, flow_draws, mixture_draws
from lvm_studio.tuning.pools.keeping import keeping
from lvm_studio.tuning.pools.metered import MeteredSpace
from lvm_studio.tuning.pools.pool import Draws, Pool, Preparing, prepared_pool
from lvm_studio.tuning.pools.references import WAYS, ReferenceDraws
from lvm_studio.tuning.pools.rows import MIXTURE_SHARES
from lvm_studio.tuning.pools.smc import SmcRung, run_smc
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.stages import climb
from lvm_studio.tuning.solve import Solution, Update
from lvm_studio.tuning.specs import Aim, FlowSpec, SmcSpec, TuneSpec

LARGEST_KL = 20.0
"""Nats that nothing climbs beyond: one week in 5 · 10⁸."""
_BEYOND_KL = 2.5
"""A flow for one KL is fitted so many nats further: what is rare there is common further on."""

_CLIMB_BEYOND_KL = 0.5
_SMC_BEYOND_KL = 0.3
"""They climb so many nats beyond the aim, so that λ lies inside their range."""
_CERTIFICATE_DRAWS = 2048
"""Fresh draws of a flow at λ, which nothing was fitted to."""


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
    from the start of the solver to the aim; trace: each of them; certificate: how right the set
    is, with the reference's log Z where the spec asked for it; decodes, seconds: what the answer
    cost, the base pool included, that reference not; of `references.WAYS` what their draws cost;
    apart: the KLs of Σw and z (Eq. 10.17), or of all latents and the noise, None where a model or
    a method does not tell them; proposals: of so many each draw was kept.
    """

    reached: bool
    updates: int
    trace: tuple[Update, ...]
    certificate: Certificate
    decodes: int
    seconds: float
    apart: KlApart | NoiseApart | None = None
    proposals: int = 1


TuneReport = Preparing | PoolReport | FlowReport | FlowUpdate | SmcRung | TuneResult


def tune(spec: TuneSpec, space: BaseSpace) -> Iterator[TuneReport]:
    """Tune `space` to the aim; the last report is the TuneResult.

    The pool answers where it is valid at the λ that reaches the aim and worth `spec.good_ess`
    draws; otherwise a flow is fitted and answers. λ < 0 (less of f) is done as λ > 0 of -f.

    Raises:
        TuningError: an unknown criterion, an impossible aim, or an f that does not vary.
    """
    began = time.perf_counter()
    space = tuned_space(space, spec.tuned)
    size = max(spec.pool, spec.samples)
    criterion = criterion_named(spec.criterion)
    pool = yield from prepared_pool(space, criterion, size, spec.seed)
    metered = MeteredSpace(space, decoded=size)
    pool = replace(pool, potential=pool.potential.on(metered))
    base, unit = pool.potential, pool.potential.criterion.unit
    yield PoolReport(size, base.natural(0.0), base.scale, unit)
    aim = normalised_aim(spec.aim, base)
    sign = side_of(aim, pool.draws)
    if sign < 0.0:
        pool, aim = pool.mirrored(), mirrored_aim(aim)
    limits = existence(pool.potential, spec.seed)
    limits.check(aim.value if aim.kind == "lam" else 0.0, pool.potential)
    tuned = yield from _tuned(spec, aim, pool)
    limits.check(tuned.found.lam, pool.potential)
    cost = tuned.cost or _Cost(metered.decoded, time.perf_counter() - began)
    if tuned.fault:
        yield _result(tuned, uncertified(tuned.fault), sign, cost)
        return
    reference = yield from _reference(spec, tuned.answer, pool.potential)
    lam, behind = tuned.found.lam, tuned.behind
    certificate = certify(lam, behind.f, behind.log_ratio, reference=reference)
    yield replace(_result(tuned, certificate, sign, cost), apart=_apart(spec, tuned, pool))


@dataclass(frozen=True)
class _Cost:
    decodes: int
    seconds: float


@dataclass(frozen=True, eq=False)
class _Tuned:
    """A tuning before it is certified.

    found: λ; answer: there; behind: draws of one law whose weights certify it; fault: why no
    weights can ('' where they can); cost: of these draws alone, where finding λ cost more than
    they did, else None; proposals: of so many each draw was kept.
    """

    found: Solution
    answer: TunedAnswer
    behind: Draws
    fault: str = ""
    cost: _Cost | None = None
    proposals: int = 1


def _tuned(
    spec: TuneSpec, aim: Aim, pool: Pool
) -> Generator[FlowReport | FlowUpdate | SmcRung, None, _Tuned]:
    """By the method asked for; unless told, by the pool where it is good enough, else a flow.

    Where the noise is tuned too it is Gaussians of a climb instead, one of their proposals kept.
    """
    if spec.method == "smc":
        return (yield from _by_smc(spec, aim, pool))
    if spec.method in ("rejection", "reweighting", "langevin"):
        return (yield from _by_another_way(spec, aim, pool))
    if spec.method == "one by one":
        return (yield from _one_by_one(spec, aim, pool))
    if spec.method == "kept":
        return (yield from _by_kept(spec, aim, pool))
    found = solve_aim(aim, pool.draws)
    by_pool = pool.reweight(found.lam)
    enough = found.reached and by_pool.valid and by_pool.ess >= spec.good_ess
    if spec.method == "pool" or (spec.method == "auto" and enough):
        answer = answer_from_pool(pool, found.lam, spec.samples, spec.seed)
        return _Tuned(found, answer, pool.draws)
    if spec.method == "auto" and spec.tuned == "noise too":  # too many dimensions for a flow
        return (yield from _by_kept(spec, aim, pool))
    flow = yield from _fitted_flow(spec, aim, pool)
    return _by_flow(spec, aim, pool, flow)


def _by_smc(spec: TuneSpec, aim: Aim, pool: Pool) -> Generator[SmcRung, None, _Tuned]:
    """By the pool of all rungs of SMC."""
    kl = kl_of(aim)
    kl_max = min((spec.flow.kl_max if kl is None else kl) + _SMC_BEYOND_KL, LARGEST_KL)
    smc = yield from _smc(pool.potential, kl_max, spec.seed, spec.reference)
    found = solve_aim(aim, smc.draws, limit=max(smc.lam_max, 1e-3)).with_errors(smc.errors)
    by_smc = answer_from_draws(smc.draws, pool, found.lam, spec.samples, spec.seed)
    estimate, _ = smc.estimate(found.lam)
    error = abs(pool.potential.scale) * estimate.standard_error
    answer = replace(by_smc, method="smc", ess=estimate.ess, standard_error=error)
    return _Tuned(found, answer, smc.draws)


def _one_by_one(spec: TuneSpec, aim: Aim, pool: Pool) -> Generator[FlowUpdate, None, _Tuned]:
    """The thesis' own way: a flow for one λ, fitted anew as Algorithm 10.1 moves it.

    λ is where the flow's own draws have the KL asked for; weights then correct the draws there.
    """
    kl = kl_of(aim)
    if kl is None:
        raise TuningError(
            "Algorithm 10.1 looks for the λ of a KL: say how far by KL or by 1 in N, or choose "
            "another method."
        )
    trace = []
    for update in tune_one_by_one(spec.flow, pool.potential, kl, seed=spec.seed):
        trace.append(Update(update.lam, update.moments))
        yield update
    generator = torch.Generator().manual_seed(spec.seed)
    v = torch.randn(spec.draws, pool.potential.dim, generator=generator)
    draws = flow_draws(update.flow, pool.potential, v, 1.0)
    answer = answer_from_draws(draws, pool, update.lam, spec.samples, spec.seed)
    reached = abs(update.kl - kl) <= TOLERANCE
    found = Solution(update.lam, update.moments, update.number - 1, reached, tuple(trace))
    return _Tuned(found, replace(answer, method="one by one"), draws)


def _by_kept(spec: TuneSpec, aim: Aim, pool: Pool) -> Generator[ClimbReport, None, _Tuned]:
    """By Gaussians of a climb, one of a few proposals kept: near at once, nothing is fitted."""
    kl, generator = kl_of(aim), torch.Generator().manual_seed(spec.seed)
    kl_max = min((spec.flow.kl_max if kl is None else kl) + _CLIMB_BEYOND_KL, LARGEST_KL)
    climbed = climb(
        pool.potential, pool.draws, kl_max=kl_max, draws=spec.flow.climb_draws, generator=generator
    )
    for stage in climbed:
        yield ClimbReport(stage.stages, stage.lam, stage.kl)
    lam, n = max(solve_aim(aim, stage.draws).lam, 1e-3), max(spec.draws, spec.samples)
    kept = result_of(keeping(pool.potential, stage, lam, n, spec.seed))
    found = solve_aim(aim, kept.draws)  # λ a little beside it, by draws that know more
    answer = answer_from_draws(kept.draws, pool, found.lam, spec.samples, spec.seed)
    return _Tuned(found, replace(answer, method="kept"), kept.draws, proposals=kept.proposals)


def _by_another_way(spec: TuneSpec, aim: Aim, pool: Pool) -> Generator[SmcRung, None, _Tuned]:
    """By what people would otherwise use; λ is SMC's, since two of them cannot find it."""
    level = yield from _by_smc(spec, aim, pool)
    lam, kl = level.found.lam, level.answer.kl
    way = WAYS[spec.method](pool.potential, lam=lam, kl=kl, seed=spec.seed)
    plain = Draws(way.u, way.f, np.zeros(len(way.f)))
    cost = _Cost(way.decodes, way.seconds)
    if spec.method == "reweighting":
        answer = answer_from_draws(plain, pool, lam, spec.samples, spec.seed)
        by_weights = replace(answer, method="reweighting")
        return _Tuned(level.found, by_weights, plain, cost=cost)
    scale = abs(pool.potential.scale)
    answer = answer_from_draws(plain, pool, 0.0, spec.samples, spec.seed)
    return _Tuned(level.found, _unweighted(answer, way, level, scale), plain, way.caveat, cost)


def _unweighted(
    answer: TunedAnswer, way: ReferenceDraws, level: _Tuned, scale: float
) -> TunedAnswer:
    """The answer of draws that carry no weights: they know neither λ nor Z, SMC told these."""
    method: Literal["rejection", "langevin"] = (
        "rejection" if way.method == "rejection" else "langevin"
    )
    return replace(
        answer,
        method=method,
        lam=level.found.lam,
        kl=level.answer.kl,
        one_in_n=level.answer.one_in_n,
        log_z=level.answer.log_z,
        standard_error=way.standard_error * scale,
        ess=way.effective,
        valid=False,
        doubt=way.caveat,
    )


def _apart(spec: TuneSpec, tuned: _Tuned, pool: Pool) -> KlApart | NoiseApart | None:
    """What the tuning costs in Σw and in z, or in both and in the noise; None where unsure."""
    space, kl, lam = bare(pool.potential.space), max(tuned.answer.kl, 0.0), tuned.found.lam
    if not tuned.answer.valid:
        return None
    if isinstance(space, NoisySpace):
        return noise_apart(tuned.behind, lam, pool.potential, space.whole.dim, spec.seed)
    if spec.tuned != "both":
        return KlApart(kl * (spec.tuned == "w"), kl * (spec.tuned == "z"), 0.0)
    if not isinstance(space, Street):
        return None
    first = own_coordinates(space, "w")
    return kl_apart(tuned.behind, lam, pool.potential, first, spec.seed)


def _smc(
    potential: Potential, kl_max: float, seed: int, spec: SmcSpec | None
) -> Generator[SmcRung, None, SmcPool]:
    """The pool of one run, with a report a rung."""
    for report in run_smc(potential, kl_max=kl_max, seed=seed, spec=spec):
        if isinstance(report, SmcRung):
            yield report
        else:
            return report
    raise TuningError("The reference ended without a pool; this is a fault of the program.")


def _reference(
    spec: TuneSpec, answer: TunedAnswer, potential: Potential
) -> Generator[SmcRung, None, tuple[float, float] | None]:
    """log Z of SMC from two seeds that the answer has not seen; None where not asked for."""
    if spec.reference is None or not math.isfinite(answer.kl):
        return None
    kl_max = min(max(answer.kl, 0.0) + _SMC_BEYOND_KL, LARGEST_KL)
    found = []
    for step in (1, 2):
        smc = yield from _smc(potential, kl_max, spec.seed + step, spec.reference)
        found.append(smc.log_z_at(answer.lam)[0])
    return found[0], found[1]


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
    kl = kl_of(aim)
    if kl is None:
        return spec
    return spec.model_copy(update={"kl_max": min(kl + _BEYOND_KL, LARGEST_KL)})


def _share_at(check: FlowCheck, aim: Aim) -> float:
    """ESS / N at the λ of the aim, between the λ checked; 0 beyond them.

    A quantile lies near its law's mean: that is near enough to know when a fit may stop.
    """
    scale = {
        "lam": check.lam,
        "kl": check.kl,
        "one_in_n": np.exp(check.kl),
        "expectation": check.expectation,
        "quantile": check.expectation,
    }[aim.kind]
    return float(np.interp(aim.value, scale, check.share, right=0.0))


def _by_flow(spec: TuneSpec, aim: Aim, pool: Pool, flow: Proposal) -> _Tuned:
    """λ and the answer: first from draws over the whole range, then from draws around that λ."""
    generator = torch.Generator().manual_seed(spec.seed)
    end = float(flow.lam_max)
    lams = [share * end for share in MIXTURE_SHARES]
    for _ in range(2):
        each = spec.draws // len(lams)
        draws = mixture_draws(flow, pool.potential, pool.draws, lams, each, generator)
        found = solve_aim(aim, draws, limit=1.2 * end)
        lams = _around(found.lam, end)
    v = torch.randn(_CERTIFICATE_DRAWS, pool.potential.dim, generator=generator)
    behind = flow_draws(flow, pool.potential, v, found.lam)
    answer = answer_from_draws(draws, pool, found.lam, spec.samples, spec.seed)
    return _Tuned(found, answer, behind)


def _around(lam: float, end: float) -> list[float]:
    """λ of the draws behind the figures: at λ itself, before it, and on to the flow's end."""
    return [max(0.7 * lam, 1e-3), max(lam, 1e-3), 0.5 * (lam + end), end]


def _result(tuned: _Tuned, certificate: Certificate, sign: float, cost: _Cost) -> TuneResult:
    answer, found = tuned.answer, tuned.found
    values = {field.name: getattr(answer, field.name) for field in fields(TunedAnswer)}
    values["lam"] = sign * answer.lam
    values["normalised_expectation"] = sign * answer.normalised_expectation
    return TuneResult(
        **values,
        reached=found.reached,
        updates=found.updates,
        trace=tuple(_on_side(each, sign) for each in found.trace),
        certificate=certificate,
        decodes=cost.decodes,
        seconds=cost.seconds,
        proposals=tuned.proposals,
    )


def _on_side(update: Update, sign: float) -> Update:
    """An update of the λ of sign · f, as one of f's."""
    moments = update.moments
    own = replace(moments, expectation=sign * moments.expectation, third=sign * moments.third)
    return replace(update, lam=sign * update.lam, moments=own)
