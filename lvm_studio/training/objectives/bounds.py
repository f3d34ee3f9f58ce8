"""Bounds on log p(x) from draws of z: one number for every observation, to be maximised."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from lvm_studio.models.draws import LatentDraws
from lvm_studio.training.objectives.specs import (
    BoundSpec,
    ElboSpec,
    ImportanceSpec,
    PathDerivativeSpec,
)


class Bound(Protocol):
    """Draws and what each is worth go in, one number for each observation comes out."""

    @property
    def samples(self) -> int:
        """Draws of the latent variables for each observation."""
        ...

    def __call__(self, draws: LatentDraws, score: Tensor, weight: Tensor | float) -> Tensor:
        """[B] from score [S, B], log p(x | z) or what stands for it; `weight` is the KL's."""
        ...


@dataclass(frozen=True)
class ElboBound:
    """Eq. 3.3 and 3.4, the KL in closed form."""

    samples: int = 1

    def __call__(self, draws: LatentDraws, score: Tensor, weight: Tensor | float) -> Tensor:
        return score.mean(0) - weight * draws.kl()


@dataclass(frozen=True)
class PathDerivativeBound:
    """The same value from the draw; gradients reach q through draws alone (Eq. 4.4, 4.5).

    Where q is the exact posterior its gradient is 0 for every draw, not only on average.
    """

    samples: int = 1

    def __call__(self, draws: LatentDraws, score: Tensor, weight: Tensor | float) -> Tensor:
        return (score + weight * (draws.log_prior() - draws.log_q_held())).mean(0)


@dataclass(frozen=True)
class ImportanceBound:
    """Eq. 3.5: tighter with every draw."""

    samples: int

    def __call__(self, draws: LatentDraws, score: Tensor, weight: Tensor | float) -> Tensor:
        weights = score + weight * (draws.log_prior() - draws.log_q())
        return weights.logsumexp(0) - math.log(len(weights))


_BOUNDS: Mapping[type[Any], Callable[[Any], Bound]] = {
    ElboSpec: lambda spec: ElboBound(),
    PathDerivativeSpec: lambda spec: PathDerivativeBound(),
    ImportanceSpec: lambda spec: ImportanceBound(spec.samples),
}


def build_bound(spec: BoundSpec) -> Bound:
    """The bound a spec names.

    >>> build_bound(ImportanceSpec(samples=8)).samples
    8
    """
    return _BOUNDS[type(spec)](spec)
