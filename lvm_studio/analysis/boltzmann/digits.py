"""Case 1: digits conditioned by a classifier after the fact (10.3.1, Fig. 10.1-10.4)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.boltzmann.images import ImageFigures, figures_of
from lvm_studio.analysis.boltzmann.paths import Tuned, TuningPath, tuned_up_to
from lvm_studio.data.jobs import result_of, retold
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.judges import Judge
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vector_space import VectorSpace
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.judges import (
    JudgeTraining,
    JudgeTrainSpec,
    TrainedJudge,
    train_classifier,
)
from lvm_studio.training.loop import train
from lvm_studio.training.spec import TrainSpec
from lvm_studio.tuning.criteria.criterion import Judges, criterion_named
from lvm_studio.tuning.criteria.difficulty import Difficulty, difficulty
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.solve import solve_kl

LABEL = 4
CLASSES = 10
ROWS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
"""λ of the rows of images (Fig. 10.4)."""
SHOWN = 14
POINTS = 11
_JUDGE_SEEDS_APART = 10_000


@dataclass(frozen=True)
class DigitsSetting:
    """Sizes of cases 1 and 3."""

    vae_steps: int = 1000
    vae_hidden: int = 256
    judge_steps: int = 800
    pool: int = 4096
    particles: int = 2048
    flow_steps: int = 1000
    logit_flow_steps: int = 300
    gradients: int = 1000
    judged: int = 2000


@dataclass(frozen=True, eq=False)
class Digits:
    """What cases 1 and 3 begin with, of one seed.

    classifier says what is tuned; judge, of another seed, never does.
    """

    space: VectorSpace
    classifier: TrainedJudge
    judge: TrainedJudge
    sigma: float


@dataclass(frozen=True, eq=False)
class ClassCase:
    """Case 1 of one seed.

    Attributes:
        paths: by criterion, 'log c' and 'c'.
        compared: by source at λ = 1, in the judge's eyes.
        rows: [6, SHOWN, 784] images of the flow, weights applied.
        difficulties: by criterion, one for each class; empty where they were not asked for.
    """

    paths: Mapping[str, TuningPath]
    compared: Mapping[str, ImageFigures]
    rows: NDArray[np.float32]
    difficulties: Mapping[str, tuple[Difficulty, ...]]


def digits_of(
    vectors: VectorSet, setting: DigitsSetting, seed: int
) -> Generator[str, None, Digits]:
    """Train the VAE and both classifiers."""
    yield "training a VAE of digits"
    model = TrainSpec(
        recipe="digits",
        model=VectorVAESpec(dim=vectors.dim, hidden=setting.vae_hidden, dropout=0.1),
        steps=setting.vae_steps,
        batch=128,
        prior_path_weight=0.0,
        eval_every=500,
        checkpoint_seconds=1e9,
        device="cpu",
        seed=seed,
    )
    module = TrainedModel.from_tree(result_of(train(model, vectors)).tree).module
    assert isinstance(module, VectorVAE)
    module.eval()
    judges = []
    for own in (seed, seed + _JUDGE_SEEDS_APART):
        spec = JudgeTrainSpec(steps=setting.judge_steps, shift=2, seed=own)
        judges.append((yield from trained(train_classifier(spec, vectors, "digit"), "classifier")))
    return Digits(VectorSpace(module), judges[0], judges[1], float(module.sigma()))


def trained(training: JudgeTraining, what: str) -> Generator[str, None, TrainedJudge]:
    """Run the training of a judge, with a word now and then."""
    return (
        yield from retold(
            training, lambda step: f"training a {what}, step {step.step} of {step.steps}"
        )
    )


def class_case(
    digits: Digits, vectors: VectorSet, setting: DigitsSetting, seed: int, histograms: bool
) -> Generator[str, None, ClassCase]:
    """Tune towards class 4 by log c and by c, and judge what came of λ = 1."""
    by_log = _pool(digits, f"logclass:{LABEL}@mean", setting, seed)
    last = ROWS[-1] * by_log.potential.scale
    kl = by_log.draws.moments(last).kl
    logarithm = yield from tuned_up_to(by_log, kl, setting.flow_steps, setting.particles, seed)
    by_plain = _pool(digits, f"class:{LABEL}@mean", setting, seed)
    end = solve_kl(by_plain.draws.moments, kl).lam
    plain = yield from tuned_up_to(by_plain, kl, setting.flow_steps, setting.particles, seed)
    yield "judging λ = 1"
    paths = {
        "log c": logarithm.along(np.linspace(0.0, last, POINTS).tolist(), setting.judged, seed),
        "c": plain.along(np.linspace(0.0, end, POINTS).tolist(), setting.judged, seed),
    }
    difficulties = _difficulties(digits, by_log.draws.u, setting, seed) if histograms else {}
    compared = _compared(digits, logarithm, vectors, setting, seed)
    return ClassCase(paths, compared, _rows(digits, logarithm, seed), difficulties)


@torch.no_grad()
def mean_images(space: VectorSpace, u: Tensor) -> Tensor:
    """Images [N, 784] without the observation's noise."""
    return space.decode(u).mean


