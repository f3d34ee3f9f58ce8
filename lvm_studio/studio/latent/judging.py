"""Judging a latent space on the compute thread: one held-out observation after the other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lvm_studio.studio.latent.work import Observations, Progress

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.judging import Example, PriorCheck
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.jobs.mailbox import Mailbox, Work
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.widgets.latent.judging_page import JudgingPage

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


class LatentJudging(QObject):
    """Judges the model on the latent page when its tab asks for it.

    Args:
        session: what held-out observations come from; hears what went wrong.
        page: asks, and shows what is known so far.
        mailbox: of the thread that decodes.
    """

    def __init__(self, session: Session, page: JudgingPage, mailbox: Mailbox) -> None:
        super().__init__(page)
        self._session, self._page, self._mailbox = session, page, mailbox
        self._of: tuple[TrainedModel, LatentCloud] | None = None
        mailbox.answered.connect(self._take)
        mailbox.failed.connect(session.failed)
        mailbox.rested.connect(self._rest)
        page.asked.connect(self._judge)
        page.cancelled.connect(mailbox.withdraw)

    @property
    def running(self) -> bool:
        """Whether something is being judged."""
        return self._mailbox.waiting

    def set_cloud(self, model: TrainedModel, cloud: LatentCloud) -> None:
        """Judge this model from now on, whose observations stand in this cloud."""
        self._of = model, cloud
        self._page.layers.show_layers(cloud.layers, cloud.layer_bits.tolist())

    def forget(self) -> None:
        """There is nothing to judge."""
        self._mailbox.withdraw()
        self._of = None
        self._page.show_checks(None, None)

    def _judge(self) -> None:
        if self._of is not None:
            model, cloud = self._of
            self._page.set_busy(0.0)
            self._mailbox.post(judging(model, Observations.of(self._session), cloud))

    def _take(self, answer: object) -> None:
        if isinstance(answer, Progress):
            self._page.set_busy(answer.share)
        elif isinstance(answer, Judgement) and self._of is not None:
            cloud = self._of[1]
            if not answer.examples:
                self._page.show_checks(cloud, answer.check)
            self._page.show_examples(cloud, answer.examples, answer.samples)

    def _rest(self) -> None:
        self._page.set_busy(None)
