"""Keys of the caches: what the tuned laws of a request depend on, λ left out."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.work import street_key

if TYPE_CHECKING:
    from lvm_studio.storage.street_state import StreetState


def tuning_key(request: StreetRequest) -> Hashable:
    """What pool, climb and flow depend on: street, criterion, space, seed and side; not λ."""
    state = request.state
    return (street_key(request), criterion_key(state), state.tuned, state.seed, side_of(request))


def pair_key(request: StreetRequest) -> Hashable:
    """What two criteria share in all directions of λ."""
    state = request.state
    criteria = (state.criterion, state.second)
    return (street_key(request), criteria, state.tuned, state.seed)


def criterion_key(state: StreetState) -> Hashable:
    """The one criterion that is tuned: of two their sum in the direction of λ."""
    return (state.criterion, state.second, state.blend if state.second else 0.0)


def alike(request: StreetRequest) -> Hashable:
    """Equal for streets whose tuned laws are near to each other."""
    state = request.state
    return (request.model, criterion_key(state), state.tuned, state.seed, side_of(request))


def side_of(request: StreetRequest) -> float:
    """Whether the page asks for more of the criterion (1) or for less of it (−1, λ < 0)."""
    return -1.0 if request.state.lam < 0.0 else 1.0
