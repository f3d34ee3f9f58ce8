"""The tunings of the last few streets, made from base draws and improved slice by slice.

A street that is like the one before begins at what that one knew. Runs on the compute thread
alone.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lvm_studio.studio.street.pair_work import PairWork
from lvm_studio.studio.street.tuned_goals import solve_on
from lvm_studio.studio.street.tuned_keys import alike, side_of, tuning_key
from lvm_studio.studio.street.tunings import Settled, Source, Tuning
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    import torch

    from lvm_studio.studio.street.answers import Goal, StreetRequest
    from lvm_studio.studio.street.first_look import Before
    from lvm_studio.studio.street.tuned_view import Views
    from lvm_studio.tuning.flows.flow import LambdaFlow
    from lvm_studio.tuning.pools.pool import Pool

KL_MAX = 7.5
"""How far Gaussians and climb go: a little beyond "1 week in 1000" (6.91 nats)."""
LOOK_REACH = 0.5
"""Draws around a λ answer others so far from it."""
SETTLED_DRAWS = 512
"""Of the Gaussians that have settled, at each of the few λ that flows are drawn at too."""


class KnownTunings:
    """What is known of the tuned laws of the last few streets and criteria, by `tuning_key`."""

    def __init__(self, views: Views, pairs: PairWork) -> None:
        self._views = views
        self._pairs = pairs
        self._tunings: Recent[Hashable, Tuning] = Recent(6)
        self._looks: Recent[Hashable, tuple[float, Tuning]] = Recent(2)
        self._before: Before | None = None
        self._growing: tuple[Hashable, Iterator[Pool | None]] | None = None

    def get(self, request: StreetRequest) -> Tuning | None:
        """Return what is known of the request's street and criterion; None where nothing is."""
        return self._tunings.get(tuning_key(request))

    def at(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """Return the same; at first that is a pool of base draws, made in slices."""
        found = self.get(request)
        if found is None:
            made = self._of_pair(request) if request.state.second else self._of_one(request)
            found = self._tunings.put(tuning_key(request), (yield from made))
        if found.pair is not None and "pair" not in found.sources:
            draws = found.pair.seen(request.state.blend, side_of(request))
            if draws is not None:
                found.learn(Source("pair", draws))
        return found

    def first_look(
        self, request: StreetRequest, lam: float | None = None
    ) -> Generator[None, None, Tuning | None]:
        """A quick tuning of a street that is new, around |λ|, if one like it came to rest."""
        from lvm_studio.studio.street.first_look import first_look
        from lvm_studio.tuning.criteria.criterion import criterion_named

        state, before, known = request.state, self._like(request), self.get(request)
        lam = abs(state.lam) if lam is None else lam
        if before is None or lam == 0.0 or (known is not None and known.gaussians is not None):
            return None
        found = self._looks.get(tuning_key(request))
        if found is None or abs(found[0] - lam) > LOOK_REACH:
            criterion, less = criterion_named(state.criterion), side_of(request) < 0
            space = self._views.space(request)
            look = yield from first_look(space, criterion, before, lam, state.seed, less=less)
            found = self._looks.put(tuning_key(request), (lam, look))
        return found[1]

    def look_for(
        self, request: StreetRequest, goal: Goal, target: float
    ) -> Generator[None, None, Tuning | None]:
        """The first look around the λ that the street before would have had for this goal."""
        before = self._like(request)
        if before is None or goal not in ("kl", "one_in_n"):
            return (yield from self.first_look(request))
        lam = solve_on(before.draws, before.pool.potential, goal, target)
        return (yield from self.first_look(request, lam))

    def remember(self, request: StreetRequest, tuning: Tuning) -> None:
        """Note what this street knows, for the next one."""
        from lvm_studio.studio.street.first_look import Before

        if tuning.gaussians is not None:
            draws = tuning.sources["settled"].draws
            self._before = Before(alike(request), tuning.gaussians, tuning.pool, draws)

    def _like(self, request: StreetRequest) -> Before | None:
        """The street that came to rest last, if it is like this one."""
        before = self._before
        return before if before is not None and before.alike == alike(request) else None

    def _of_one(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        from lvm_studio.tuning.criteria.criterion import criterion_named
        from lvm_studio.tuning.pools.pool import Pool

        key, seed = tuning_key(request), request.state.seed
        if self._growing is None or self._growing[0] != key:
            criterion = criterion_named(request.state.criterion)
            self._growing = key, Pool.growing(self._views.space(request), criterion, seed=seed)
        for pool in self._growing[1]:  # from where a wish that λ overtook has left it
            if pool is not None:
                self._growing = None
                pool = pool.mirrored() if side_of(request) < 0 else pool
                before = self._like(request)
                near = None if before is None else before.gaussians
                return replace(_of_pool(pool, seed), settling=_settling(pool, near, seed))
            yield None
        self._growing = None  # another wish has taken the pool meanwhile, or it failed
        return self.get(request) or (yield from self._of_one(request))

    def _of_pair(self, request: StreetRequest) -> Generator[None, None, Tuning]:
        """The tuning of two criteria in one direction of λ: nothing is decoded for it."""
        pair = yield from self._pairs.known(request)
        pool = pair.pair.along(request.state.blend)
        pool = pool.mirrored() if side_of(request) < 0 else pool
        tuning = _of_pool(pool, request.state.seed)
        shared = replace(tuning, pair=pair, couplings=pair.couplings, decoded=pair.decoded)
        return replace(shared, looking=iter(()))  # too slow for every direction that λ passes


def settle_on(tuning: Tuning) -> bool:
    """Take the next slice of settling; False at its end."""
    try:
        found = next(tuning.settling)
    except StopIteration:
        return False
    if found is not None:
        tuning.settle(found)
    return True


def look_on(tuning: Tuning) -> bool:
    """Take the next slice of the look for λ without a law; False at its end."""
    try:
        tuning.existence = next(tuning.looking)
    except StopIteration:
        return False
    return True


def climb_on(tuning: Tuning) -> bool:
    """Take the next slice of the climb; False at its end."""
    try:
        stage = next(tuning.stages)
    except StopIteration:
        return False
    if stage is not None:
        tuning.reach(stage)
    return True


def _of_pool(pool: Pool, seed: int) -> Tuning:
    """A tuning that knows no more than its base draws."""
    from lvm_studio.tuning.criteria.existence import existence_in_slices
    from lvm_studio.tuning.pools.stages import climb_in_slices

    stages = climb_in_slices(pool.potential, pool.draws, kl_max=KL_MAX, generator=_generator(seed))
    looking = existence_in_slices(pool.potential, seed)
    return Tuning(pool, {"pool": Source("pool", pool.draws)}, stages, looking=looking)


def _settling(pool: Pool, near: LambdaFlow | None, seed: int) -> Iterator[Settled | None]:
    """The Gaussians of the pool's street in slices, and draws of them beside the pool's.

    near: the Gaussians of a street like this one.
    """
    from lvm_studio.tuning.flows.settled import settling
    from lvm_studio.tuning.pools.rows import growing_draws

    for flow in settling(pool.potential, kl_max=KL_MAX, generator=_generator(seed), near=near):
        if flow is None:
            yield None
            continue
        for draws in growing_draws(flow, pool, SETTLED_DRAWS, seed):
            yield None if draws is None else Settled(flow, draws)


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(seed)
