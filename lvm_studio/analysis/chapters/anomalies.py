"""Chapter 8.4 and Figure 4.1 made again: typed anomalies, and graphs of inference."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from lvm_studio.analysis.anomalies.evidence import SyntheticSpec, synthetic_evidence
from lvm_studio.analysis.anomalies.evidence_digits import digit_evidence
from lvm_studio.analysis.anomalies.evidence_faults import fault_evidence
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.analysis.chapters.anomalies_figures import (
    digits_section,
    faults_section,
    graphs_section,
    model_section,
    synthetic_section,
)
from lvm_studio.analysis.chapters.base import Chapter, ChapterProgress, ChapterSpec
from lvm_studio.analysis.pages.page import Page
from lvm_studio.data.jobs import retold
from lvm_studio.data.london import load_london
from lvm_studio.data.vectors.digits import load_digits

LEAD = (
    "An anomaly of type A is one number far off; one of type B is a small change of many numbers "
    "that have one cause. A conditional VAE tells them apart: A by the largest standardised "
    "residual, B by how far the inferred latent leaves its prior. The thesis prints curves and no "
    "area under them, so that ours stand beside what its text says."
)
TOTAL = 1000


@dataclass(frozen=True)
class Setting:
    """Rows and steps of training."""

    synthetic_rows: int
    synthetic_steps: int
    digit_steps: int
    week_steps: int


REDUCED = Setting(6000, 1200, 600, 1000)
FULL = Setting(20_000, 3000, 3000, 2000)
Result = TypeVar("Result")


def chapter(spec: ChapterSpec) -> Chapter:
    """Make the page; yields progress."""
    return (yield from make(spec, REDUCED if spec.reduced else FULL))


def make(spec: ChapterSpec, setting: Setting) -> Chapter:
    """The page in this setting."""
    plain = SyntheticSpec()
    asked = replace(
        plain,
        seeds=spec.all_seeds,
        train_rows=setting.synthetic_rows,
        fit=replace(plain.fit, steps=setting.synthetic_steps),
    )
    synthetic = yield from _piece(synthetic_evidence(asked), 0.0, 0.6)
    digits = []
    for place, seed in enumerate(spec.all_seeds):
        begin = 0.6 + 0.25 * place / spec.seeds
        steps = digit_evidence(load_digits(), seed, setting.digit_steps)
        digits.append((yield from _piece(steps, begin, begin + 0.25 / spec.seeds)))
    faults = yield from _piece(
        fault_evidence(load_london(), spec.all_seeds, setting.week_steps), 0.85, 1.0
    )
    sections = (
        graphs_section(),
        model_section(),
        digits_section(digits),
        synthetic_section(synthetic),
        faults_section(faults),
    )
    return Page("Typed anomalies (chapter 8.4)", LEAD, sections)


def _piece(
    steps: Generator[Step, None, Result], begin: float, end: float
) -> Generator[ChapterProgress, None, Result]:
    def progress(step: Step) -> ChapterProgress:
        done = round(TOTAL * (begin + (end - begin) * step.share))
        return ChapterProgress(done, TOTAL, step.sentence)

    return (yield from retold(steps, progress))
