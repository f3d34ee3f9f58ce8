"""Each household's part of the peak ("Who makes the peak"), computed after all else."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import TYPE_CHECKING

from lvm_studio.studio.street.answers import PartsAnswer, StreetRequest
from lvm_studio.studio.street.street_weeks import StreetWeeks
from lvm_studio.studio.street.work import Recent, StreetWork, decode, street_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from lvm_studio.analysis.attribution import Attribution
    from lvm_studio.models.street import Street

TAKEN_OUT_OF = 128
"""Weeks that a household is taken out of: the same with it and without, their error is small."""


class PartsWork:
    """Shares out the rows of a fan; remembers the base parts of the last few streets."""

    def __init__(self, streets: StreetWork) -> None:
        self._streets = streets
        self._base: Recent[Hashable, Attribution] = Recent(6)

    def answer(
        self, request: StreetRequest, u: Tensor, curves_kw: NDArray[np.float32]
    ) -> Generator[PartsAnswer | None, None, None]:
        """Share out the tuned rows u [n, dim] with curves [n, T], and the base law's beside them.

        A model without households answers with no rows.
        """
        from lvm_studio.analysis.attribution import attributing, enough_rows, nobodys
        from lvm_studio.models.street import Street

        space = self._streets.space(request)
        if not isinstance(space, Street):
            nobody = nobodys(curves_kw)
            yield PartsAnswer(request.state, nobody, nobody)
            return
        base = yield from self._base_parts(request, space)
        tuned = base
        if request.state.lam != 0.0:
            rows = enough_rows(len(u))
            tuned = yield from attributing(space, u[rows], curves_kw[rows])
        weeks = self._weeks(request, space, u) if space.k > 1 else None
        yield PartsAnswer(request.state, tuned, base, weeks)

    def _weeks(self, request: StreetRequest, street: Street, u: Tensor) -> StreetWeeks:
        """The first weeks on screen, with noise in common: it is not tuned."""
        state = request.state
        base_u, eps = self._streets.noise(state.samples, street.dim, state.seed)
        n = min(len(u), len(base_u), TAKEN_OUT_OF)
        tuned_u = u[:n] if state.lam != 0.0 else base_u[:n]
        return StreetWeeks(street, tuned_u, base_u[:n], eps[:n], state.seed)

    def _base_parts(
        self, request: StreetRequest, space: Street
    ) -> Generator[None, None, Attribution]:
        from lvm_studio.analysis.attribution import attributing, enough_rows

        state = request.state
        key = (street_key(request), state.samples, state.seed)
        found = self._base.get(key)
        if found is not None:
            return found
        u, eps = self._streets.noise(state.samples, space.dim, state.seed)
        rows = enough_rows(len(u))
        curves = decode(space, u[rows], eps[rows])
        yield None
        made = yield from attributing(space, u[rows], curves)
        return self._base.put(key, made)
