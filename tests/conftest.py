"""Fixtures for every test: its own state folder, one torch thread, nothing left running."""

import gc
import multiprocessing
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# How long an example takes says more of what else runs on the machine than of the code.
# The same examples in every run: what is green here is green elsewhere. To look for new ones:
# pytest --hypothesis-profile explore
settings.register_profile("explore", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

MANY_OBJECTS = 20_000
MANY_MODULES = 100
GRACE_SECONDS = 2.0
"""What was told to stop may take this long to end before it counts as dangling."""


@pytest.fixture(autouse=True, scope="session")
def one_torch_thread() -> None:
    """Two cores are shared by the test process and the workers it spawns."""
    torch.set_num_threads(1)


class Garbage:
    """Collects when asked to; sets aside what libraries hold, which never becomes garbage.

    To look through all that torch, Qt and matplotlib hold costs half a second each time.
    """

    def __init__(self) -> None:
        self._known_modules = 0

    def collect(self) -> None:
        gc.collect()
        if len(sys.modules) > self._known_modules + MANY_MODULES:
            self._known_modules = len(sys.modules)
            gc.freeze()


@pytest.fixture(scope="session")
def garbage() -> Iterator[Garbage]:
    """A widget must not be destroyed in the thread that happens to collect (studio.collecting)."""
    gc.disable()
    garbage = Garbage()
    garbage.collect()
    yield garbage
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def collected_afterwards(garbage: Garbage) -> Iterator[None]:
    """Collect on the main thread, where nothing else runs."""
    yield
    if gc.get_count()[0] > MANY_OBJECTS:
        garbage.collect()


@pytest.fixture(autouse=True)
def own_state_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The recovery files and the layout of the person running the tests stay untouched."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("LVM_STUDIO_STATE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_dangling_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a Python thread running, and name the line that started it."""
    started: dict[threading.Thread, str] = {}
    start = threading.Thread.start

    def recording_start(thread: threading.Thread) -> None:
        started[thread] = "".join(traceback.format_stack(limit=4)[:-1])
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", recording_start)
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(threading.Thread.is_alive, started)) and time.monotonic() < deadline:
        time.sleep(0.01)
    dangling = [f"{t.name}, started at\n{where}" for t, where in started.items() if t.is_alive()]
    if dangling:
        pytest.fail("threads still running:\n" + "\n".join(dangling))


@pytest.fixture(autouse=True)
def no_dangling_processes() -> Iterator[None]:
    """Fail a test that leaves a worker process running: it would hold a core, and its memory."""
    before = set(multiprocessing.active_children())
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := set(multiprocessing.active_children()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    if left:
        pytest.fail("processes still running: " + ", ".join(map(repr, left)))
