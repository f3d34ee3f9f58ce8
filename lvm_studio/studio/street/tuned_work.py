"""Answers the tuned law of the composition page from the best weighted draws there are.

Runs on the compute thread alone. Four sources know the tuned law ever better: the pool of base
draws (at once), the Gaussians that settle near it (half a second later), the climb over λ (which
looks for other ways to be extreme), the flow (fitted elsewhere). Of two criteria a fifth knows all
directions of λ, and where λ rests fresh weeks are drawn at it; no flow is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from lvm_studio.studio.street.answers import (
    ApartAnswer,
    Goal,
    LevelsAnswer,
    PairSurface,
    PartsAnswer,
    StreetRequest,
    TunedAnswer,
)
from lvm_studio.studio.street.apart_work import ApartWork
from lvm_studio.studio.street.known_tunings import (
    KL_MAX,
    KnownTunings,
    climb_on,
    look_on,
    settle_on,
)
from lvm_studio.studio.street.levels_work import LevelsWork
from lvm_studio.studio.street.pair_work import PairWork
from lvm_studio.studio.street.parts_work import PartsWork
from lvm_studio.studio.street.rivals_work import RivalsWork
from lvm_studio.studio.street.tuned_goals import facing, solve_on
from lvm_studio.studio.street.tuned_keys import side_of, tuning_key
from lvm_studio.studio.street.tuned_view import View, Views, answer_of
from lvm_studio.studio.street.tunings import Source, Tuning, best_source, by_knowledge
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.tuning.errors import TuningError

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.tuning.flows.fit import FlowSnapshot
    from lvm_studio.tuning.pair_job import PairKnown
    from lvm_studio.tuning.pools.reference_job import Reference
    from lvm_studio.tuning.pools.stages import Climb

FLOW_DRAWS = 512
"""Flow samples at each of a few λ behind the figures: 0.1 s to decode when a flow is adopted."""
WARM_STEPS = tuple(side * 0.02 * step for step in range(1, 26) for side in (1.0, -1.0))
"""How far from the λ on screen curves are decoded in advance, while λ rests."""


@dataclass(frozen=True)
class Improved:
    """There are better draws for the tunings of this key; settled: not much better ones follow."""

    key: Hashable
    settled: bool


class TunedWork:
    """Answers λ; remembers the tunings of the last few streets."""

    def __init__(self, streets: StreetWork) -> None:
        self.views = Views(streets)
        self._pairs = PairWork(self.views)
        self._parts = PartsWork(streets)
        self._apart = ApartWork(streets)
        self._rivals = RivalsWork()
        self._levels = LevelsWork(self.views)
        self.tunings = KnownTunings(self.views, self._pairs)

    # Answers --------------------------------------------------------------------------------

    def answer(self, request: StreetRequest) -> Generator[TunedAnswer | None, None, None]:
        """Answer the request's λ from the best source there is; builds the pool if need be.

        On a new street there may be a first answer before that, from what the last one knew.
        """
        told = None
        if self.tunings.get(request) is None:
            told = yield from self._answer_at_first(request)
            if told is not None:
                yield told
        tuning = yield from self.known(request)
        view = yield from self._view(request, tuning)
        if view.estimate.valid or tuning.gaussians is not None:
            yield answer_of(request, tuning, view)
        elif told is None:  # what was told before the pool was there is better than the pool
            told = yield from self._answer_at_first(request)
            yield told or answer_of(request, tuning, view)

    def _answer_at_first(self, request: StreetRequest) -> Generator[None, None, TunedAnswer | None]:
        """The answer from what the last street knew, if that can be believed."""
        look = yield from self.tunings.first_look(request)
        if look is None:
            return None
        view = self.views.at(request, look)
        return answer_of(request, look, view) if view.estimate.valid else None

    def _view(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, View]:
        """The law at λ by the method asked for."""
        rival = yield from self._rivals.at(request, tuning)
        if rival is not None:
            return self.views.of_rival(request, rival)
        return self.views.at(request, tuning)

    def parts(self, request: StreetRequest) -> Generator[PartsAnswer | None, None, None]:
        """Share out the curves of `answer` among the households."""
        tuning = yield from self.known(request)
        view = yield from self._view(request, tuning)
        yield None
        yield from self._parts.answer(request, view.u, view.curves_kw)

    def apart(self, request: StreetRequest) -> Generator[ApartAnswer | None, None, None]:
        """Share out the KL of `answer` among Σw, z and what else is tuned."""
        tuning = yield from self.known(request)
        source, _, _ = best_source(tuning, abs(request.state.lam), request.state.method)
        yield from self._apart.answer(request, source, tuning.pool.potential)

    def levels(self, request: StreetRequest) -> Generator[LevelsAnswer | None, None, None]:
        """Tell f of single weeks under both laws: histograms, and what "1 in N" may mean."""
        tuning = yield from self.known(request)
        source, _, _ = best_source(tuning, abs(request.state.lam), request.state.method)
        yield from self._levels.answer(request, source, tuning.pool.potential)

    def solve(
        self, request: StreetRequest, goal: Goal, target: float
    ) -> Generator[float | None, None, None]:
        """Find the λ that reaches a KL, "1 in N" or E f (in the criterion's unit)."""
        look = yield from self.tunings.look_for(request, goal, target)
        if look is not None and facing(request, look.pool, goal, target) is request:
            lam = _solved(look, goal, target, request.state)
            if lam is not None:
                yield side_of(request) * lam
                return
        tuning = yield from self.known(request)
        request = facing(request, tuning.pool, goal, target)
        tuning = yield from self.known(request)
        sign, potential = side_of(request), tuning.pool.potential
        for learning in (settle_on, climb_on):
            lam = _solved(tuning, goal, target, request.state)
            if lam is not None:
                yield sign * lam
                return
            while learning(tuning):
                yield None
        draws, share = by_knowledge(tuning)[0].draws, request.state.share
        lam = solve_on(draws, potential, goal, target, share)
        if lam is None:
            raise TuningError(
                f"No week of this street has f beyond {target:g} {potential.criterion.unit}; "
                "choose a level nearer to the base law."
            )
        yield sign * lam

    # Learning -------------------------------------------------------------------------------

    def settle(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        """Find the Gaussians nearest to the tuned laws, and tell that they are there.

        Of two criteria there are fresh draws of the page's own λ before that.
        """
        tuning = yield from self.known(request)
        kept = tuning.kept.get((abs(request.state.lam), request.state.samples))
        if kept is None and (yield from self._keep(request, tuning, _in_all(request, tuning))):
            yield Improved(tuning_key(request), settled=True)
        before = tuning.gaussians
        while settle_on(tuning):
            yield None
        if tuning.gaussians is not before:
            yield Improved(tuning_key(request), settled=True)
        self.tunings.remember(request, tuning)

    def _keep(
        self, request: StreetRequest, tuning: Tuning, reached: Climb | None
    ) -> Generator[None, None, bool]:
        """Draw at the page's λ afresh, from what has been reached; whether that was of use."""
        from lvm_studio.tuning.pools.keeping import KEPT_DRAWS, keeping

        state, lam = request.state, abs(request.state.lam)
        key = (lam, state.samples)
        before = tuning.kept.get(key)
        if reached is None or lam == 0.0 or (before is not None and before.near):
            return False
        if not reached.draws.estimate(lam)[0].valid:
            return False
        n = max(KEPT_DRAWS, state.samples)
        kept = yield from keeping(tuning.pool.potential, reached, lam, n, state.seed)
        if kept.near or before is None:
            tuning.kept.put(key, kept)
        return kept.near or before is None

    def climb(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        """Climb over λ, stage by stage, telling each; then decode what the next moves may show.

        Between the two comes a look at whether all these laws exist.
        """
        yield from self.settle(request)
        tuning = yield from self.known(request)
        while not tuning.climbed:
            stages = 0 if tuning.reached is None else tuning.reached.stages
            if not climb_on(tuning):
                tuning.end_climb()
            elif tuning.reached is None or tuning.reached.stages == stages:
                yield None
                continue
            yield Improved(tuning_key(request), settled=tuning.climbed)
        if tuning.pair is not None and (yield from self._keep(request, tuning, tuning.reached)):
            yield Improved(tuning_key(request), settled=True)
        while look_on(tuning):
            refused = tuning.existence is not None and tuning.existence.limit < math.inf
            yield Improved(tuning_key(request), settled=True) if refused else None
        if tuning.flow is not None:
            yield from tuning.flow.growing()
        yield from self._warm(request, tuning)

    def adopt(
        self, request: StreetRequest, snapshot: FlowSnapshot
    ) -> Generator[Improved | None, None, None]:
        """Draw from this flow for the request's street and criterion from now on."""
        from lvm_studio.tuning.pools.rows import FlowRows, flow_of, growing_draws

        state, tuning = request.state, (yield from self.known(request))
        flow = flow_of(snapshot, tuning.pool.potential)
        for draws in growing_draws(flow, tuning.pool, FLOW_DRAWS, state.seed):
            if draws is None:
                yield None
        assert draws is not None  # the last one is complete
        tuning.flow = FlowRows(flow, tuning.pool, state.samples)
        tuning.learn(Source("flow", draws))
        yield Improved(tuning_key(request), settled=True)

    def compare(
        self, request: StreetRequest, reference: Reference
    ) -> Generator[Improved | None, None, None]:
        """Hold every answer of this street and criterion against this reference from now on."""
        tuning = yield from self.known(request)
        tuning.reference = reference
        tuning.learn(Source("smc", reference.draws))
        yield Improved(tuning_key(request), settled=True)

    def learn_pair(
        self, request: StreetRequest, found: PairKnown
    ) -> Generator[PairSurface | None, None, None]:
        """Answer all directions of λ from these draws from now on; tells the surface."""
        return self._pairs.learn(request, found)

    def surface(self, request: StreetRequest) -> Generator[PairSurface | None, None, None]:
        """Tell the surface of the request's two criteria, if it is known."""
        return self._pairs.surface(request)

    # Jobs -----------------------------------------------------------------------------------

    def flow_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that fits the flow of this street and criterion elsewhere."""
        from lvm_studio.tuning.jobs import FlowJob
        from lvm_studio.tuning.specs import FlowSpec

        seed, tuning = request.state.seed, (yield from self.known(request))
        spec = FlowSpec(side="more" if side_of(request) > 0 else "less")
        criterion = criterion_text(request, tuning)
        job = FlowJob(spec, self.views.space(request), criterion=criterion, seed=seed)
        yield request, cast("Job", job)

    def reference_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that samples the tuned laws of this street without any proposal."""
        from lvm_studio.tuning.pools.reference_job import ReferenceJob

        seed, less = request.state.seed, side_of(request) < 0
        tuning = yield from self.known(request)
        criterion, space = criterion_text(request, tuning), self.views.space(request)
        job = ReferenceJob(space, criterion, KL_MAX, less=less, seed=seed)
        yield request, cast("Job", job)

    def pair_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that climbs in all directions of λ."""
        return self._pairs.job(request)

    def cost_job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that measures what every method costs on this street."""
        from lvm_studio.analysis.boltzmann.cost_job import CostJob

        tuning = yield from self.known(request)
        unit, space = tuning.pool.potential.criterion.unit, self.views.space(request)
        job = CostJob(space, criterion_text(request, tuning), unit, request.state.seed)
        yield request, cast("Job", job)

    # What is known --------------------------------------------------------------------------

    def known(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """Return all that is known of the request's street and criterion."""
        return self.tunings.at(request)

    def _warm(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, None]:
        """Decode what stands in the rows at λ nearby, the nearest first, for the next moves."""
        state = request.state
        for step in WARM_STEPS:
            lam = abs(state.lam) + step
            source, estimate, share = best_source(tuning, max(lam, 0.0), state.method)
            if lam < 0.0 or source.method == "flow" or not estimate.valid:
                continue
            nearby = replace(request, state=state.with_changes(lam=lam))
            self.views.stored(nearby, tuning, source, share)
            yield None


def criterion_text(request: StreetRequest, tuning: Tuning) -> str:
    """The one criterion that is tuned, as a job may be told it."""
    state = request.state
    return tuning.pool.potential.criterion.name if state.second else state.criterion


def _in_all(request: StreetRequest, tuning: Tuning) -> Climb | None:
    """What the climbs in all directions of two criteria say of the page's; None without them."""
    state, known = request.state, tuning.pair
    if known is None or known.pool is None:
        return None
    return known.pool.along(side_of(request) * known.pair.unit(state.blend), abs(state.lam))


def _solved(tuning: Tuning, goal: Goal, target: float, state: StreetState) -> float | None:
    """|λ| of a goal; None if no source can be believed there.

    The first source that can be believed says where about it lies. The one that answers there sees
    KL a little differently; it is asked too, so that the page shows what was typed.
    """
    potential = tuning.pool.potential
    for source in by_knowledge(tuning):
        lam = solve_on(source.draws, potential, goal, target, state.share)
        if lam is not None and source.draws.estimate(lam)[0].valid:
            shown, _, _ = best_source(tuning, lam, state.method)
            if shown is source:
                return lam
            there = solve_on(shown.draws, potential, goal, target, state.share)
            known = there is not None and shown.draws.estimate(there)[0].valid
            return there if known else lam
    return None
