"""What is worked out behind the answers of a page: told in one line, cancelled in one go."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from lvm_studio.studio.street.tuned_keys import tuning_key

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import StreetRequest

CANCELLED = "Background fits are cancelled: this street is answered from what is known."


@dataclass(frozen=True)
class Background:
    """How it stands behind the street on the page.

    Args:
        sentence: what is being worked out, or why nothing is; '' for nothing to say.
        running: whether there is something to cancel.
        cancelled: whether it was, so that it can be begun again.
    """

    sentence: str = ""
    running: bool = False
    cancelled: bool = False


class Worker(Protocol):
    """What works something out for the page, in a process or in slices."""

    status: SignalInstance
    """(sentence): what it is doing; '' for nothing."""

    @property
    def at_work(self) -> bool:
        """Whether there is something to cancel."""

    def cancel(self, request: StreetRequest) -> None:
        """Give up what is in hand; this street goes without, until `allow`."""

    def allow(self) -> None:
        """Streets whose work was cancelled may have it again."""

    def forget_streets(self) -> None:
        """Remember no street: those of a workspace that was closed hold its data."""


class BackgroundWork(QObject):
    """Tells what several workers are doing as one, and cancels them together.

    Args:
        workers: in the order in which they are told of.

    Signals:
        changed(Background)
    """

    changed = Signal(object)

    def __init__(self, workers: Sequence[Worker], parent: QObject) -> None:
        super().__init__(parent)
        self._workers = tuple(workers)
        self._said = [""] * len(self._workers)
        self._street: Hashable = None
        self._cancelled: set[Hashable] = set()
        self._told = Background()
        for place, worker in enumerate(self._workers):
            worker.status.connect(partial(self._hear, place))

    def look_at(self, request: StreetRequest) -> None:
        """The page shows this street and criterion now."""
        street = tuning_key(request)
        if street != self._street:
            self._street = street
            self._tell()

    def cancel(self, request: StreetRequest) -> None:
        """Give up all that is in hand; this street goes without it until `allow`."""
        self._cancelled.add(tuning_key(request))
        for worker in self._workers:
            worker.cancel(request)
        self._tell()

    def allow(self) -> None:
        """Every street may have its background work again, once it is asked for."""
        self._cancelled.clear()
        for worker in self._workers:
            worker.allow()
        self._tell()

    def forget_streets(self) -> None:
        """Remember no street: another workspace has been opened."""
        self._street = None
        self._cancelled.clear()
        for worker in self._workers:
            worker.forget_streets()

    def _hear(self, place: int, sentence: str) -> None:
        self._said[place] = sentence
        self._tell()

    def _tell(self) -> None:
        running = any(worker.at_work for worker in self._workers)
        cancelled = self._street in self._cancelled and not running
        said = " ".join(filter(None, self._said))
        told = Background(CANCELLED if cancelled else said, running, cancelled)
        if told != self._told:
            self._told = told
            self.changed.emit(told)
