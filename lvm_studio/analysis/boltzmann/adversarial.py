"""Case 3: refining a VAE by a discriminator, and where that ends (10.3.3, Fig. 10.6-10.7)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.boltzmann.digits import (
    SHOWN,
    Digits,
    DigitsSetting,
    mean_images,
    trained,
)
from lvm_studio.analysis.boltzmann.images import ImageFigures, figures_of
from lvm_studio.analysis.boltzmann.paths import Tuned, TuningPath, tuned_up_to
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.training.judges import JudgeTrainSpec, Made, train_discriminator
from lvm_studio.tuning.criteria.criterion import Judges, criterion_named
from lvm_studio.tuning.criteria.difficulty import Difficulty, difficulty
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.solve import solve_kl

FURTHEST_KL = 6.0
"""The thesis' tuning ends near 4 nats."""
POINTS = 9
SHOWN_ROWS = 7
_FRESH_SEEDS_APART = 20_000
_KEPT = 4096


@dataclass(frozen=True, eq=False)
class Refinement:
    """What one discriminator makes of a VAE, of one seed.

    Attributes:
        accuracy: of the discriminator on held-out real and fresh made images.
        path: λ up to 1 or to KL 6 nats, whichever comes first; E f is the mean logit.
        difficulty: of the logit over the latents.
        rows: [7, SHOWN, 784] images of the flow along λ, weights applied.
        before, after: base law, and p̂_λ by SMC at the end of the path, in the judge's eyes;
            real: a half of the held-out images beside the other.
        told_before, told_after: accuracy of fresh discriminators, trained on the base law and
            on p̂_λ, both against real images with the model's noise: 0.5 is what to reach.
    """

    accuracy: float
    path: TuningPath
    difficulty: Difficulty
    rows: NDArray[np.float32]
    before: ImageFigures
    after: ImageFigures
    real: ImageFigures
    told_before: float
    told_after: float


def refinement(
    digits: Digits, vectors: VectorSet, setting: DigitsSetting, seed: int, noise_matched: bool
) -> Generator[str, None, Refinement]:
    """Train a discriminator, tune by its logit, and look at what came of it.

    noise_matched: real images get noise of the model's own standard deviation (10.3.3).
    """
    own = digits.sigma if noise_matched else 0.0
    spec = JudgeTrainSpec(steps=setting.judge_steps, noise=own, seed=seed)
    training = train_discriminator(spec, vectors, _decoded(digits, None))
    found = yield from trained(training, "discriminator")
    criterion = criterion_named("logit", Judges(discriminator=found.judge))
    pool = Pool.from_space(digits.space, criterion, setting.pool // 2, seed)
    end, kl = _end(pool)
    steps, particles = setting.logit_flow_steps, setting.particles // 2
    tuned = yield from tuned_up_to(pool, kl, steps, particles, seed)
    end = min(end, tuned.smc.lam_max)
    yield "judging the refined law"
    path = tuned.along(np.linspace(0.0, end, POINTS).tolist(), setting.judged // 2, seed)
    refined = tuned.by_smc(end, _KEPT, seed)
    fresh = JudgeTrainSpec(
        steps=setting.judge_steps, noise=digits.sigma, seed=seed + _FRESH_SEEDS_APART
    )
    told = []
    for latents in (None, refined):
        again = train_discriminator(fresh, vectors, _decoded(digits, latents))
        told.append((yield from trained(again, "fresh discriminator")).accuracy)
    before, after, real = _figures(digits, pool.draws.u, refined, vectors, seed)
    return Refinement(
        accuracy=found.accuracy,
        path=path,
        difficulty=difficulty(pool.potential, pool.draws.u[: setting.gradients]),
        rows=_rows(digits, tuned, end, seed),
        before=before,
        after=after,
        real=real,
        told_before=told[0],
        told_after=told[1],
    )


def _end(pool: Pool) -> tuple[float, float]:
    """λ = 1 in normalised units, and how far to climb: to the KL there, or to 6 nats if less."""
    one = pool.potential.scale
    furthest = solve_kl(pool.draws.moments, FURTHEST_KL, limit=one)
    return one, FURTHEST_KL if furthest.reached else pool.draws.moments(one).kl


def _decoded(digits: Digits, latents: Tensor | None) -> Made:
    """Images with the observation's noise, of the base law or of given latents."""

    @torch.no_grad()
    def made(n: int, generator: torch.Generator) -> Tensor:
        if latents is None:
            u = torch.randn(n, digits.space.dim, generator=generator)
        else:
            u = latents[torch.randint(len(latents), (n,), generator=generator)]
        law = digits.space.decode(u)
        return law.transport(torch.randn(law.mean.shape, generator=generator))

    return made


def _rows(digits: Digits, tuned: Tuned, end: float, seed: int) -> NDArray[np.float32]:
    rows = []
    for lam in np.linspace(0.0, end, SHOWN_ROWS).tolist():
        u = tuned.by_flow(lam, 400, seed, corrected=True)
        order = torch.randperm(len(u), generator=torch.Generator().manual_seed(seed))
        rows.append(mean_images(digits.space, u[order[:SHOWN]]).numpy())
    return np.stack(rows)


def _figures(
    digits: Digits, base: Tensor, refined: Tensor, vectors: VectorSet, seed: int
) -> tuple[ImageFigures, ImageFigures, ImageFigures]:
    """Base and refined images without noise beside real ones, and real beside real."""
    judge = digits.judge.judge
    order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(seed))
    real = torch.from_numpy(vectors.x)[order]
    first, second = real[: len(real) // 2], real[len(real) // 2 :]
    sets = (mean_images(digits.space, base), mean_images(digits.space, refined), first)
    before, after, floor = (figures_of(each, second, judge) for each in sets)
    return before, after, floor
