"""Chapters 6 and 7: everything that is trained for the page, one thing after the other."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lvm_studio.analysis.chapters.base import ChapterProgress
from lvm_studio.analysis.sigma.ppca import LinearRun, linear_data, train_linear
from lvm_studio.analysis.sigma.study import (
    Group,
    Setting,
    SphereRadii,
    best_sigma,
    fixed_sweep,
    learned,
    repeated,
    sphere_radii,
    tempering,
    variants,
)
from lvm_studio.data.vectors.manifolds import Sinusoid
from lvm_studio.models.noise.specs import FixedNoiseSpec
from lvm_studio.training.vector_problem import HELDOUT_SEED

T = TypeVar("T")

BETA = 4.0


@dataclass(frozen=True, eq=False)
class Results:
    """All that the page shows."""

    sweep: Group
    best: Group
    at_learned: Group
    learned: Mapping[str, Group]
    variants: Mapping[str, Group]
    tempering: Mapping[str, Group]
    spheres: tuple[SphereRadii, ...]
    linear: Mapping[str, Sequence[LinearRun]]
    ceiling: float


def trained(setting: Setting) -> Generator[ChapterProgress, None, Results]:
    """Train everything that the chapter shows; yields progress, returns what was found."""
    told = _Told(setting.member_epochs)
    sweep = yield from told.by(fixed_sweep(setting))
    groups = {}
    for name, work in learned(setting).items():
        groups[name] = yield from told.by(work)
    best = FixedNoiseSpec(sigma=best_sigma(sweep))
    same = FixedNoiseSpec(sigma=float(groups["global"].terms.sigma.mean()))
    at_best = yield from told.by(repeated("best fixed σ", best, setting))
    at_learned = yield from told.by(repeated("σ fixed at the learned value", same, setting))
    others = {}
    for name, work in variants(setting).items():
        others[name] = yield from told.by(work)
    tempered = {"plain": groups["global"]}
    for name, work in tempering(setting, BETA).items():
        tempered[name] = yield from told.by(work)
    spheres = []
    for dim in (2, 10):
        found = yield from told.by(sphere_radii(dim, setting))
        spheres.append(found)
    linear = {
        "σ by Eq. 7.3": linear_runs(setting, by_gradient=False),
        "σ by gradient": linear_runs(setting, by_gradient=True),
    }
    data = Sinusoid()
    ceiling = data.log_density(data.draw(4000, np.random.default_rng(HELDOUT_SEED)), 2048).mean()
    return Results(
        sweep, at_best, at_learned, groups, others, tempered, tuple(spheres), linear, float(ceiling)
    )


def linear_runs(setting: Setting, *, by_gradient: bool) -> list[LinearRun]:
    """Linear VAEs of 500 points in 8 dimensions, 3 latent; data of its own for every seed."""
    return [
        train_linear(
            linear_data(500, 8, 3, 0.3, seed),
            3,
            seed,
            by_gradient=by_gradient,
            steps=setting.linear_steps,
        )
        for seed in setting.seeds[: setting.linear_seeds]
    ]


class _Told:
    """Sums up the work done, so that progress runs from 0 to the whole."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def by(self, work: Generator[tuple[int, str], None, T]) -> Generator[ChapterProgress, None, T]:
        while True:
            try:
                done, sentence = next(work)
            except StopIteration as end:
                found: T = end.value
                return found
            self._done += done
            yield ChapterProgress(self._done, self._total, sentence)
