"""Where the runs of a study are computed: worker processes here, or those of a scheduler.

Both are dask clusters, driven by the same code. Each worker process computes one run at a time,
on one torch thread.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lvm_studio import __version__
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.studies.candidates import INSTALL_CLUSTER
from lvm_studio.studies.execution import NoLongerWanted, Outcome, failure, perform
from lvm_studio.studies.plan import PlannedRun

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 10
START_SECONDS = 120
ATTEMPTS = 3
"""So often a run is given to a worker; who kills three is not given a fourth."""


class LocalCores(BaseModel):
    """So many worker processes on this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[int, Field(ge=1, le=1024)] = 1


class Scheduler(BaseModel):
    """The workers of a dask scheduler that runs somewhere, such as tcp://host:8786."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str


Place = LocalCores | Scheduler


def all_cores() -> LocalCores:
    """One worker for each core of this machine."""
    return LocalCores(workers=os.cpu_count() or 1)


@dataclass(frozen=True)
class Step:
    """How far a run is that is being computed."""

    key: str
    step: int
    seconds: float
    worker: str


@dataclass(frozen=True, eq=False)
class Done:
    """A run that has ended, well or not."""

    run: PlannedRun
    outcome: Outcome


Event = Step | Done


class Cluster:
    """A connection to workers; a context manager that leaves nothing behind.

    Args:
        place: where they are.
        households: what all runs learn from, sent to each worker once.

    Raises:
        DataError: dask is missing, nobody answers, there are no workers, or they do not fit.
    """

    def __init__(self, place: Place, households: HouseholdSet | None) -> None:
        self._place, self._households = place, households
        self._stack = ExitStack()
        self._events: queue.Queue[Callable[[], Event | None]] = queue.Queue()
        self._topic = f"lvm-studio-{uuid.uuid4().hex}"
        self._open: dict[str, tuple[PlannedRun, Future, int]] = {}
        self._client: Client
        self._data: Future | None = None

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
            self._client = _connect(self._place, stack)
            self._check_workers()
            self._client.subscribe_topic(self._topic, self._take_step)
            self._send_data()
            self._wanted = self._event()
            self._wanted.set()
            stack.callback(self._withdraw)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def size(self) -> int:
        """Worker processes that are there now."""
        return len(self._client.ncores())

    @property
    def where(self) -> str:
        """The place in words."""
        if isinstance(self._place, LocalCores):
            return "this machine"
        return self._place.address

    @property
    def waiting(self) -> int:
        """Runs that were submitted and have not ended."""
        return len(self._open)

    def submit(self, run: PlannedRun) -> None:
        """Give a run to the next free worker; its `Done` comes from `poll`."""
        self._try(run, attempt=1)

    def poll(self, seconds: float) -> list[Event]:
        """What has happened; waits so long for the first of it."""
        found: list[Event] = []
        try:
            news = self._events.get(timeout=seconds)
            while True:
                event = news()
                if event is not None:
                    found.append(event)
                news = self._events.get_nowait()
        except queue.Empty:
            return found

    # between the two

    def _try(self, run: PlannedRun, attempt: int) -> None:
        future = self._client.submit(
            _perform_remotely,
            run,
            self._data,
            self._topic,
            key=f"{run.key}-{uuid.uuid4().hex[:8]}",
            pure=False,
            retries=0,
        )
        self._open[run.key] = (run, future, attempt)
        future.add_done_callback(
            lambda ended: self._events.put(lambda: self._conclude(run.key, ended))
        )

    def _conclude(self, key: str, future: Future) -> Event | None:
        if key not in self._open:
            return None
        run, expected, attempt = self._open[key]
        if future is not expected:  # an attempt that was given up
            return None
        del self._open[key]
        if future.status == "finished":
            return Done(run, future.result())
        error = _error_of(future)
        if future.status == "cancelled" and attempt < ATTEMPTS and self.size:
            self._send_data()  # the workers that held the data are gone
            self._try(run, attempt + 1)
            return None
        return Done(run, Outcome(failure(run, error)))

    def _take_step(self, event: tuple[float, dict[str, Any]]) -> None:
        """Called on dask's own thread."""
        word = event[1]
        step = Step(word["key"], word["step"], word["seconds"], word["worker"])
        self._events.put(lambda: step)

    def _send_data(self) -> None:
        if self._households is not None:
            self._data = self._client.scatter(self._households, broadcast=True, hash=False)

    def _event(self) -> Any:
        from distributed import Event as SharedEvent

        return SharedEvent(self._topic, client=self._client)

    def _withdraw(self) -> None:
        """Nobody waits for these runs any more: those that wait go, those that run look up."""
        if self._client.status == "running":
            self._wanted.clear()
            self._client.cancel([future for _, future, _ in self._open.values()])

    def _check_workers(self) -> None:
        """One run a process is what the runs are made for; and they must know this program."""
        cores = self._client.ncores()
        wide = [worker for worker, threads in cores.items() if threads != 1]
        if wide:
            raise DataError(
                f"The worker {wide[0]} has {cores[wide[0]]} threads; start workers with "
                "--nthreads 1, one for each core."
            )
        try:
            versions = self._client.run(_version)
        except (ImportError, AttributeError) as error:
            raise DataError(
                f"The workers of {self.where} do not have LVM Studio {__version__}; install it "
                "there too."
            ) from error
        for worker, version in versions.items():
            if version != __version__:
                raise DataError(
                    f"The worker {worker} has LVM Studio {version}, this is {__version__}; "
                    "install the same everywhere."
                )


