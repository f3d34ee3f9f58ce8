"""Manifolds to learn, with noise around them: frozen specs that draw fresh points (6.3).

Each is a pydantic model of one `kind`, free of torch, that can travel inside a training spec.
The sinusoid's exact shape is not printed in the thesis: this one has what its text asks for, a
curvature and a noise that vary along the curve, of the size that its figures show.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Points = NDArray[np.float64]
Positive = Annotated[float, Field(gt=0, lt=1e6)]
NotNegative = Annotated[float, Field(ge=0, lt=1e6)]


class Manifold(BaseModel):
    """What every manifold can do: draw points [N, D] around itself, in its own units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    @abstractmethod
    def dim(self) -> int:
        """D, the dimension of the space around it."""

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> Points:
        """`count` fresh points with their noise, [count, D]."""


class Curve(Manifold):
    """A curve c(t), t in [0, 1], with isotropic Gaussian noise of deviation s(t) around it."""

    sigma: NotNegative = 0.03

    @abstractmethod
    def curve(self, t: Points) -> Points:
        """Points without noise, [..., D], for t [...] in [0, 1]."""

    def noise(self, t: Points) -> Points:
        """Standard deviation of every coordinate, [...], for t [...] in [0, 1]."""
        return np.full_like(t, self.sigma)

    @property
    def dim(self) -> int:
        """Curves of this house lie in the plane."""
        return 2

    def draw(self, count: int, rng: np.random.Generator) -> Points:
        """`count` fresh points, uniform in t, [count, D]."""
        t = rng.random(count)
        return self.curve(t) + self.noise(t)[:, None] * rng.standard_normal((count, self.dim))

    def log_density(self, x: Points, cells: int = 4096) -> Points:
        """log p(x) in nats of points x [N, D] by a midpoint rule in t, [N]; needs noise above 0.

        Its mean over drawn points is the most that any model's bound can reach.
        """
        t = (np.arange(cells) + 0.5) / cells
        centre, s = self.curve(t), self.noise(t)
        if not (s > 0).all():
            raise ValueError("A curve without noise has no density; give it a sigma above 0.")
        square = ((x[:, None, :] - centre) ** 2).sum(-1) / s**2
        terms = -0.5 * square - self.dim * (np.log(s) + 0.5 * math.log(2 * math.pi))
        top = terms.max(1, keepdims=True)
        mean: Points = np.log(np.exp(terms - top).mean(1)) + top[:, 0]
        return mean


class Sinusoid(Curve):
    """A sinusoid whose waves shorten and whose noise swells along it (Fig. 6.6a).

    `c(t) = (t - 1/2, height sin(2 pi waves (t + chirp t^2) / (1 + chirp)))`; the noise moves
    between `sigma` and `sigma_high`, on a logarithmic scale, `swells` times.

    >>> Sinusoid().draw(5, np.random.default_rng(0)).shape
    (5, 2)
    """

    kind: Literal["sinusoid"] = "sinusoid"
    waves: Positive = 2.0
    chirp: NotNegative = 1.0
    height: Positive = 0.15
    sigma: Positive = 0.01
    sigma_high: Positive = 0.08
    swells: Positive = 1.5

    @model_validator(mode="after")
    def _ordered(self) -> Sinusoid:
        if self.sigma > self.sigma_high:
            raise ValueError(f"sigma ({self.sigma}) is above sigma_high ({self.sigma_high})")
        return self

    def curve(self, t: Points) -> Points:
        """Points of the wave, [..., 2], for t [...]."""
        phase = 2 * np.pi * self.waves * (t + self.chirp * t**2) / (1 + self.chirp)
        wave: Points = np.stack([t - 0.5, self.height * np.sin(phase)], -1)
        return wave

    def noise(self, t: Points) -> Points:
        """Deviation of the noise, [...], between `sigma` and `sigma_high`."""
        share = 0.5 - 0.5 * np.cos(2 * np.pi * self.swells * t)
        deviation: Points = self.sigma * (self.sigma_high / self.sigma) ** share
        return deviation


class Circle(Curve):
    """A circle around the origin.

    >>> Circle(sigma=0.0, radius=2.0).curve(np.array([0.0])).tolist()
    [[2.0, 0.0]]
    """

    kind: Literal["circle"] = "circle"
    radius: Positive = 1.0

    def curve(self, t: Points) -> Points:
        """Points of the circle, [..., 2], for t [...]; once around."""
        around: Points = self.radius * np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], -1)
        return around


class Spiral(Curve):
    """An Archimedean spiral from the origin outwards, even in arc length after its first turn."""

    kind: Literal["spiral"] = "spiral"
    turns: Positive = 2.0
    radius: Positive = 1.0

    def curve(self, t: Points) -> Points:
        """Points of the spiral, [..., 2], for t [...]; its radius grows as the root of t."""
        reach = np.sqrt(t)
        angle = 2 * np.pi * self.turns * reach
        way = np.stack([np.cos(angle), np.sin(angle)], -1)
        spiral: Points = (self.radius * reach)[..., None] * way
        return spiral


class Polyline(Curve):
    """A line through points in their order, even in arc length: what a mouse has drawn.

    >>> Polyline(points=((0, 0), (1, 0), (1, 3))).curve(np.array([0.5])).tolist()
    [[1.0, 1.0]]
    """

    kind: Literal["polyline"] = "polyline"
    points: tuple[tuple[float, float], ...] = Field(min_length=2, max_length=4096)

    @field_validator("points")
    @classmethod
    def _goes_somewhere(
        cls, points: tuple[tuple[float, float], ...]
    ) -> tuple[tuple[float, float], ...]:
        corners = np.array(points)
        if not np.isfinite(corners).all() or not (corners != corners[0]).any():
            raise ValueError("a drawn line needs two different points, all of them finite")
        return points

    def curve(self, t: Points) -> Points:
        """Points on the line, [..., 2], for t [...], the share of its length."""
        corners = np.array(self.points, dtype=float)
        steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        along = np.concatenate([[0.0], steps.cumsum()])
        return np.stack([np.interp(t * along[-1], along, corners[:, i]) for i in range(2)], -1)


class Sphere(Manifold):
    """The uniform law on a sphere in D dimensions, with isotropic noise if wished (6.3.1).

    >>> x = Sphere(dimensions=10, radius=3.0).draw(4, np.random.default_rng(0))
    >>> np.linalg.norm(x, axis=1).round(6).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """

    kind: Literal["sphere"] = "sphere"
    dimensions: Annotated[int, Field(ge=2, le=10_000)] = 2
    radius: Positive = 1.0
    sigma: NotNegative = 0.0

    @property
    def dim(self) -> int:
        """D."""
        return self.dimensions

    def draw(self, count: int, rng: np.random.Generator) -> Points:
        """`count` fresh points, [count, D]."""
        x = rng.standard_normal((count, self.dim))
        on_it: Points = self.radius * x / np.linalg.norm(x, axis=1, keepdims=True)
        return on_it + self.sigma * rng.standard_normal(x.shape) if self.sigma else on_it


ManifoldSpec = Annotated[
    Sinusoid | Circle | Spiral | Polyline | Sphere, Field(discriminator="kind")
]
