"""What a job is: a generator of frozen reports that knows no thread, no Qt, no file.

Training, fitting a flow and tuning are jobs. Whoever runs one (the worker process, the
command line, a test) iterates over its reports and may send it a `Wish` between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from lvm_studio.data.tree import Tree

Report = TypeVar("Report")
Result = TypeVar("Result")
Told = TypeVar("Told")


class Wish(Enum):
    """What the one who runs a job may ask of it between two reports."""

    CHECKPOINT = "checkpoint"  # yield a Checkpoint next
    STOP = "stop"  # learn no further: end as if all steps were done


class Request:
    """A wish of a kind that only some jobs know; subclasses are frozen and picklable.

    The job's next report answers it; a job that does not know it goes on as if nothing was said.
    """


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All a job needs to go on later exactly where it stands now.

    Args:
        step: the number of steps done.
        tree: weights, optimiser, schedule and generator states; arrays are copies,
            so that the job may go on while somebody writes them.
    """

    step: int
    tree: Tree


Sent: TypeAlias = Wish | Request | None
"""What a job may be sent between two reports."""

Reports: TypeAlias = Generator[object, Sent, object]
"""Reports come out, wishes go in; what the generator returns is the job's result."""


@runtime_checkable
class Job(Protocol):
    """A picklable object with everything a run needs; `run` is a generator function.

    `run` yields frozen, picklable reports; a report may be a `Checkpoint`. After
    `send(Wish.CHECKPOINT)` the next report is a `Checkpoint`. A job without one may ignore that
    wish, and one that does not learn the wish to stop. The result is the value returned, or else
    the last report. A job that hands over to another iterable with `yield from` must hand over to
    a generator, which takes wishes too.
    """

    def run(self) -> Reports:
        """The generator of the job's reports; nothing happens before the first `next`."""
        ...


def result_of(
    steps: Generator[Report, Any, Result], tell: Callable[[Report], object] = lambda _report: None
) -> Result:
    """Run a generator to its end, telling each of its reports; return what it returns.

    >>> def counting():
    ...     yield 1
    ...     yield 2
    ...     return "done"
    >>> told = []
    >>> result_of(counting(), told.append), told
    ('done', [1, 2])
    """
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        tell(report)


def retold(
    steps: Generator[Report, Any, Result], say: Callable[[Report], Told]
) -> Generator[Told, Any, Result]:
    """A part of a larger job: each of its reports in the words of the whole, then its result.

    >>> def counting():
    ...     yield 1
    ...     return "done"
    >>> told = []
    >>> result_of(retold(counting(), "{} of 1".format), told.append), told
    ('done', ['1 of 1'])
    """
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield say(report)
