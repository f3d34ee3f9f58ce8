"""Judging a latent space on the compute thread: one held-out observation after the other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.studio.latent.work import Observations, Progress

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.judging import Example, PriorCheck
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.jobs.mailbox import Work

HELD_OUT = 24
SAMPLES = 512
SEED = 3


@dataclass(frozen=True, eq=False)
class Judgement:
    """What is known so far."""

    check: PriorCheck
    examples: tuple[Example, ...]
    samples: int


def judging(model: TrainedModel, source: Observations, cloud: LatentCloud) -> Work:
    """Answers `Progress` and, from the first example on, ever longer `Judgement`s."""

    def work() -> Generator[object, None, None]:
        from lvm_studio.analysis.latent.judging import (
            heldout_vectors,
            heldout_weeks,
            judged,
            prior_check,
        )

        check = prior_check(cloud)
        yield Judgement(check, (), SAMPLES)
        if model.context is None or source.households is None:
            cases = heldout_vectors(source.vectors_of(model), model, HELD_OUT)
        else:
            cases = heldout_weeks(model, source.households, HELD_OUT, SEED)
        examples: tuple[Example, ...] = ()
        for example in judged(cases, SAMPLES, SEED):
            if example is None:
                yield None
                continue
            examples = (*examples, example)
            yield Judgement(check, examples, SAMPLES)
            yield Progress(len(examples) / HELD_OUT)

    return work
