"""A job in a process of its own, seen from its owner."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from lvm_studio.engine.child import run_child
from lvm_studio.engine.failures import died, existing
from lvm_studio.engine.log import append_failure, default_log_path
from lvm_studio.engine.messages import Command, Ending, Failed, Message, Stopped

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job, Request

END_SECONDS = 5.0
"""A worker that has said its last word may take this long to end."""


class Worker:
    """Runs a job in a spawned process.

    One thread of the owner calls `poll` or `messages`; the verbs may be called from any thread,
    also before `start` and after the end. The last message is always Finished, Failed or
    Stopped, whatever becomes of the process, and the process ends with its owner.

    Args:
        job: picklable, see `data.jobs.Job`; the owner needs no torch for it.
        checkpoint_path: the worker writes the job's checkpoints here, atomically.
        log_path: gets tracebacks and crashes; None: the log in the state folder.
        max_rate_hz: reports are gathered into this many messages a second at most.
        niceness: how far the process steps back where cores are scarce, 0 (not at all) to 19.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: the job cannot be pickled.
    """

    def __init__(
        self,
        job: Job,
        *,
        checkpoint_path: Path | None = None,
        log_path: Path | None = None,
        max_rate_hz: float = 30.0,
        niceness: int = 0,
    ) -> None:
        self._pickled = pickle.dumps(job)
        self._checkpoint_path = checkpoint_path
        self._log_path = log_path or default_log_path()
        context = multiprocessing.get_context("spawn")
        self._link, self._far_end = context.Pipe()
        self._job_in, self._job_out = context.Pipe(duplex=False)
        self._process = context.Process(
            target=run_child,
            args=(
                self._job_in,
                self._far_end,
                checkpoint_path,
                self._log_path,
                1.0 / max_rate_hz,
                niceness,
                os.getpid(),
            ),
            name="lvm-studio-worker",
            # A daemon may start no processes, and a study must; see `start`.
            daemon=False,
        )
        self._killed = False
        self._hears_nothing = False
        self.ending: Ending | None = None
        """The last message, once it has come."""

    @property
    def pid(self) -> int | None:
        """The process id; None before `start`."""
        return self._process.pid

    def start(self) -> None:
        """Start the process; the job begins when it has loaded."""
        self._process.start()
        # Without this the end of Python would wait for a process that nobody stops any more.
        atexit.register(self._process.kill)
        self._far_end.close()  # so that the end of the process ends the pipe
        self._job_in.close()
        # Not as an argument of the process: what starts it holds both ends while it writes those,
        # and would wait for ever for a process that died before it had read them.
        with suppress(OSError), self._job_out:  # it has died already: `poll` says how
            self._job_out.send_bytes(self._pickled)
        self._pickled = b""

    def pause(self) -> None:
        """Rest between two reports; `Paused` follows."""
        self._tell(Command.PAUSE)

    def resume(self) -> None:
        """Go on; `Resumed` follows."""
        self._tell(Command.RESUME)

    def snapshot(self) -> None:
        """Ask for the state as it is; `Snapshot` follows, also while paused."""
        self._tell(Command.SNAPSHOT)

    def ask(self, request: Request) -> None:
        """Pass a request to the job, also while it is paused; its next report answers."""
        self._tell(request)

    def stop(self) -> None:
        """Stop computing (`Stopping`), write a checkpoint, end (`Stopped`); no report follows."""
        self._tell(Command.STOP)

    def kill(self) -> None:
        """End at once; what came after the last checkpoint is lost. `Stopped` follows."""
        self._killed = True
        if self._process.pid is not None:
            self._process.kill()

    def poll(self, timeout: float = 0.0) -> list[Message]:
        """Return what has come, waiting up to `timeout` seconds for the first of it."""
        if self.ending is not None:
            return []
        ends: list[Connection | int] = [self._process.sentinel]
        if not self._hears_nothing:
            ends.append(self._link)
        wait(ends, timeout)
        exit_code = self._process.exitcode  # before the pipe: what was sent before death counts
        messages = list(self._received())
        if self.ending is None and exit_code is not None:
            self.ending = self._death(exit_code)
            messages.append(self.ending)
        if isinstance(self.ending, Failed):
            append_failure(self._log_path, self.ending)
        return messages

    def messages(self, poll_seconds: float = 0.1) -> Iterator[Message]:
        """Yield messages to the last one, then wait for the process to end."""
        while self.ending is None:
            yield from self.poll(poll_seconds)
        self.close()

    def close(self) -> None:
        """End the process if it still runs, and free what it held."""
        if self._process.pid is None:
            for end in (self._far_end, self._job_in, self._job_out):
                end.close()
        else:
            self._process.join(END_SECONDS if self.ending is not None else 0.0)
            self._process.kill()
            self._process.join()
            atexit.unregister(self._process.kill)
        self.ending = self.ending or Stopped(existing(self._checkpoint_path))
        self._link.close()

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tell(self, command: Command | Request) -> None:
        with suppress(OSError):  # it has ended meanwhile: `poll` says how
            self._link.send(command)

    def _received(self) -> Iterator[Message]:
        while self.ending is None and not self._hears_nothing and self._link.poll():
            try:
                message: Message = self._link.recv()
            except (EOFError, OSError):
                self._hears_nothing = True
                return
            if isinstance(message, Ending):
                self.ending = message
            yield message

    def _death(self, exit_code: int) -> Ending:
        if self._killed:
            return Stopped(existing(self._checkpoint_path))
        return died(exit_code, self._checkpoint_path)
