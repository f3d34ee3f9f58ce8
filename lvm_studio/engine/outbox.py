"""The worker's end of the pipe: messages go out by themselves, reports gathered."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition, Thread

from lvm_studio.engine.failures import failed
from lvm_studio.engine.messages import Message, Reports

OWNER_GONE, UNSENDABLE = 3, 4
"""Exit codes."""


def gathered(messages: Iterable[Message]) -> Iterator[Message]:
    """Join neighbouring `Reports`; everything keeps its order.

    >>> list(gathered([Reports((1,)), Reports((2,))]))
    [Reports(reports=(1, 2))]
    """
    waiting: list[object] = []
    for message in messages:
        if isinstance(message, Reports):
            waiting.extend(message.reports)
            continue
        if waiting:
            yield Reports(tuple(waiting))
            waiting = []
        yield message
    if waiting:
        yield Reports(tuple(waiting))


class Outbox:
    """Sends messages from a thread of its own, reports at most once every `interval` seconds.

    The job never waits for its owner, a report never waits for the next one, and what is no
    report (an answer to a command, an end) waits for nothing.
    """

    def __init__(self, link: Connection, interval: float, checkpoint_path: Path | None) -> None:
        self._link = link
        self._interval = interval
        self._checkpoint_path = checkpoint_path
        self._changed = Condition()
        self._messages: list[Message] = []
        self._closing = False
        self.has_reported = False
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def post(self, message: Message) -> None:
        """Send this soon."""
        with self._changed:
            self._messages.append(message)
            self.has_reported |= isinstance(message, Reports)
            self._changed.notify()

    def close(self) -> None:
        """Send all that waits, then return."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._messages or self._closing)
                messages, self._messages = self._messages, []
            for message in gathered(messages):
                self._send(message)
            with self._changed:
                if self._closing and not self._messages:
                    return
                self._changed.wait_for(lambda: self._closing or self._urgent(), self._interval)

    def _urgent(self) -> bool:
        return any(not isinstance(message, Reports) for message in self._messages)

    def _send(self, message: Message) -> None:
        # This thread cannot raise into the job, so that it ends the process itself.
        try:
            # Not `send`: it would have tensors shared with a process that is about to end.
            self._link.send_bytes(pickle.dumps(message))
        except OSError:
            os._exit(OWNER_GONE)
        except Exception as error:  # noqa: BLE001 - a report that cannot be pickled raises anything
            self._link.send(failed(error, self._checkpoint_path))
            os._exit(UNSENDABLE)
