"""Chapters 6 and 7: everything that is trained for the page, one thing after the other."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lvm_studio.analysis.chapters.base import ChapterProgress
from lvm_studio.analysis.sigma.ppca import ClosedForm, LinearRun, linear_data, ppca, train_linear
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

T = TypeVar("T")

BETA = 4.0
LINEAR_STEPS = 5000
"""After 2,500 the linear VAE is still 2 to 4 · 10⁻⁴ nats below the closed form."""


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
    linear: tuple[ClosedForm, LinearRun, LinearRun]
    ceiling: float


def trained(setting: Setting) -> Generator[ChapterProgress, None, Results]:
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
    x = linear_data(500, 8, 3, 0.3, setting.seed)
    linear = (
        ppca(x, 3),
        train_linear(x, 3, setting.seed, steps=LINEAR_STEPS),
        train_linear(x, 3, setting.seed, by_gradient=True, steps=LINEAR_STEPS),
    )
    data = Sinusoid()
    ceiling = data.log_density(data.draw(4000, np.random.default_rng(1503)), 2048).mean()
    return Results(
        sweep, at_best, at_learned, groups, others, tempered, tuple(spheres), linear, float(ceiling)
    )


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
