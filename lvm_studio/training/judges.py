"""Training judges: a classifier on labelled vectors, a discriminator of real ones and made ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.judges import Judge, JudgeSpec
from lvm_studio.models.seeded import seeded
from lvm_studio.training.vector_problem import HELDOUT_SEED, HELDOUT_SHARE

REPORT_EVERY = 50

Made = Callable[[int, torch.Generator], Tensor]
"""n vectors [n, D] of a model, drawn by a generator."""


class JudgeTrainSpec(BaseModel):
    """How a judge is trained.

    shift: images of side² pixels are moved by up to so many pixels (classifiers only).
    noise: standard deviation added to real vectors, those of a classifier or the real side of a
    discriminator: what the model's own noise would add to them (10.3.3).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[int, Field(ge=1)] = 800
    batch: Annotated[int, Field(ge=2, le=8192)] = 128
    hidden: Annotated[int, Field(ge=1, le=4096)] = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    lr: Annotated[float, Field(gt=0)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    shift: Annotated[int, Field(ge=0, le=8)] = 0
    noise: Annotated[float, Field(ge=0)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


@dataclass(frozen=True)
class JudgeStep:
    """Step `step` of `steps`, and the loss of its batch in nats."""

    step: int
    steps: int
    loss: float


@dataclass(frozen=True, eq=False)
class TrainedJudge:
    """The judge, in evaluation mode, and its share of right answers on vectors held out."""

    judge: Judge
    accuracy: float


JudgeTraining = Generator[JudgeStep, None, TrainedJudge]


def train_classifier(spec: JudgeTrainSpec, vectors: VectorSet, label: str) -> JudgeTraining:
    """Learn c(y|x) of the column `label` (whole numbers from 0)."""
    train, heldout = vectors.split(HELDOUT_SHARE, HELDOUT_SEED)
    x, y = _tensors(train, label)
    classes = int(vectors.labels[label].max()) + 1
    judge = _fresh(spec, vectors.dim, classes)
    generator = torch.Generator().manual_seed(spec.seed)

    def loss() -> Tensor:
        rows = torch.randint(len(x), (spec.batch,), generator=generator)
        seen = _noisy(_moved(x[rows], spec.shift, generator), spec.noise, generator)
        return cross_entropy(judge(seen), y[rows])

    yield from _descent(spec, judge, loss)
    with torch.no_grad():
        x, y = _tensors(heldout, label)
        guessed = judge(_noisy(x, spec.noise, generator)).argmax(dim=-1)
    return TrainedJudge(judge, float((guessed == y).double().mean()))


def train_discriminator(spec: JudgeTrainSpec, vectors: VectorSet, made: Made) -> JudgeTraining:
    """Learn log p_D / p_G as the logit that tells vectors of the set from made ones (10.3.3)."""
    train, heldout = vectors.split(HELDOUT_SHARE, HELDOUT_SEED)
    x = torch.from_numpy(train.x)
    judge = _fresh(spec, vectors.dim, 1)
    generator = torch.Generator().manual_seed(spec.seed)

    def loss() -> Tensor:
        rows = torch.randint(len(x), (spec.batch,), generator=generator)
        real = _noisy(x[rows], spec.noise, generator)
        return _told_apart(judge, real, made(spec.batch, generator))

    yield from _descent(spec, judge, loss)
    with torch.no_grad():
        real = _noisy(torch.from_numpy(heldout.x), spec.noise, generator)
        right = judge(real) > 0, judge(made(len(real), generator)) < 0
    return TrainedJudge(judge, float(torch.cat(right).double().mean()))


def _told_apart(judge: Judge, real: Tensor, made: Tensor) -> Tensor:
    logits = judge(torch.cat([real, made]))[..., 0]
    truth = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    return binary_cross_entropy_with_logits(logits, truth)


def _descent(
    spec: JudgeTrainSpec, judge: Judge, loss: Callable[[], Tensor]
) -> Generator[JudgeStep, None, None]:
    """AdamW with a cosine to zero; the judge is left in evaluation mode."""
    optimiser = torch.optim.AdamW(judge.parameters(), spec.lr, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, spec.steps)
    for step in range(1, spec.steps + 1):
        with seeded(spec.seed * spec.steps + step):  # for the dropout
            found = loss()
        optimiser.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        schedule.step()
        if step % REPORT_EVERY == 0 or step == spec.steps:
            yield JudgeStep(step, spec.steps, float(found.detach()))
    judge.eval().requires_grad_(False)


def _fresh(spec: JudgeTrainSpec, dim: int, outputs: int) -> Judge:
    with seeded(spec.seed):
        shape = JudgeSpec(dim=dim, outputs=outputs, hidden=spec.hidden, dropout=spec.dropout)
        return Judge(shape).train()


def _tensors(vectors: VectorSet, label: str) -> tuple[Tensor, Tensor]:
    y = np.ascontiguousarray(vectors.labels[label], np.int64)
    return torch.from_numpy(vectors.x), torch.from_numpy(y)


def _moved(x: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Square images [B, side²], all of a batch moved alike by up to `shift` pixels; paper is 0."""
    if shift == 0:
        return x
    side = round(x.shape[-1] ** 0.5)
    down, right = torch.randint(2 * shift + 1, (2,), generator=generator).tolist()
    wide = torch.nn.functional.pad(x.view(-1, side, side), (shift, shift, shift, shift))
    return wide[:, down : down + side, right : right + side].flatten(1)


def _noisy(x: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    return x if noise == 0.0 else x + noise * torch.randn(x.shape, generator=generator)
