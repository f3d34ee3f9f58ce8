"""A mailbox of one slot: the latest wish counts, late answers are dropped."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QObject, Qt, Signal

Work: TypeAlias = Callable[[], Generator[object, None, None]]
"""A piece of work in slices: each value yielded is an answer, None is only a pause.

Between two slices a newer wish of the same mailbox replaces the work, and work of a mailbox of
higher priority goes first. The work function runs on the compute thread: it must not touch
widgets or the session; hand it frozen values.
"""

Post: TypeAlias = "Callable[[Mailbox, int, Work], None]"
"""(mailbox, generation, work): replaces whatever wish of this mailbox waits."""

NOBODY = 0
"""A generation no wish ever has: what is said to it is dropped."""


@dataclass(frozen=True)
class Answer:
    """The work yielded a value."""

    value: object


@dataclass(frozen=True)
class Failure:
    """The work raised."""

    sentence: str
    details: str


@dataclass(frozen=True)
class Rest:
    """The work has ended."""


class Mailbox(QObject):
    """One slot on the compute thread; lives on the GUI thread.

    `post` replaces whatever wish was there. From then until the work has ended, `waiting` is
    true; only answers to the latest wish are emitted.

    Signals:
        computing(): a wish has been posted.
        answered(object): an answer to the latest wish; there may be several, better each time.
        failed(sentence, details): the latest wish failed.
        rested(): the latest wish has been worked through (or was withdrawn).
        said(generation, Answer | Failure | Rest): for the compute thread to emit.
    """

    computing = Signal()
    answered = Signal(object)
    failed = Signal(str, str)
    rested = Signal()
    said = Signal(int, object)

    def __init__(self, post: Post, priority: int, parent: QObject) -> None:
        """Post: takes a wish to where it is worked on."""
        super().__init__(parent)
        self._post = post
        self._generation = NOBODY
        self.priority = priority
        self.waiting = False
        """Whether the latest wish is still being worked on."""
        self.said.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def post(self, work: Work) -> None:
        """Wish for this; any earlier wish is forgotten, its late answers are dropped."""
        self._generation += 1
        self.waiting = True
        self.computing.emit()
        self._post(self, self._generation, work)

    def withdraw(self) -> None:
        """Forget the wish; none of its answers will be emitted."""
        self._generation += 1
        if self.waiting:
            self._post(self, NOBODY, _nothing)
            self.waiting = False
            self.rested.emit()

    def _hear(self, generation: int, message: object) -> None:
        """Emit what the compute thread says of the latest wish; drop the rest."""
        if generation != self._generation:
            return
        match message:
            case Answer(value):
                self.answered.emit(value)
            case Failure(sentence, details):
                self.failed.emit(sentence, details)
            case Rest():
                self.waiting = False
                self.rested.emit()


def _nothing() -> Generator[object, None, None]:
    yield from ()
