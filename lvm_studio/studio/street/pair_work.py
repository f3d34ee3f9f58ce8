"""What is known of two criteria on the composition page, whatever the direction of λ.

Runs on the compute thread alone.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import TYPE_CHECKING, cast

import numpy as np

from lvm_studio.studio.street.answers import PairSurface, StreetRequest
from lvm_studio.studio.street.known_pair import KnownPair
from lvm_studio.studio.street.tuned_keys import pair_key
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.street.tuned_view import Views
    from lvm_studio.tuning.pair import Pair
    from lvm_studio.tuning.pair_job import PairKnown
    from lvm_studio.tuning.vector import ParetoSurface

KL_MAX = 7.5


class PairWork:
    """Remembers the pairs of the last few streets."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._pairs: Recent[Hashable, KnownPair] = Recent(4)

    def known(self, request: StreetRequest) -> Generator[None, None, KnownPair]:
        """What is known of the request's two criteria; at first base draws, made in slices."""
        from lvm_studio.tuning.pair import Pair

        state = request.state
        found = self._pairs.get(pair_key(request))
        if found is not None:
            return found
        texts = (state.criterion, state.second)
        for pair in Pair.growing(self._views.space(request), texts, seed=state.seed):
            if pair is None:
                yield None
        assert pair is not None  # the last one is the pair
        return self._pairs.put(pair_key(request), KnownPair(pair))

    def job(
        self, request: StreetRequest
    ) -> Generator[tuple[StreetRequest, Job] | None, None, None]:
        """Prepare the job that climbs in all directions elsewhere."""
        from lvm_studio.tuning.pair_job import PairJob

        state, space = request.state, self._views.space(request)
        job = PairJob(space, (state.criterion, state.second), KL_MAX, seed=state.seed)
        yield request, cast("Job", job)

    def learn(
        self, request: StreetRequest, found: PairKnown
    ) -> Generator[PairSurface | None, None, None]:
        """Answer every direction from these draws from now on, and tell the surface."""
        import scipy.interpolate  # noqa: F401 - the pad will: a quarter of a second, here

        from lvm_studio.tuning.vector import VectorPool

        known = yield from self.known(request)
        potential, _ = known.pair.vectors
        known.pool = VectorPool(potential, found.draws, found.gradient, found.kl_max)
        known.surface = found.surface
        yield from self.surface(request)

    def surface(self, request: StreetRequest) -> Generator[PairSurface | None, None, None]:
        """Tell the surface of the request's two criteria, if it is known."""
        known = self._pairs.get(pair_key(request))
        if known is not None and known.surface is not None:
            yield surface_of(request, known.pair, known.surface)


def surface_of(request: StreetRequest, pair: Pair, found: ParetoSurface) -> PairSurface:
    """The surface as the page draws it."""
    first, second = pair.potentials
    return PairSurface(
        state=request.state,
        criteria=pair.texts,
        units=(first.criterion.unit, second.criterion.unit),
        base=np.array([first.natural(0.0), second.natural(0.0)]),
        kl=found.kl,
        lam=found.lam,
        expectation=found.expectation,
        valid=found.valid,
        correlation=pair.correlation,
    )
