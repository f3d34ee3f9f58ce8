"""Loads models and draws base fans for the composition page, with a short memory of each.

Everything here runs on the compute thread alone. torch is imported inside the functions: the
window shows before it is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.calendar import temperature_profile, week_start
from lvm_studio.data.composition import measured_kw
from lvm_studio.studio.numerals import counted
from lvm_studio.studio.street.answers import FanAnswer, LoadedModel, StreetRequest

if TYPE_CHECKING:
    from torch import Tensor

    from lvm_studio.data.tree import Tree
    from lvm_studio.models.street import BaseSpace

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

SLICE = 512
"""Curves decoded before a newer wish may preempt: about 30 ms on one core."""


class Recent(Generic[Key, Value]):
    """The last few values made, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Return the value and count it as used now; None if it is not there."""
        if key not in self._values:
            return None
        self._values[key] = self._values.pop(key)
        return self._values[key]

    def put(self, key: Key, value: Value) -> Value:
        """Keep the value, forgetting what was not used for longest."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._size:
            del self._values[next(iter(self._values))]
        return value

    def make(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value, made if it is not there."""
        found = self.get(key)
        return self.put(key, make()) if found is None else found


class StreetWork:
    """Models, streets and base fans, with a short memory of each."""

    def __init__(self) -> None:
        self._spaces: Recent[Hashable, BaseSpace] = Recent(8)
        self._noise: Recent[tuple[int, int, int], tuple[Tensor, Tensor]] = Recent(4)

    def load(self, tree: Tree) -> Generator[LoadedModel, None, None]:
        """Build the model of a stored tree; the first call imports torch."""
        import torch

        from lvm_studio.models.trained import TrainedModel

        torch.set_num_threads(max(1, (torch.get_num_threads() or 2) - 1))
        model = TrainedModel.from_tree(tree)
        yield LoadedModel(tree, model, f"CPU, {counted(torch.get_num_threads(), 'thread')}")

    def fan(self, request: StreetRequest) -> Generator[FanAnswer | None, None, None]:
        """Draw the base fan; pauses between slices of many samples."""
        began = time.perf_counter()
        state = request.state
        space = self.space(request)
        parts = []
        u, eps = self.noise(state.samples, space.dim, state.seed)
        for start in range(0, state.samples, SLICE):
            if start:
                yield None
            rows = slice(start, start + SLICE)
            parts.append(decode(space, u[rows], eps[rows]))
        fan = make_fan(np.concatenate(parts), week_start(state.week), measured(request))
        yield FanAnswer(state, fan, space.k, time.perf_counter() - began)

    def space(self, request: StreetRequest) -> BaseSpace:
        """Return the whitened space of the request's street."""
        return self._spaces.make(street_key(request), lambda: _compose(request))

    def noise(self, n: int, dim: int, seed: int) -> tuple[Tensor, Tensor]:
        """Common random numbers u [n, dim] and eps [n, 336]."""
        from lvm_studio.models.street import base_noise

        return self._noise.make((n, dim, seed), lambda: base_noise(n, dim, seed))


def street_key(request: StreetRequest) -> Hashable:
    """What the law of the curves depends on (model and dataset by identity)."""
    state = request.state
    street = (state.composition, state.week, state.own_temperature)
    return (request.model, request.households, *street)


def decode(space: BaseSpace, u: Tensor, eps: Tensor) -> NDArray[np.float32]:
    """Return curves [n, 336] in kW of latents u [n, dim] with observation noise eps [n, 336]."""
    import torch

    with torch.no_grad():
        curves: NDArray[np.float32] = space.decode(u).transport(eps).float().numpy()
    return curves


def measured(request: StreetRequest) -> NDArray[np.float32] | None:
    """Return what these households drew that week [336] kW.

    None where a meter is missing, and where the weather on the page is not that week's.
    """
    state = request.state
    if state.own_temperature is not None:
        return None
    return measured_kw(request.households, state.composition, state.week)


def _compose(request: StreetRequest) -> BaseSpace:
    from lvm_studio.models.street import base_space

    state, households = request.state, request.households
    if state.own_temperature is None:
        temperature = households.weeks.temperature_c[households.weeks.index(state.week)]
    else:
        temperature = temperature_profile(state.own_temperature)
    context = request.model.week_context.context(
        temperature, week_start(state.week), households.time_zone, households.country
    )
    return base_space(request.model, households, state.composition, context)
