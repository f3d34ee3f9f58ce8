"""Spaces of settings: what a study varies, and in which order it comes by the candidates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Scalar: TypeAlias = bool | int | float | str
Settings: TypeAlias = dict[str, Scalar]
"""Names of settings, as `with_overrides` takes them, and one value for each."""

POINTS = 5


def settings_key(settings: Mapping[str, Scalar]) -> str:
    """What tells candidates apart, whatever the order of their settings.

    >>> settings_key({"b": 1, "a": 2}) == settings_key({"a": 2, "b": 1})
    True
    """
    return repr(sorted(settings.items()))


class Range(BaseModel):
    """All numbers from `low` to `high`; `points` of them, evenly spaced, where a grid needs some.

    >>> Range(low=0.01, high=1.0, log=True, points=3).values()
    (0.01, 0.1, 1.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    log: bool = Field(default=False, description="even in the logarithm")
    whole: bool = Field(default=False, description="whole numbers only")
    points: Annotated[int, Field(ge=1, le=10_000)] = POINTS

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range must begin above 0, not at {self.low:g}")
        return self

    def values(self) -> tuple[Scalar, ...]:
        """The points of the grid, ascending; whole numbers lose their doubles."""
        shares = np.linspace(0.0, 1.0, self.points) if self.points > 1 else np.array([0.5])
        return tuple(dict.fromkeys(self.at(float(share)) for share in shares))

    def at(self, share: float) -> Scalar:
        """The number at this share of the way, 0 to 1, rounded to twelve digits."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return round(value) if self.whole else float(f"{value:.12g}")


Axis: TypeAlias = tuple[Scalar, ...] | Range


def _values(axis: Axis) -> tuple[Scalar, ...]:
    return axis.values() if isinstance(axis, Range) else axis


class _Space(BaseModel):
    """The axes that every kind of space has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    axes: Mapping[str, Axis]

    @model_validator(mode="after")
    def _holds_something(self) -> _Space:
        empty = [name for name, axis in self.axes.items() if not isinstance(axis, Range | tuple)]
        empty += [name for name, axis in self.axes.items() if axis == ()]
        if empty:
            raise ValueError(f"the axis '{empty[0]}' is empty; give it values or low and high")
        if not self.axes:
            raise ValueError("the space is empty; give it at least one axis with values")
        return self


class Grid(_Space):
    """Every combination of the values of the axes; the last axis changes fastest.

    >>> list(Grid(axes={"batch": (32, 64), "lr": (0.1,)}).candidates())
    [{'batch': 32, 'lr': 0.1}, {'batch': 64, 'lr': 0.1}]
    """

    kind: Literal["grid"] = "grid"

    @property
    def size(self) -> int:
        """The number of candidates."""
        return math.prod(len(_values(axis)) for axis in self.axes.values())

    def candidates(self) -> Iterator[Settings]:
        """The combinations, one after the other."""
        for values in itertools.product(*map(_values, self.axes.values())):
            yield dict(zip(self.axes, values, strict=True))


class Random(_Space):
    """`candidates` points drawn independently; the same seed draws the same ones."""

    kind: Literal["random"] = "random"
    draws: Annotated[int, Field(ge=1, le=100_000)] = Field(description="candidates to draw")
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def size(self) -> int:
        """The number of candidates."""
        return self.draws

    def candidates(self) -> Iterator[Settings]:
        """The draws; each has a generator of its own, so that more of them leave the first."""
        for index in range(self.draws):
            generator = np.random.default_rng((self.seed, index))
            yield {name: _drawn(axis, generator) for name, axis in self.axes.items()}


def _drawn(axis: Axis, generator: np.random.Generator) -> Scalar:
    if isinstance(axis, Range):
        return axis.at(float(generator.uniform()))
    return axis[int(generator.integers(len(axis)))]


class Search(_Space):
    """`trials` points, each chosen where those before it were good (tree of Parzen estimators)."""

    kind: Literal["search"] = "search"
    trials: Annotated[int, Field(ge=1, le=100_000)] = Field(description="candidates to try")
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def size(self) -> int:
        """The number of candidates: `trials`, or all there are if these are fewer.

        >>> Search(axes={"batch": (32, 64)}, trials=6).size
        2
        """
        return int(min(self.trials, math.prod(_count(axis) for axis in self.axes.values())))


def _count(axis: Axis) -> float:
    """How many values an axis has for a search; infinitely many where it has no gaps."""
    if not isinstance(axis, Range):
        return len(set(axis))
    return round(axis.high) - round(axis.low) + 1 if axis.whole else math.inf


Space: TypeAlias = Annotated[Grid | Random | Search, Field(discriminator="kind")]
