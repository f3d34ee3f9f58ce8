"""What the chapters have in common: how they are asked for, what they say, how they end."""

from __future__ import annotations

import dataclasses
import importlib
import os
import platform
from collections.abc import Callable, Generator, Sequence
from typing import Annotated, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lvm_studio.analysis.pages.page import Page, Section
from lvm_studio.data.errors import DataError

CHAPTERS: Final = ("anomalies", "boltzmann", "composition", "sigma")
"""Modules of this package; each has a function `chapter`."""


class ChapterSpec(BaseModel):
    """How a chapter is made.

    Args:
        reduced: a setting that two cores finish in about fifteen minutes; the page says what was
            cut. Not reduced: the setting of the thesis.
        seeds: repetitions of whatever is trained or drawn; spreads are over these.
        seed: the first of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reduced: bool = True
    seeds: Annotated[int, Field(ge=1)] = 3
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds, first to last.

        >>> ChapterSpec(seeds=2, seed=5).all_seeds
        (5, 6)
        """
        return tuple(range(self.seed, self.seed + self.seeds))


@dataclasses.dataclass(frozen=True)
class ChapterProgress:
    """`done` of `total` pieces of about equal length, and what is being done now."""

    done: int
    total: int
    sentence: str


Chapter: TypeAlias = Generator[ChapterProgress, None, Page]


def chapter_named(name: str) -> Callable[[ChapterSpec], Chapter]:
    """The function that makes a chapter.

    Raises:
        DataError: there is no such chapter.

    >>> chapter_named("gardening")
    Traceback (most recent call last):
    lvm_studio.data.errors.DataError: No chapter is named 'gardening'; there are anomalies, ...
    """
    if name not in CHAPTERS:
        raise DataError(f"No chapter is named {name!r}; there are {', '.join(CHAPTERS)}.")
    module = importlib.import_module(f"lvm_studio.analysis.chapters.{name}")
    return cast("Callable[[ChapterSpec], Chapter]", module.chapter)


def with_making(page: Page, spec: ChapterSpec, seconds: float) -> Page:
    """The page with a last section: setting, seeds, hardware, time."""
    setting = (
        "Made in the reduced setting, which cuts sizes, steps and repetitions so that two cores "
        "finish in minutes; with --full the same page is made at full size."
        if spec.reduced
        else "Made at full size."
    )
    seeds = ", ".join(map(str, spec.all_seeds))
    spread = (
        "One seed: the spread over seeds is unknown, but where a section names more."
        if spec.seeds == 1
        else "Spreads are standard deviations over these seeds, or over more where a section says "
        "so, unless another is named."
    )
    words = (
        setting,
        f"Seeds {seeds}. {spread}",
        f"Hardware: {hardware()}. Time: {seconds / 60:.1f} minutes.",
    )
    making = Section("How this page was made", words)
    return dataclasses.replace(page, sections=(*page.sections, making))


def deviation(values: NDArray[np.floating], axis: int = 0) -> NDArray[np.float64]:
    """Standard deviation over the seeds along an axis (divisor n − 1); nan for one seed.

    >>> deviation(np.array([1.0, 3.0])).round(3).item(), deviation(np.array([1.0])).item()
    (1.414, nan)
    """
    if values.shape[axis] < 2:
        return np.full(values.mean(axis=axis).shape, np.nan)
    return np.asarray(values.std(axis=axis, ddof=1), dtype=np.float64)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Mean ± standard deviation over seeds; the mean alone of one.

    >>> spread([1.0, 3.0])
    '2.00 ± 1.41'
    """
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def hardware() -> str:
    """The machine in words: processor kind, cores, and the GPU if torch sees one."""
    import torch

    words = f"{platform.machine()} CPU, {os.cpu_count()} cores, {torch.get_num_threads()} used"
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join((words, *gpus))