def _pool(digits: Digits, name: str, setting: DigitsSetting, seed: int) -> Pool:
    criterion = criterion_named(name, Judges(classifier=digits.classifier.judge))
    return Pool.from_space(digits.space, criterion, setting.pool, seed)


def _rows(digits: Digits, tuned: Tuned, seed: int) -> NDArray[np.float32]:
    scale = tuned.pool.potential.scale
    rows = []
    for lam in ROWS:
        u = tuned.by_flow(lam * scale, 400, seed, corrected=True)
        order = torch.randperm(len(u), generator=torch.Generator().manual_seed(seed))
        rows.append(mean_images(digits.space, u[order[:SHOWN]]).numpy())
    return np.stack(rows)


def _difficulties(
    digits: Digits, u: Tensor, setting: DigitsSetting, seed: int
) -> dict[str, tuple[Difficulty, ...]]:
    found = {}
    for what, text in (("c", "class"), ("log c", "logclass")):
        pools = (_pool(digits, f"{text}:{y}@mean", setting, seed) for y in range(CLASSES))
        found[what] = tuple(difficulty(p.potential, u[: setting.gradients]) for p in pools)
    return found


@torch.no_grad()
def _compared(
    digits: Digits, tuned: Tuned, vectors: VectorSet, setting: DigitsSetting, seed: int
) -> dict[str, ImageFigures]:
    """Ways to p(x | y = 4), each beside real fours in the judge's eyes."""
    lam, n = tuned.pool.potential.scale, setting.judged
    real = torch.from_numpy(vectors.x[vectors.labels["digit"] == LABEL])
    space = digits.space
    latents = {
        "base, λ = 0": tuned.pool.draws.u[:n],
        "flow, no weights": tuned.by_flow(lam, n, seed, corrected=False),
        "flow, weights applied": tuned.by_flow(lam, n, seed, corrected=True),
        "SMC": tuned.by_smc(lam, n, seed),
        "exact: base draws kept with chance c": _kept(digits, tuned.pool.draws.u, seed),
        "real fours, encoded and decoded": space.encode(real).mean,
    }
    images = {name: mean_images(space, u) for name, u in latents.items()}
    judge = digits.judge.judge
    found = {name: figures_of(each, real, judge) for name, each in images.items()}
    half = torch.randperm(len(real), generator=torch.Generator().manual_seed(seed))
    first, second = real[half[: len(real) // 2]], real[half[len(real) // 2 :]]
    return {**found, "real fours, one half": figures_of(first, second, judge)}


def _kept(digits: Digits, u: Tensor, seed: int) -> Tensor:
    """Base draws kept with probability c(4 | x): exactly p̂ at λ = 1, since log c ≤ 0."""
    chance = _probability(digits.classifier.judge, mean_images(digits.space, u))
    drawn = torch.rand(len(u), generator=torch.Generator().manual_seed(seed))
    return u[drawn < chance]


def _probability(judge: Judge, images: Tensor) -> Tensor:
    return torch.softmax(judge(images), dim=-1)[:, LABEL]
