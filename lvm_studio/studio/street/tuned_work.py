"""The tuned law of the composition page, answered from the best weighted draws there are.

Runs on the compute thread alone. Three sources know the tuned law ever further out: the pool of
base draws (at once), the climb over λ (about a second later), the flow (fitted elsewhere). Of two
criteria a fourth knows all directions of λ.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
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
from lvm_studio.studio.street.levels_work import LevelsWork
from lvm_studio.studio.street.pair_work import PairWork
from lvm_studio.studio.street.parts_work import PartsWork
from lvm_studio.studio.street.rivals_work import RivalsWork
from lvm_studio.studio.street.tuned_goals import facing, solve_on
from lvm_studio.studio.street.tuned_keys import alike, side_of, tuning_key
from lvm_studio.studio.street.tuned_view import View, Views, answer_of
from lvm_studio.studio.street.tunings import Source, Tuning, best_source, by_knowledge
from lvm_studio.studio.street.work import Recent, StreetWork
from lvm_studio.tuning.errors import TuningError

if TYPE_CHECKING:
    import torch

    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.first_look import Before
    from lvm_studio.tuning.flows.fit import FlowSnapshot
    from lvm_studio.tuning.pair_job import PairKnown
    from lvm_studio.tuning.pools.pool import Pool
    from lvm_studio.tuning.pools.reference_job import Reference

KL_MAX = 7.5
"""How far the climb goes: a little beyond "1 week in 1000" (6.91 nats)."""
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
        self._tunings: Recent[Hashable, Tuning] = Recent(6)
        self._before: Before | None = None
        self._looks: Recent[Hashable, Tuning] = Recent(2)
        self._growing: tuple[Hashable, Iterator[Pool | None]] | None = None

    # Answers --------------------------------------------------------------------------------

    def answer(self, request: StreetRequest) -> Generator[TunedAnswer | None, None, None]:
        """Answer the request's λ from the best source there is; builds the pool if need be.

        On a new street there may be a first answer before that, from what the last one knew.
        """
        look = self._first_look(request)
        if look is not None:
            view = self.views.at(request, look)
            if view.estimate.valid:
                yield answer_of(request, look, view)
        tuning = yield from self.known(request)
        yield answer_of(request, tuning, (yield from self._view(request, tuning)))

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
        tuning = yield from self.known(request)
        if goal in ("expectation", "quantile"):
            request = facing(request, tuning.pool, target)
            tuning = yield from self.known(request)
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

    # Learning -------------------------------------------------------------------------------

    def climb(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        """Climb over λ, stage by stage, telling each; then decode what the next moves may show."""
        tuning = yield from self.known(request)
        while not tuning.climbed:
            stages = 0 if tuning.reached is None else tuning.reached.stages
            if not climb_on(tuning):
                tuning.end_climb()
            elif tuning.reached is None or tuning.reached.stages == stages:
                yield None
                continue
            yield Improved(tuning_key(request), settled=tuning.climbed)
        if tuning.flow is not None:
            yield from tuning.flow.growing()
        self._remember(request, tuning)
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
        """Return all that is known of the request's street and criterion.

        At first that is a pool of base draws, made in slices.
        """
        key = tuning_key(request)
        found = self._tunings.get(key)
        if found is None:
            made = self._of_pair(request) if request.state.second else self._of_one(request)
            found = self._tunings.put(key, (yield from made))
        if found.pair is not None and "pair" not in found.sources:
            draws = found.pair.seen(request.state.blend, side_of(request))
            if draws is not None:
                found.learn(Source("pair", draws))
        return found

    def _of_one(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        from lvm_studio.tuning.criteria.criterion import criterion_named
        from lvm_studio.tuning.pools.pool import Pool

        key = tuning_key(request)
        if self._growing is None or self._growing[0] != key:
            space = self.views.space(request)
            criterion = criterion_named(request.state.criterion)
            self._growing = key, Pool.growing(space, criterion, seed=request.state.seed)
        for pool in self._growing[1]:  # from where a wish that λ overtook has left it
            if pool is not None:
                self._growing = None
                return _tuning_of(request, pool)
            yield None
        self._growing = None  # another wish has taken the pool meanwhile, or it failed
        return self._tunings.get(key) or (yield from self._of_one(request))

    def _of_pair(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """The tuning of two criteria in one direction of λ: nothing is decoded for it."""
        pair = yield from self._pairs.known(request)
        tuning = _tuning_of(request, pair.pair.along(request.state.blend))
        return replace(tuning, pair=pair, couplings=pair.couplings, decoded=pair.decoded)

    def _first_look(self, request: StreetRequest) -> Tuning | None:
        """A quick tuning of a street that nothing is known of, if one like it came to rest."""
        from lvm_studio.studio.street.first_look import first_look
        from lvm_studio.tuning.criteria.criterion import criterion_named

        state, before = request.state, self._before
        known = self._tunings.get(tuning_key(request)) is not None or bool(state.second)
        if known or before is None or before.alike != alike(request) or state.lam == 0.0:
            return None
        criterion = criterion_named(state.criterion)
        less = side_of(request) < 0
        return self._looks.make(
            tuning_key(request),
            lambda: first_look(self.views.space(request), criterion, before, state.seed, less=less),
        )

    def _remember(self, request: StreetRequest, tuning: Tuning) -> None:
        """Note what this street knows at its λ, for the first look at the next one."""
        from lvm_studio.studio.street.first_look import Before

        if tuning.reached is not None and request.state.lam != 0.0:
            lam = abs(request.state.lam)
            self._before = Before.of(alike(request), tuning.reached, lam, request.state.seed)

    def _warm(self, request: StreetRequest, tuning: Tuning) -> Generator[None, None, None]:
        """Decode what stands in the rows at λ nearby, the nearest first, for the next moves."""
        state = request.state
        here = best_source(tuning, abs(state.lam), state.method)[0]
        for step in WARM_STEPS:
            lam = abs(state.lam) + step
            source, estimate, share = best_source(tuning, max(lam, 0.0), state.method)
            if lam < 0.0 or source is not here or source.method == "flow" or not estimate.valid:
                continue  # other draws would put the curves of these out of store
            nearby = replace(request, state=state.with_changes(lam=lam))
            self.views.stored(nearby, tuning, source, share)
            yield None


def criterion_text(request: StreetRequest, tuning: Tuning) -> str:
    """The one criterion that is tuned, as a job may be told it."""
    state = request.state
    return tuning.pool.potential.criterion.name if state.second else state.criterion


def climb_on(tuning: Tuning) -> bool:
    """Take the next slice of the climb; False at its end."""
    try:
        stage = next(tuning.stages)
    except StopIteration:
        return False
    if stage is not None:
        tuning.reach(stage)
    return True


def _tuning_of(request: StreetRequest, pool: Pool) -> Tuning:
    """A tuning that knows no more than its base draws, turned to the request's side."""
    from lvm_studio.tuning.pools.stages import climb_in_slices

    if side_of(request) < 0:
        pool = pool.mirrored()
    generator = _generator(request.state.seed)
    stages = climb_in_slices(pool.potential, pool.draws, kl_max=KL_MAX, generator=generator)
    return Tuning(pool, {"pool": Source("pool", pool.draws)}, stages)


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(seed)
