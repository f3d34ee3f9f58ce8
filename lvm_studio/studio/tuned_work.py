"""The tuned law of the composition page, answered from the best weighted draws there are.

Runs on the compute thread alone. Three sources know the tuned law ever further out: the pool of
base draws (at once), the climb over λ (about a second later), the flow (fitted elsewhere).
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.calendar import week_start
from lvm_studio.studio.answers import (
    LAM_MAX,
    Goal,
    LevelsAnswer,
    Method,
    PartsAnswer,
    StreetRequest,
    TunedAnswer,
)
from lvm_studio.studio.coupling import RACE_ROWS, RowCoupling
from lvm_studio.studio.levels_work import LevelsWork
from lvm_studio.studio.parts_work import PartsWork
from lvm_studio.studio.street_work import Recent, StreetWork, decode, measured, street_key
from lvm_studio.studio.tunings import (
    Source,
    Tuning,
    best_source,
    by_knowledge,
    certified,
    source_of,
)
from lvm_studio.tuning.errors import TuningError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from lvm_studio.data.jobs import Job
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.first_look import Before
    from lvm_studio.tuning.certificate import Certificate
    from lvm_studio.tuning.estimates import TunedEstimate
    from lvm_studio.tuning.fit import FlowSnapshot
    from lvm_studio.tuning.pool import Draws, Pool
    from lvm_studio.tuning.potential import Potential
    from lvm_studio.tuning.reference_job import Reference

KL_MAX = 7.5
"""How far the climb goes: a little beyond "1 week in 1000" (6.91 nats)."""
SMALL_LAM = 0.01
"""A λ that says no more than on which side of 0 one is."""
POOR_SHARE = 0.25
"""Flow curves worth fewer of their rows than this give way to the best of the stored draws."""

FLOW_DRAWS = 512
"""Flow samples at each of a few λ behind the figures: 0.1 s to decode when a flow is adopted."""
WARM_STEPS = tuple(side * 0.02 * step for step in range(1, 26) for side in (1.0, -1.0))
"""How far from the λ on screen curves are decoded in advance, while λ rests."""


@dataclass(frozen=True)
class Improved:
    """There are better draws for the tunings of this key; settled: not much better ones follow."""

    key: Hashable
    settled: bool


@dataclass(frozen=True, eq=False)
class View:
    """The tuned law at one λ from one source: an estimate, and curves [n, 336] kW at u [n, dim].

    weights: [n] of the curves, mean one; all one where they have been resampled.
    """

    method: Method
    estimate: TunedEstimate
    certificate: Certificate
    u: torch.Tensor
    curves_kw: NDArray[np.float32]
    weights: NDArray[np.float64]


class TunedWork:
    """Answers λ; remembers the tunings of the last few streets."""

    def __init__(self, streets: StreetWork) -> None:
        self._streets = streets
        self._parts = PartsWork(streets)
        self._levels = LevelsWork(streets)
        self._tunings: Recent[Hashable, Tuning] = Recent(6)
        self._before: Before | None = None

    def answer(self, request: StreetRequest) -> Generator[TunedAnswer | None, None, None]:
        """Answer the request's λ from the best source there is; builds the pool if need be.

        On a new street there may be a first answer before that, from what the last one knew.
        """
        look = self._first_look(request)
        if look is not None:
            view = self._view(request, look)
            if view.estimate.valid:
                yield _answer(request, look, view)
        tuning = yield from self._tuning(request)
        yield _answer(request, tuning, self._view(request, tuning))

    def parts(self, request: StreetRequest) -> Generator[PartsAnswer | None, None, None]:
        """Share out the curves of `answer` among the households."""
        tuning = yield from self._tuning(request)
        view = self._view(request, tuning)
        yield None
        yield from self._parts.answer(request, view.u, view.curves_kw)

    def levels(self, request: StreetRequest) -> Generator[LevelsAnswer | None, None, None]:
        """Tell f of single weeks under both laws: histograms, and what "1 in N" may mean."""
        tuning = yield from self._tuning(request)
        source, _, _ = best_source(tuning, abs(request.state.lam), request.state.method)
        yield from self._levels.answer(request, source, tuning.pool.potential)

    def known(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """Return all that is known of the request's street and criterion."""
        return self._tuning(request)

    def climb(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        """Climb over λ, stage by stage, telling each; then decode what the next moves may show."""
        tuning = yield from self._tuning(request)
        while not tuning.climbed:
            if not climb_on(tuning):
                tuning.end_climb()
            yield Improved(tuning_key(request), settled=tuning.climbed)
        if tuning.flow is not None:
            yield from tuning.flow.growing()
        self._remember(request, tuning)
        yield from self._warm(request, tuning)

    def _remember(self, request: StreetRequest, tuning: Tuning) -> None:
        """Note what this street knows at its λ, for the first look at the next one."""
        from lvm_studio.studio.first_look import Before

        if tuning.reached is not None and request.state.lam != 0.0:
            lam = abs(request.state.lam)
            self._before = Before.of(_alike(request), tuning.reached, lam, request.state.seed)

    def _first_look(self, request: StreetRequest) -> Tuning | None:
        """A quick tuning of a street that nothing is known of, if one like it came to rest."""
        from lvm_studio.studio.first_look import first_look
        from lvm_studio.tuning.criteria import criterion_named

        state, before = request.state, self._before
        known = self._tunings.get(tuning_key(request)) is not None
        if known or before is None or before.alike != _alike(request) or state.lam == 0.0:
            return None
        criterion = criterion_named(state.criterion)
        less = side_of(request) < 0
        return first_look(self._streets.space(request), criterion, before, state.seed, less=less)

    def _warm(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, None]:
        """Decode what stands in the rows at λ nearby, the nearest first, for the next moves."""
        state = request.state
        here = best_source(tuning, abs(state.lam), state.method)[0]
        for step in WARM_STEPS:
            lam = abs(state.lam) + step
            source, estimate, share = best_source(tuning, max(lam, 0.0), state.method)
            if lam < 0.0 or source is not here or source.method == "flow" or not estimate.valid:
                continue  # other draws would put the curves of these out of store
            self._stored_view(
                replace(request, state=state.with_changes(lam=lam)), tuning, source, share
            )
            yield None

    def solve(
        self, request: StreetRequest, goal: Goal, target: float
    ) -> Generator[float | None, None, None]:
        """Find the λ that reaches a KL, "1 in N" or E f (in the criterion's unit)."""
        tuning = yield from self._tuning(request)
        if goal in ("expectation", "quantile"):
            request = facing(request, tuning.pool, target)
            tuning = yield from self._tuning(request)
        sign, potential = side_of(request), tuning.pool.potential
        share = request.state.share
        for source in by_knowledge(tuning):
            lam = solve_on(source.draws, potential, goal, target, share)
            if lam is not None and source.draws.estimate(lam)[0].valid:
                yield sign * lam
                return
        while climb_on(tuning):
            yield None
        lam = solve_on(by_knowledge(tuning)[0].draws, potential, goal, target, share)
        if lam is None:
            raise TuningError(
                f"No week of this street has f beyond {target:g} {potential.criterion.unit}; "
                "choose a level nearer to the base law."
            )
        yield sign * lam

    def adopt(
        self, request: StreetRequest, snapshot: FlowSnapshot
    ) -> Generator[Improved | None, None, None]:
        """Draw from this flow for the request's street and criterion from now on."""
        from lvm_studio.tuning.rows import FlowRows, flow_of, growing_draws

        state, tuning = request.state, (yield from self._tuning(request))
        flow = flow_of(snapshot, tuning.pool.potential)
        for draws in growing_draws(flow, tuning.pool, FLOW_DRAWS, state.seed):
            if draws is None:
                yield None
        assert draws is not None  # the last one is complete
        tuning.flow = FlowRows(flow, tuning.pool, state.samples)
        tuning.learn(source_of("flow", draws))
        yield Improved(tuning_key(request), settled=True)

    def compare(
        self, request: StreetRequest, reference: Reference
    ) -> Generator[Improved | None, None, None]:
        """Hold every answer of this street and criterion against this reference from now on."""
        tuning = yield from self._tuning(request)
        tuning.reference = reference
        tuning.learn(source_of("smc", reference.draws))
        yield Improved(tuning_key(request), settled=True)

    def flow_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that fits the flow of this street and criterion elsewhere."""
        from lvm_studio.tuning.jobs import FlowJob
        from lvm_studio.tuning.specs import FlowSpec

        state = request.state
        space = self._streets.space(request)
        spec = FlowSpec(side="more" if side_of(request) > 0 else "less")
        job = FlowJob(spec, space, criterion=state.criterion, seed=state.seed)
        yield request, cast("Job", job)

    def reference_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that samples the tuned laws of this street without any proposal."""
        from lvm_studio.tuning.reference_job import ReferenceJob

        state, less = request.state, side_of(request) < 0
        space = self._streets.space(request)
        job = ReferenceJob(space, state.criterion, KL_MAX, less=less, seed=state.seed)
        yield request, cast("Job", job)

    def _tuning(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """Return what is known; at first that is a pool of base draws, made in slices."""
        from lvm_studio.tuning.criteria import criterion_named
        from lvm_studio.tuning.pool import Pool
        from lvm_studio.tuning.stages import climb

        key = tuning_key(request)
        found = self._tunings.get(key)
        if found is not None:
            return found
        space = self._streets.space(request)
        criterion = criterion_named(request.state.criterion)
        for pool in Pool.growing(space, criterion, seed=request.state.seed):
            if pool is None:
                yield None
        assert pool is not None  # the last one is the pool
        if side_of(request) < 0:
            pool = pool.mirrored()
        stages = climb(
            pool.potential, pool.draws, kl_max=KL_MAX, generator=_generator(request.state.seed)
        )
        tuning = Tuning(pool, {"pool": source_of("pool", pool.draws)}, stages)
        return self._tunings.put(key, tuning)

    def _view(self, request: StreetRequest, tuning: Tuning) -> View:
        """Return the law at λ: by the flow wherever it is valid, else by the best stored draws."""
        state, lam = request.state, abs(request.state.lam)
        source, estimate, share = best_source(tuning, lam, state.method)
        certificate = certified(tuning, source, lam)
        if source.method == "flow" and tuning.flow is not None:
            rows = tuning.flow.shown(lam, state.seed, corrected=state.corrected)
            if rows.ess >= POOR_SHARE * len(rows.curves_kw):
                gap = estimate.log_z - rows.mean_log_weight
                certificate = replace(certificate, kl_to_target=gap, corrected=state.corrected)
                return View("flow", estimate, certificate, rows.u, rows.curves_kw, rows.weights)
        u, curves = self._stored_view(request, tuning, source, share)
        return View(source.method, estimate, certificate, u, curves, np.ones(len(curves)))

    def _stored_view(
        self,
        request: StreetRequest,
        tuning: Tuning,
        source: Source,
        share: NDArray[np.float64],
    ) -> tuple[torch.Tensor, NDArray[np.float32]]:
        """Stored draws in the rows of the fan at the request's λ: u [n, dim], curves [n, 336]."""
        state = request.state
        picked = _stored_rows(request, tuning, source.draws, share)
        space = self._streets.space(request)
        _, eps = self._streets.noise(state.samples, space.dim, state.seed)
        curves = tuning.decoded.curves(
            source.draws.u,
            picked,
            # row i has the same observation noise whatever stands in it
            lambda u, rows: decode(space, u, eps[rows]),
        )
        return source.draws.u[picked], curves


def tuning_key(request: StreetRequest) -> Hashable:
    """What pool, climb and flow depend on: street, criterion, seed and side; not λ itself."""
    state = request.state
    return (street_key(request), state.criterion, state.seed, side_of(request))


def _alike(request: StreetRequest) -> Hashable:
    """Equal for streets whose tuned laws are near to each other."""
    return (request.model, request.state.criterion, side_of(request))


def side_of(request: StreetRequest) -> float:
    """Whether the page asks for more of the criterion (1) or for less of it (−1, λ < 0)."""
    return -1.0 if request.state.lam < 0.0 else 1.0


def facing(request: StreetRequest, pool: Pool, level: float) -> StreetRequest:
    """Return the request turned to the side on which E f, or the quantile, reaches this level."""
    base, share = 0.0, request.state.share
    if request.state.goal == "quantile":
        below = share if pool.potential.scale > 0.0 else 1.0 - share
        base = float(np.quantile(pool.draws.f, below))
    less = level < pool.potential.natural(base)
    lam = abs(request.state.lam) or SMALL_LAM
    return replace(request, state=request.state.with_changes(lam=-lam if less else lam))


def climb_on(tuning: Tuning) -> bool:
    """Take the next stage of the climb; False at its end."""
    stage = next(tuning.stages, None)
    if stage is not None and stage.stages:  # the stage before the first Gaussian knows no more
        tuning.reached = stage
        tuning.learn(source_of("climb", stage.draws))
    return stage is not None


def solve_on(
    draws: Draws, potential: Potential, goal: Goal, target: float, share: float = 0.5
) -> float | None:
    """Return the λ in [0, LAM_MAX] that comes nearest to the goal, as these draws see it.

    None where none of them lies beyond the level of a quantile.
    """
    from lvm_studio.tuning import solve

    if goal == "kl":
        found = solve.solve_kl(draws.moments, target, limit=LAM_MAX)
    elif goal == "one_in_n":
        found = solve.solve_one_in_n(draws.moments, target, limit=LAM_MAX)
    elif goal == "expectation":
        level = max(0.0, potential.normalise(target))
        found = solve.solve_expectation(draws.moments, level, limit=LAM_MAX)
    else:
        level = potential.normalise(target)
        if not draws.f.min() <= level < draws.f.max():
            return None
        below = share if potential.scale > 0.0 else 1.0 - share
        found = solve.solve_quantile(draws.f, draws.log_ratio, level, below, limit=LAM_MAX)
    return max(0.0, found.lam)


def _answer(request: StreetRequest, tuning: Tuning, view: View) -> TunedAnswer:
    from lvm_studio.tuning.estimates import one_in_n

    estimate, potential, state = view.estimate, tuning.pool.potential, request.state
    moments = estimate.moments
    return TunedAnswer(
        state=state,
        method=view.method,
        lam=state.lam,
        certificate=view.certificate,
        kl=max(0.0, moments.kl),  # sums of weights may say −1e-16
        one_in_n=one_in_n(max(0.0, moments.kl)),
        expectation=potential.natural(moments.expectation),
        base_expectation=potential.natural(0.0),
        unit=potential.criterion.unit,
        criterion=state.criterion,
        ess=estimate.ess,
        khat=estimate.khat,
        log_z=estimate.log_z,
        valid=estimate.valid,
        samples=estimate.samples,
        sentence=_sentence(view),
        fan=make_fan(view.curves_kw, week_start(state.week), measured(request)),
        weights=view.weights,
        front=tuning.front,
        refining=not tuning.climbed,
    )


def _stored_rows(
    request: StreetRequest, tuning: Tuning, draws: Draws, share: NDArray[np.float64]
) -> NDArray[np.int64]:
    state = request.state
    if state.samples > RACE_ROWS:
        return _resampled(share, state)
    size = (state.samples, len(draws.f), state.seed)
    coupling = tuning.couplings.make(size, lambda: RowCoupling(*size))
    return coupling.pick(abs(state.lam), draws.f, draws.log_ratio)


def _resampled(share: NDArray[np.float64], state: StreetState) -> NDArray[np.int64]:
    from lvm_studio.tuning.weights import systematic_resample

    return systematic_resample(share, state.samples, state.seed)


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(seed)


def _sentence(view: View) -> str:
    """Say which of the sources is on screen; how far to trust it the certificate says."""
    estimate = view.estimate
    return {
        "pool": f"{estimate.samples:,} base weeks, reweighted.",
        "climb": f"{estimate.samples:,} weeks drawn on the way to λ, reweighted.",
        "flow": f"{estimate.samples:,} weeks of base law and fitted flow, reweighted.",
        "smc": f"{estimate.samples:,} weeks of the reference (tempered SMC), reweighted.",
    }[view.method]
