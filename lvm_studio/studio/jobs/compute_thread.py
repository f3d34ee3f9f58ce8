"""The one thread that decodes for the window: works the mailboxes off by priority, in slices."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread

from lvm_studio.data.errors import DataError
from lvm_studio.studio.jobs.mailbox import Answer, Failure, Mailbox, Rest
from lvm_studio.studio.sentences import sentence_of

if TYPE_CHECKING:
    from lvm_studio.studio.jobs.mailbox import Work

LOG = logging.getLogger(__name__)


@dataclass
class _Slot:
    """One mailbox as the compute thread sees it."""

    mailbox: Mailbox
    wish: tuple[int, Work] | None = None
    """Guarded by the thread's condition; the rest belongs to the compute thread alone."""
    generation: int = 0
    work: Generator[object, None, None] | None = None

    @property
    def busy(self) -> bool:
        return self.wish is not None or self.work is not None


class ComputeThread(QThread):
    """Runs the latest wish of each mailbox; the lowest priority number goes first.

    Not an event loop: between two slices it looks for newer or more urgent wishes, so a slice
    should take a few tens of milliseconds.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changed = threading.Condition()
        self._slots: list[_Slot] = []
        self._ending = False

    def open_mailbox(self, priority: int) -> Mailbox:
        """Return a new mailbox; the smaller the priority number, the sooner it is served."""
        mailbox = Mailbox(self.post, priority, self)
        with self._changed:
            self._slots.append(_Slot(mailbox))
            self._slots.sort(key=lambda slot: slot.mailbox.priority)
        return mailbox

    def post(self, mailbox: Mailbox, generation: int, work: Work) -> None:
        """Put a wish in the mailbox's slot, replacing what is there (mailboxes call this)."""
        with self._changed:
            slot = next(slot for slot in self._slots if slot.mailbox is mailbox)
            slot.wish = (generation, work)
            self._changed.notify()

    def end(self) -> None:
        """Finish the slice in hand and end; returns when the thread has ended."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self.wait()

    def run(self) -> None:
        while (slot := self._next()) is not None:
            self._serve(slot)
        for slot in self._slots:
            _close(slot)

    def _next(self) -> _Slot | None:
        """Wait for the most urgent busy slot; None when it is time to end."""
        with self._changed:
            while not self._ending:
                for slot in self._slots:
                    if slot.busy:
                        return slot
                self._changed.wait()
            return None

    def _serve(self, slot: _Slot) -> None:
        """Take up the slot's newest wish, work one slice of it, say what came out."""
        with self._changed:
            wish, slot.wish = slot.wish, None
        try:
            if wish is not None:
                slot.generation, begin = wish  # first: a failure from here on is this wish's
                _close(slot)
                slot.work = begin()
            self._slice(slot)
        except Exception as error:  # the thread must outlive any work
            if not isinstance(error, DataError):  # a refusal, which says why
                LOG.exception("work of a mailbox failed")
            slot.work = None
            details = traceback.format_exc()
            slot.mailbox.said.emit(slot.generation, Failure(sentence_of(error), details))
            slot.mailbox.said.emit(slot.generation, Rest())

    def _slice(self, slot: _Slot) -> None:
        assert slot.work is not None
        try:
            value = next(slot.work)
        except StopIteration:
            slot.work = None
            slot.mailbox.said.emit(slot.generation, Rest())
            return
        if value is not None:
            slot.mailbox.said.emit(slot.generation, Answer(value))


def _close(slot: _Slot) -> None:
    if slot.work is not None:
        slot.work.close()
        slot.work = None
