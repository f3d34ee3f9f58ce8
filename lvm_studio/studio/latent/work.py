"""Computes for the latent page: the cloud of observations, and decoded points.

Everything here runs on the compute thread and imports torch there; what comes out is NumPy.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from lvm_studio.data.calendar import week_start
from lvm_studio.data.units import STEP
from lvm_studio.studio.numerals import counted
from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.studio.widgets.latent.decoded_plot import DecodedWeek
from lvm_studio.studio.widgets.latent.decoded_vector import DecodedVector
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.latent.judging import Decodes
    from lvm_studio.analysis.latent.sensitivity import Sensitivity
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.vectors.sets import VectorSet
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.jobs.mailbox import Work
    from lvm_studio.studio.session import Session

CLOUD_SEED = 0
BAND_SIGMAS = 1.2815515655446004
"""A Gaussian's 90 % quantile in standard deviations."""
DECODED_AT_ONCE = 64

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class VectorRequest:
    """A model of vectors, with what a conditional one is told, k [E].

    `week`: the week whose days curves of a week are drawn over; '' for other vectors.
    """

    model: TrainedModel
    k: Floats | None = None
    week: str = ""


@dataclass(frozen=True, eq=False)
class Observations:
    """What a model may be looked at with: the households in use, and all that is open, by name."""

    households: HouseholdSet | None
    datasets: Mapping[str, HouseholdSet]
    vectors: Mapping[str, VectorSet]

    @classmethod
    def of(cls, session: Session) -> Observations:
        """What is open now."""
        households = session.households if session.has_households else None
        return cls(households, session.workspace.datasets, session.workspace.vectors)

    def vectors_of(self, model: TrainedModel) -> VectorSet:
        """The observations of a model of vectors; DataError if they are not there."""
        from lvm_studio.analysis.latent.vector_cloud import Sources, vectors_behind

        return vectors_behind(model, Sources(self.datasets, self.vectors))


WalkRequest: TypeAlias = StreetRequest | VectorRequest


@dataclass(frozen=True)
class Progress:
    """The share done of something that takes seconds."""

    share: float


@dataclass(frozen=True, eq=False)
class DecodedPoint:
    """What lies at a point, the mean at u = 0, and what it is a week or vector of."""

    shown: DecodedWeek | DecodedVector
    middle: Floats
    about: str


@dataclass(frozen=True, eq=False)
class Strips:
    """Means: traversal [R, C, D], interpolation [1, S, D] (or None), effects of dimensions."""

    traversal: Floats
    between: Floats | None
    middle: Floats
    sensitivity: Sensitivity


@dataclass(frozen=True, eq=False)
class PartScale:
    """How far u [dim] moves when the whitened w of one household moves by one, [dim]."""

    household: str
    scale: Floats


class LatentWork:
    """Makes works for mailboxes of the compute thread, where all that it remembers is used."""

    def __init__(self) -> None:
        self._streets = StreetWork()

    def space(self, request: WalkRequest) -> Decodes:
        """The space walked through."""
        if isinstance(request, StreetRequest):
            return self._streets.space(request)
        import torch

        from lvm_studio.analysis.latent.vector_cloud import vector_space

        k = None if request.k is None else torch.as_tensor(request.k, dtype=torch.float32)
        return vector_space(request.model, k)

    def cloud(self, model: TrainedModel, source: Observations, n: int) -> Work:
        """Encode observations; answers `Progress`, in the end a `LatentCloud`."""

        def work() -> Generator[object, None, None]:
            yield from told(_cloud_slices(model, source, n))

        return work

    def point(self, request: WalkRequest, u: Floats) -> Work:
        """Decode u [dim]; answers a `DecodedPoint`."""

        def work() -> Generator[object, None, None]:
            space = self.space(request)
            mean, spread = decode(space, np.stack([u, np.zeros_like(u)]))
            band = BAND_SIGMAS * spread[0]
            low, high = mean[0] - band, mean[0] + band
            about = f"{mean.shape[-1]} coordinates"
            if isinstance(request, StreetRequest):
                week = request.state.week
                about = counted(self._streets.space(request).k, "household")
            else:
                week = request.week
                about = "one household" if week else about
            shown: DecodedWeek | DecodedVector = DecodedVector(mean[0], low, high)
            if week:
                times = week_start(week) + STEP * np.arange(mean.shape[-1])
                shown = DecodedWeek(times, mean[0], low, high)
            yield DecodedPoint(shown, mean[1], about)

        return work

    def strips(
        self,
        request: WalkRequest,
        u: Floats,
        traversal: Floats,
        between: Floats | None,
        step: Floats,
    ) -> Work:
        """Decode traversal [R, C, dim] of u [dim], and path [S, dim]; answers `Strips`.

        Effects are those of steps [dim] along each dimension.
        """

        def work() -> Generator[object, None, None]:
            from lvm_studio.analysis.latent.sensitivity import sensitivity

            space = self.space(request)
            rows, columns, dim = traversal.shape
            middle, _ = decode(space, np.zeros((1, dim)))
            yield None
            grid, _ = decode(space, traversal.reshape(-1, dim))
            yield None
            path = None if between is None else decode(space, between)[0][None]
            yield None
            weeks = isinstance(request, StreetRequest) or bool(request.week)
            effects = sensitivity(space, u, step, weeks=weeks)
            yield Strips(grid.reshape(rows, columns, -1), path, middle[0], effects)

        return work

    def part(self, request: StreetRequest, household: str) -> Work:
        """How one household's own w moves the sum; answers a `PartScale`."""

        def work() -> Generator[object, None, None]:
            from lvm_studio.models.street import Street

            street = self._streets.space(request)
            scale = np.ones(street.dim)
            if isinstance(street, Street) and household in street.household_ids:
                own = street.s[street.household_ids.index(household)]
                scale[: street.latent_w] = (own / street.sum_std).double().numpy()
            yield PartScale(household, scale)

        return work

    def curves(self, request: WalkRequest, u: Floats) -> Work:
        """Decode means of u [n, dim] in slices; answers an array [n, D]."""

        def work() -> Generator[object, None, None]:
            space = self.space(request)
            parts = []
            for start in range(0, len(u), DECODED_AT_ONCE):
                parts.append(decode(space, u[start : start + DECODED_AT_ONCE])[0])
                yield Progress(start / len(u))
            yield np.concatenate(parts)

        return work


def told(slices: Generator[float, None, Result]) -> Generator[object, None, None]:
    """Shares as `Progress`, then the result itself."""
    while True:
        try:
            yield Progress(next(slices))
        except StopIteration as end:
            yield end.value
            return


def _cloud_slices(
    model: TrainedModel, source: Observations, n: int
) -> Generator[float, None, LatentCloud]:
    from lvm_studio.analysis.latent.space import cloud_slices
    from lvm_studio.analysis.latent.vector_cloud import vector_cloud_slices
    from lvm_studio.data.errors import DataError

    if model.context is None:
        return vector_cloud_slices(model, source.vectors_of(model), n, CLOUD_SEED)
    if source.households is None:
        raise DataError("This model is one of households; import meter readings first.")
    return cloud_slices(model, source.households, n, CLOUD_SEED)


def decode(space: Decodes, u: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations [n, D] at u [n, dim]."""
    import torch

    with torch.no_grad():
        law = space.decode(torch.as_tensor(u, dtype=torch.float32))
        return law.mean.double().numpy(), law.stddev.double().numpy()
