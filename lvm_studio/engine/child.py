"""What runs in the worker process."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from lvm_studio.data.jobs import Job, Request
from lvm_studio.engine.driver import Commands, drive
from lvm_studio.engine.failures import existing, failed
from lvm_studio.engine.messages import Command, Started, Stopped
from lvm_studio.engine.outbox import OWNER_GONE, Outbox
from lvm_studio.engine.priority import step_back

OWNER_WATCH_SECONDS = 1.0
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run_child(
    job: Connection,
    link: Connection,
    checkpoint_path: Path | None,
    log_path: Path,
    interval: float,
    niceness: int,
    owner_pid: int,
) -> None:
    """Unpack the job, drive it, and send what it says; end when the owner does.

    Args:
        job: the pickled job can be read here; torch is imported by unpickling it, not before.
        link: the pipe to the owner.
        checkpoint_path: where checkpoints go, if anywhere.
        log_path: gets the stack if the process crashes.
        interval: seconds between two messages with reports.
        niceness: how far it steps back where cores are scarce, 0 (not at all) to 19.
        owner_pid: the process that started this one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who then stops us
    step_back(niceness)
    with log_path.open("a", encoding="utf-8") as log:
        faulthandler.enable(log)
        outbox = Outbox(link, interval, checkpoint_path)
        outbox.post(Started(os.getpid()))
        commands: Commands = SimpleQueue()
        listener = _Listener(link, commands, outbox, checkpoint_path, owner_pid)
        Thread(target=listener.run, name="listener", daemon=True).start()
        _drive_pickled(job, commands, outbox, checkpoint_path)
        outbox.close()
        faulthandler.disable()
    # All is said and written: leave at once, taking torch down would need seconds.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def limit_threads() -> int:
    """Leave one core to the window; return the number of threads for computing.

    With busy cores, torch's default threads make a step many times slower.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    threads = max(1, cores - 1)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
    return threads


def _drive_pickled(
    link: Connection, commands: Commands, outbox: Outbox, checkpoint_path: Path | None
) -> None:
    limit_threads()  # before torch is loaded, which reads the variables
    try:
        job: Job = pickle.loads(link.recv_bytes())  # of our own owner, over its pipe: no file
    except Exception as error:  # noqa: BLE001 - whatever unpickling raises ends as a sentence
        outbox.post(failed(error, checkpoint_path))
        return
    limit_threads()  # the main module, imported before this one, may have loaded torch
    for message in drive(job, commands, checkpoint_path):
        outbox.post(message)


class _Listener:
    """Receives commands; ends the process when its owner is gone."""

    def __init__(
        self,
        link: Connection,
        commands: Commands,
        outbox: Outbox,
        checkpoint_path: Path | None,
        owner_pid: int,
    ) -> None:
        self._link = link
        self._commands = commands
        self._outbox = outbox
        self._checkpoint_path = checkpoint_path
        self._owner_pid = owner_pid

    def run(self) -> None:
        while True:
            try:
                command = self._receive()
            except (EOFError, OSError):
                os._exit(OWNER_GONE)
            if command is Command.STOP and not self._outbox.has_reported:
                # Still loading (torch takes seconds): nothing is lost by ending at once.
                self._outbox.post(Stopped(existing(self._checkpoint_path)))
                self._outbox.close()
                os._exit(0)
            self._commands.put(command)

    def _receive(self) -> Command | Request:
        while not self._link.poll(OWNER_WATCH_SECONDS):
            if os.getppid() != self._owner_pid:
                raise EOFError
        command: Command | Request = self._link.recv()
        return command
