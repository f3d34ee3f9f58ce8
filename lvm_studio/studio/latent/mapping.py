"""Places a cloud on the map: by a plane through its coordinates, or by t-SNE of a sample of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.studio.latent.projection import Projection
from lvm_studio.studio.latent.selection import tips
from lvm_studio.studio.widgets.latent.latent_map import MapPoints
from lvm_studio.studio.widgets.latent.layer_bars import words
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.embedding import Embedding
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.studio.jobs.mailbox import Work


class LatentMapping:
    """Places for the observations of a cloud, and coordinates for places.

    `rows` [m] are the observations shown, `points` where; None while there is no embedding.
    `chosen` are the rows of the selection, `placed` the places of those outside the sample.
    """

    def __init__(self, cloud: LatentCloud) -> None:
        self.cloud = cloud
        self._u = cloud.u.astype(np.float64)
        self._tips = tips(cloud)
        self._pca = cloud.pca()
        self._projection: Projection | None = None
        self._embedding: Embedding | None = None
        self.points: MapPoints | None = None
        self.rows: NDArray[np.int64] = np.arange(len(self._u))
        self.chosen: NDArray[np.int64] | None = None
        self.placed: Floats | None = None

    def sentence(self) -> str:
        """What the points are."""
        count, cloud = f"{len(self._u):,}", self.cloud
        what = "sums of training households and weeks" if cloud.households else "vectors"
        layers = f" {words(cloud.layer_bits.tolist())}" if cloud.layers else ""
        return f"{count} {what}, drawn at random, {self._where()}.{layers}"

    def _where(self) -> str:
        if self._projection is None:
            return "neighbours kept together; distances between groups say little"
        return (
            "where the model's posterior puts them; dashed circles hold 50 % and 90 % of the "
            "prior. Point at one to see its own posterior"
        )

    def choose(
        self,
        pair: tuple[int, int] | None,
        axes: tuple[int, int],
    ) -> None:
        """Lay out by a pair of principal components, or else by two dimensions."""
        cloud = self.cloud
        self._embedding = None
        if pair is not None and max(pair) < len(self._pca.components):
            self._projection = Projection.onto_components(self._pca, pair)
        else:
            x, y = axes if pair is None else (0, min(1, len(cloud.names) - 1))
            titles = [f"{cloud.names[i]} ({cloud.info_bits[i]:.2f} bits)" for i in (x, y)]
            self._projection = Projection.onto_axes(
                len(cloud.names), (x, y), (titles[0], titles[1])
            )
        self.rows = np.arange(len(self._u))
        self.points = MapPoints(
            self._projection.project(self._u),
            *self._projection.titles,
            self._projection.origin,
            self._tips,
            self._projection.covariance(cloud.std.astype(np.float64)),
        )

    def lay_out(self, embedding: Embedding | None) -> None:
        """Lay out by this embedding; nothing is shown where there is none yet."""
        self._projection, self._embedding = None, embedding
        if embedding is None:
            self.points = None
            return
        rows, xy = embedding.rows, embedding.xy
        if self.placed is not None:
            rows = np.concatenate([rows, self._outside(embedding)])
            xy = np.vstack([xy, self.placed])
        self.rows = rows
        middle = xy.mean(axis=0)
        self.points = MapPoints(
            xy,
            "t-SNE 1 (no unit)",
            "t-SNE 2 (no unit)",
            (float(middle[0]), float(middle[1])),
            tuple(self._tips[row] for row in rows),
        )

    def _outside(self, embedding: Embedding) -> NDArray[np.int64]:
        return np.setdiff1d(np.arange(len(self._u)), embedding.rows)

    def others(self, embedding: Embedding | None) -> Floats:
        """Coordinates of the observations outside the embedding's sample [n, dim]."""
        if embedding is None:
            return self._u[:0]
        return self._u[self._outside(embedding)]

    def of_shown(self, column: NDArray[Any]) -> NDArray[Any]:
        """Entries of a column for the observations shown."""
        return column[self.rows]

    def chosen_among_shown(self) -> NDArray[np.bool_] | None:
        """Which of those shown are selected; None: nothing is."""
        return None if self.chosen is None else np.isin(self.rows, self.chosen)

    def place(self, u: Floats) -> tuple[float, float]:
        """Where u [dim] is on the map: exactly in a plane, roughly on a t-SNE."""
        if self._projection is None:
            assert self._embedding is not None
            return self._embedding.near(u)
        x, y = self._projection.project(u[None])[0]
        return float(x), float(y)

    def path(self, path: Floats) -> Floats:
        """Places [s, 2] of a path [s, dim]."""
        if self._projection is None:
            return np.array([self.place(u) for u in path])
        return self._projection.project(path)

    def row_at(self, xy: tuple[float, float], *, snap: bool) -> int | None:
        """The observation that a click at xy picks; None: it means the place itself."""
        assert self.points is not None
        if self._projection is not None and not snap:
            return None
        squared = ((self.points.xy - np.asarray(xy)) ** 2).sum(axis=1)
        return int(self.rows[int(squared.argmin())])

    def picked(self, u: Floats, xy: tuple[float, float], row: int | None) -> Floats:
        """Coordinates of the observation picked, or u moved in the plane to the place xy."""
        if row is not None:
            return self._u[row].copy()
        assert self._projection is not None
        return self._projection.moved(u, xy)

    def density_work(self) -> Work | None:
        """Density of q against p in the plane shown; None where there is no plane."""
        points = self.points
        if self._projection is None or points is None or points.covariance is None:
            return None
        xy, covariance, origin = points.xy, points.covariance, points.origin

        def work() -> Generator[object, None, None]:
            from lvm_studio.analysis.latent.density import plane_density

            density = yield from plane_density(xy, covariance, origin)
            yield density

        return work
