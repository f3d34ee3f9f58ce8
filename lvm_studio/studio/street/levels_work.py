"""Distributions of f over single weeks, base and tuned, and the figures of "1 in N".

Runs on the compute thread alone. The criterion that is tuned is a mean over observation noise;
what a meter would read has noise, so that weeks are decoded with it here.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.studio.street.answers import LevelsAnswer, StreetRequest
from lvm_studio.studio.street.work import SLICE, Recent

if TYPE_CHECKING:
    from torch import Tensor

    from lvm_studio.models.street import BaseSpace
    from lvm_studio.studio.street.tuned_view import Views
    from lvm_studio.studio.street.tunings import Source
    from lvm_studio.tuning.composition_parts import PartSpace
    from lvm_studio.tuning.criteria.potential import Potential
    from lvm_studio.tuning.criteria.protocol import Criterion

BINS = 48
EACH = 16
"""Noises a draw: the tail of a week is made by noise as much as by latents."""
EACH_PART = 3
"""The same where latents are left alone: each costs a decode."""
LEAST_TAIL = 40.0
"""A figure of the tail needs so many independent weeks in it."""
NOISE_STEP = 104_729
"""Keeps this noise apart from that of the curves on screen and of the criterion."""

Array = NDArray[np.float64]


class LevelsWork:
    """Decodes the draws behind an answer once more, each with several noises."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._values: Recent[Hashable, tuple[object, Array]] = Recent(6)

    def answer(
        self, request: StreetRequest, source: Source, potential: Potential
    ) -> Generator[LevelsAnswer | None, None, None]:
        """Tell the levels of the request's λ, as the draws of this source see them."""
        from lvm_studio.tuning.pools.weights import normalised

        draws, state = source.draws, request.state
        values = yield from self._noisy(request, source, potential)
        estimate, tuned = draws.estimate(abs(state.lam))
        n = float(np.exp(min(max(estimate.moments.kl, 0.0), 700.0)))
        base = normalised(draws.log_ratio)
        each = len(values) // len(base)
        laws = (np.tile(base / each, each), np.tile(tuned / each, each))
        yield levels(request, values, *laws, n, potential)

    def _noisy(
        self, request: StreetRequest, source: Source, potential: Potential
    ) -> Generator[None, None, Array]:
        """f in its unit of several noisy weeks a draw, all draws with one noise first."""
        from lvm_studio.tuning.composition_parts import PartSpace

        u = source.draws.u
        key = (id(u), potential.criterion.name)
        found = self._values.get(key)
        if found is not None and found[0] is u:
            return found[1]
        space, criterion = self._views.space(request), potential.criterion
        seed = request.state.seed + NOISE_STEP
        noisy = (
            _of_part(space, u, criterion, seed)
            if isinstance(space, PartSpace)
            else _of_whole(space, u, criterion, seed)
        )
        parts = []
        for found_f in noisy:
            if found_f is None:
                yield None
            else:
                parts.append(found_f)
        values = np.concatenate(parts, axis=1).ravel()
        self._values.put(key, (u, values))
        return values


def _of_whole(
    space: BaseSpace, u: Tensor, criterion: Criterion, seed: int
) -> Iterator[Array | None]:
    """f [EACH, slice] of each slice of the draws; its noises are shared by the slice: cheap."""
    import torch

    from lvm_studio.models.street import base_noise

    slices = torch.split(u, SLICE)
    _, eps = base_noise(EACH * len(slices), 1, seed)
    for place, part in enumerate(slices):
        yield None
        with torch.no_grad():
            decoded = space.decode(part)
        each = []
        for noise in eps[EACH * place : EACH * (place + 1)]:
            yield None  # all at once take a quarter of a second, and a drag has to wait
            with torch.no_grad():
                each.append(criterion(decoded.transport(noise)))
        yield torch.stack(each).double().numpy()


def _of_part(
    space: PartSpace, u: Tensor, criterion: Criterion, seed: int
) -> Iterator[Array | None]:
    """The same where latents are left alone: each week has its own."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for part in torch.split(u, SLICE):
        each = []
        for _ in range(EACH_PART):
            yield None
            eps = torch.randn(len(part), space.noise_width, generator=generator)
            with torch.no_grad():
                each.append(criterion(space.decode(part).transport(eps)))
        yield torch.stack(each).double().numpy()


def levels(
    request: StreetRequest, values: Array, base: Array, tuned: Array, n: float, potential: Potential
) -> LevelsAnswer:
    """Compare f [draws] under the weights of both laws, each [draws] and summing to one."""
    low, high = _reach(values, np.maximum(base, tuned))
    edges = np.linspace(low, high, BINS + 1)
    quantile, beyond, error = _tail(values, base, n, np.sign(potential.scale))
    return LevelsAnswer(
        state=request.state,
        unit=potential.criterion.unit,
        one_in_n=n,
        edges=edges,
        base=np.histogram(values, edges, weights=base)[0],
        tuned=np.histogram(values, edges, weights=tuned)[0],
        base_mean=float(base @ values),
        tuned_mean=float(tuned @ values),
        quantile=quantile,
        beyond=beyond,
        error=error,
    )


def _reach(values: Array, share: Array) -> tuple[float, float]:
    """Where all but a thousandth of either law lies."""
    order = np.argsort(values)
    mass = np.cumsum(share[order])
    low, high = np.searchsorted(mass, [5e-4 * mass[-1], (1.0 - 5e-4) * mass[-1]])
    ends = values[order[[low, min(high, len(order) - 1)]]]
    return float(ends[0]), float(max(ends[1], ends[0] + 1e-9))


def _tail(
    values: Array, share: Array, n: float, sign: float
) -> tuple[float | None, float | None, float]:
    """Level that one week in n is beyond (below it, for sign −1), the mean there, its error."""
    if n < 2.0:
        return None, None, 0.0
    order = np.argsort(-sign * values)
    mass = np.cumsum(share[order])
    end = int(np.searchsorted(mass, 1.0 / n)) + 1
    tail = order[:end]
    weights = share[tail] / share[tail].sum()
    worth = 1.0 / float(np.square(weights).sum())
    if worth < LEAST_TAIL:
        return None, None, 0.0
    mean = float(weights @ values[tail])
    error = float(np.sqrt(np.square(weights) @ np.square(values[tail] - mean)))
    return float(values[tail[-1]]), mean, error
