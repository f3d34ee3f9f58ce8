"""What the latent panel wants computed: the cloud of real sums, and decoded points of a street.

Everything here runs on the compute thread and imports torch there; what comes out is NumPy.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.calendar import week_start
from lvm_studio.data.units import STEP
from lvm_studio.studio.street_work import StreetWork
from lvm_studio.studio.widgets.decoded_plot import DecodedWeek
from lvm_studio.studio.widgets.series import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.latent import LatentCloud
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.models.street import BaseSpace
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.answers import StreetRequest
    from lvm_studio.studio.mailbox import Work

CLOUD_POINTS = 2000
CLOUD_SEED = 0
BAND_SIGMAS = 1.2815515655446004
"""A Gaussian's 90 % quantile in standard deviations."""


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


class LatentWork:
    """Makes works for mailboxes of the compute thread, where all that it remembers is used."""

    def __init__(self) -> None:
        self._streets = StreetWork()

    def cloud(self, model: TrainedModel, households: HouseholdSet) -> Work:
        """Encode real sums of the training weeks; answers a `Cloud`."""

        def work() -> Generator[object, None, None]:
            from lvm_studio.analysis.latent import TITLES, posterior_cloud

            cloud = posterior_cloud(model, households, CLOUD_POINTS, CLOUD_SEED)
            yield Cloud(cloud, dict(TITLES))

        return work

    def point(self, request: StreetRequest, u: Floats) -> Work:
        """Decode u [dim]; answers a `DecodedPoint`."""

        def work() -> Generator[object, None, None]:
            space = self._streets.space(request)
            mean, spread = _decode(space, np.stack([u, np.zeros_like(u)]))
            times = week_start(request.state.week) + STEP * np.arange(mean.shape[-1])
            band = BAND_SIGMAS * spread[0]
            week = DecodedWeek(times, mean[0], mean[0] - band, mean[0] + band)
            yield DecodedPoint(week, mean[1], space.k)

        return work

    def strips(self, request: StreetRequest, traversal: Floats, between: Floats | None) -> Work:
        """Decode traversal [R, C, dim] and path [S, dim]; answers `Strips`."""

        def work() -> Generator[object, None, None]:
            space = self._streets.space(request)
            rows, columns, dim = traversal.shape
            middle, _ = _decode(space, np.zeros((1, dim)))
            yield None
            grid, _ = _decode(space, traversal.reshape(-1, dim))
            path = None if between is None else _decode(space, between)[0][None]
            yield Strips(grid.reshape(rows, columns, -1), path, middle[0])

        return work


def _decode(space: BaseSpace, u: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations [n, T] in kW at u [n, dim]."""
    import torch

    with torch.no_grad():
        law = space.decode(torch.as_tensor(u, dtype=torch.float32))
        return law.mean.double().numpy(), law.stddev.double().numpy()
