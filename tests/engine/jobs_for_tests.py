"""Jobs without torch, importable by the worker process."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import Checkpoint, Reports, Wish


@dataclass(frozen=True)
class CountingJob:
    """Reports its step; its state is the step and `numbers` floats; `steps` None: for ever."""

    steps: int | None = 5
    seconds: float = 0.0
    checkpoint_every: int | None = None
    numbers: int = 4
    first_step: int = 0

    def run(self) -> Reports:
        step = self.first_step
        while self.steps is None or step < self.steps:
            step += 1
            time.sleep(self.seconds)
            wish = yield step
            due = self.checkpoint_every is not None and step % self.checkpoint_every == 0
            while wish is Wish.CHECKPOINT or due:
                due = False
                wish = yield Checkpoint(step, {"w": np.full(self.numbers, step, np.float32)})
        return f"counted to {step}"


@dataclass(frozen=True)
class StatelessJob:
    """Knows no checkpoints and returns nothing."""

    steps: int

    def run(self) -> Reports:
        step = 0
        while step < self.steps:
            yield step
            step += 1


FAILURES = {
    "data": lambda: DataError("Household MAC9 is not in London."),
    "memory": lambda: MemoryError(),
    "cpu memory": lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    "cuda": lambda: RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    "diverged": lambda: FloatingPointError("the loss is NaN at step 12"),
    "runtime": lambda: RuntimeError("mat1 and mat2 shapes\ncannot be multiplied"),
    "exit": lambda: SystemExit(3),
    "import": lambda: ModuleNotFoundError("No module named 'torch'"),
    "disk": lambda: OSError(28, "No space left on device"),
    "silent": lambda: RuntimeError(),
}


@dataclass(frozen=True)
class FailingJob:
    """Reports once, checkpoints once, then fails in the way named."""

    way: str

    def run(self) -> Reports:
        yield 1
        yield Checkpoint(1, {"w": np.zeros(3)})
        if self.way.startswith("signal"):
            os.kill(os.getpid(), int(self.way.split()[1]))
            signal.pause()
        if self.way == "unsendable":
            yield lambda: None
            yield from _for_ever()
        raise FAILURES[self.way]()


class UnreadableJob:
    """Can be pickled, cannot be unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _refuse, ("No module named 'zuko'",)

    def run(self) -> Reports:
        yield 1


@dataclass(frozen=True)
class SlowLoadingJob:
    """Takes very long before its first report."""

    def run(self) -> Reports:
        time.sleep(600)
        yield 1


def _refuse(text: str) -> None:
    raise ModuleNotFoundError(text)


def _for_ever() -> Iterator[int]:
    while True:
        time.sleep(0.005)
        yield 0
