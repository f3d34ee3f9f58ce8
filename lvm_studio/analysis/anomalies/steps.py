"""How far a search for anomalies is: free of torch, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from lvm_studio.data.jobs import retold

Result = TypeVar("Result")


@dataclass(frozen=True)
class Step:
    """`share` of 1, and in words what is being done."""

    share: float
    sentence: str


def part_of(
    steps: Generator[Step, Any, Result], begin: float, end: float, what: str = ""
) -> Generator[Step, Any, Result]:
    """The steps of a part of a larger search, which is its share from `begin` to `end`.

    `what` goes before each sentence.
    """

    def said(step: Step) -> Step:
        return Step(begin + (end - begin) * step.share, what + step.sentence)

    return (yield from retold(steps, said))