def _version() -> str:
    return __version__


def _connect(place: Place, stack: ExitStack) -> Client:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise DataError(f"Studies need dask; {INSTALL_CLUSTER}.") from None
    # `silence_logs` is for dask's own handlers; these words would reach those of the program.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if isinstance(place, Scheduler):
        return stack.enter_context(_client_of(place.address, Client))
    cluster = LocalCluster(
        n_workers=place.workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
        memory_limit=0,  # the system knows better than a share of it what is too much
    )
    stack.callback(cluster.close)
    client = stack.enter_context(Client(cluster))
    client.wait_for_workers(place.workers, timeout=START_SECONDS)
    client.run(_leave_interrupts_to_the_owner)
    return client


def _leave_interrupts_to_the_owner() -> None:
    """Ctrl+C reaches every process of a terminal: the one that owns the workers ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _client_of(address: str, client: type[Client]) -> Client:
    from distributed.comm import get_address_host_port

    try:
        get_address_host_port(address)  # of what is no address a client would take 20 s to let go
        connected = client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:  # refused, no address, unknown protocol
        raise DataError(
            f"No scheduler answers at {address}; start one with 'dask scheduler', or name none "
            "to compute on this machine."
        ) from error
    if not connected.ncores():
        connected.close()
        raise DataError(
            f"The scheduler at {address} has no workers; start some with "
            f"'dask worker {address} --nthreads 1'."
        )
    return connected


def _error_of(future: Future) -> BaseException:
    if future.status == "cancelled":
        return RuntimeError("its workers were lost, again and again")
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return MemoryError("the worker process was killed")
    return error or RuntimeError("it ended without a word")


def _perform_remotely(run: PlannedRun, households: HouseholdSet | None, topic: str) -> Outcome:
    """What a worker does."""
    from distributed import Event as SharedEvent
    from distributed import get_client, get_worker

    worker = get_worker()
    wanted = SharedEvent(topic, client=get_client())

    def tell(step: int, seconds: float) -> None:
        worker.log_event(topic, {"key": run.key, "step": step, "seconds": seconds})

    tell(0, 0.0)
    try:
        return perform(run, households, worker.address, tell, wanted.is_set)
    except NoLongerWanted as error:
        return Outcome(failure(run, error))
