"""What the latent panel wants computed: the cloud of real sums, and decoded points of a street.

Everything here runs on the compute thread and imports torch there; what comes out is NumPy.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.calendar import temperature_profile, week_start
from lvm_studio.data.units import STEP
from lvm_studio.studio.widgets.decoded_plot import DecodedWeek
from lvm_studio.studio.widgets.series import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.latent import LatentCloud
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.models.street import BaseSpace
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.mailbox import Work

CLOUD_POINTS = 2000
CLOUD_SEED = 0
BAND_SIGMAS = 1.2815515655446004
"""A Gaussian's 90 % quantile in standard deviations."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What a point of the latent space is decoded for."""

    model: TrainedModel
    households: HouseholdSet
    state: StreetState

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for grounds on which the same point is the same week."""
        state = self.state
        street = (state.composition, state.week, state.own_temperature)
        return (id(self.model), id(self.households), *street)

    @property
    def start(self) -> np.datetime64:
        """The first half-hour of the week, UTC."""
        return week_start(self.state.week)


@dataclass(frozen=True, eq=False)
class Cloud:
    """The aggregated posterior with titles of its metadata columns."""

    cloud: LatentCloud
    titles: dict[str, str]


@dataclass(frozen=True, eq=False)
class DecodedPoint:
    """The week at a point, the mean at u = 0, and the number of households."""

    week: DecodedWeek
    middle: Floats
    k: int


@dataclass(frozen=True, eq=False)
class Strips:
    """Mean curves in kW: traversal [R, C, T] and interpolation [1, S, T] (or None)."""

    traversal: Floats
    between: Floats | None
    middle: Floats


class LatentComputer:
    """Makes works for mailboxes; keeps the last space, since building one costs 0.2 s.

    The works of one computer must run on one thread.
    """

    def __init__(self) -> None:
        self._ground: Ground | None = None
        self._space: BaseSpace | None = None

    def cloud(self, model: TrainedModel, households: HouseholdSet) -> Work:
        """Encode real sums of the training weeks; answers a `Cloud`."""

        def work() -> Generator[object, None, None]:
            from lvm_studio.analysis.latent import TITLES, posterior_cloud

            cloud = posterior_cloud(model, households, CLOUD_POINTS, CLOUD_SEED)
            yield Cloud(cloud, dict(TITLES))

        return work

    def point(self, ground: Ground, u: Floats) -> Work:
        """Decode u [dim]; answers a `DecodedPoint`."""

        def work() -> Generator[object, None, None]:
            space = self._space_on(ground)
            mean, spread = _decode(space, np.stack([u, np.zeros_like(u)]))
            times = ground.start + STEP * np.arange(mean.shape[-1])
            band = BAND_SIGMAS * spread[0]
            week = DecodedWeek(times, mean[0], mean[0] - band, mean[0] + band)
            yield DecodedPoint(week, mean[1], space.k)

        return work

    def strips(self, ground: Ground, traversal: Floats, between: Floats | None) -> Work:
        """Decode traversal [R, C, dim] and path [S, dim]; answers `Strips`."""

        def work() -> Generator[object, None, None]:
            space = self._space_on(ground)
            rows, columns, dim = traversal.shape
            middle, _ = _decode(space, np.zeros((1, dim)))
            yield None
            grid, _ = _decode(space, traversal.reshape(-1, dim))
            path = None if between is None else _decode(space, between)[0][None]
            yield Strips(grid.reshape(rows, columns, -1), path, middle[0])

        return work

    def _space_on(self, ground: Ground) -> BaseSpace:
        if self._space is None or self._ground is None or self._ground.key != ground.key:
            self._space = _build_space(ground)
            self._ground = ground  # also keeps alive what the key names by id
        return self._space


def _build_space(ground: Ground) -> BaseSpace:
    from lvm_studio.models.street import base_space

    households, state = ground.households, ground.state
    if state.own_temperature is not None:
        temperature = temperature_profile(state.own_temperature)
    else:
        weeks = households.weeks
        temperature = weeks.temperature_c[weeks.index(state.week)]
    context = ground.model.context.context(
        temperature, ground.start, households.time_zone, households.country
    )
    return base_space(ground.model, households, state.composition, context)


def _decode(space: BaseSpace, u: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations [n, T] in kW at u [n, dim]."""
    import torch

    with torch.no_grad():
        law = space.decode(torch.as_tensor(u, dtype=torch.float32))
        return law.mean.double().numpy(), law.stddev.double().numpy()
