"""Training beside the window: what it costs the window, and what the window costs it."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from figures import Record, percentiles
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from studio_at_hand import live, open_studio, painted, wait

from lvm_studio.studio.window import MainWindow

pytestmark = pytest.mark.usefixtures("qapp")

SECONDS = 15.0
PAIRS = 3
FRAME_MS = 33
EVENT_EVERY_SECONDS = 0.01
WORST_LATENCY_RATIO, LEAST_SPEED_RATIO, LEAST_SAMPLER_RATIO = 1.5, 0.9, 5.0

BARE = """
import sys, time
import torch
torch.set_num_threads(1)
from lvm_studio.data.london import load_london
from lvm_studio.training.recipes import recipe_named
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.reports import TrainReport
seconds = float(sys.argv[1])
steps, began = 0, None
for report in TrainingJob(recipe_named("households").spec, load_london()).run():
    if isinstance(report, TrainReport) and report.split == "train":
        steps += 1
        if steps == 10:
            began = time.perf_counter()
        if began and time.perf_counter() - began > seconds:
            break
print((steps - 10) / (time.perf_counter() - began))
"""


class Latency(QObject):
    """How long an event waits before the GUI thread takes it."""

    posted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.posted.connect(self._taken)

    @Slot(float)
    def _taken(self, at: float) -> None:
        self.waits.append(1e3 * (time.perf_counter() - at))

    def measure(self, seconds: float) -> list[float]:
        """Post an event every 10 ms from another thread for so long."""
        self.waits = []
        stop = threading.Event()

        def post() -> None:
            while not stop.wait(EVENT_EVERY_SECONDS):
                self.posted.emit(time.perf_counter())

        thread = threading.Thread(target=post)
        thread.start()
        live(seconds)
        stop.set()
        thread.join()
        return self.waits


def redrawing(window: MainWindow) -> QTimer:
    """Repaint the fan thirty times a second, as a person sliding would make it."""
    timer = QTimer(window)
    timer.timeout.connect(lambda: painted(window))
    timer.start(FRAME_MS)
    return timer


def steps_per_second(window: MainWindow, seconds: float) -> tuple[float, list[float]]:
    """Train beside the redrawing window: steps a second, and the latencies meanwhile."""
    from lvm_studio.studio.runs.runs import RunRegistry
    from lvm_studio.training.recipes import recipe_named

    registry = window.findChild(RunRegistry)
    assert registry is not None
    name = registry.start(recipe_named("households").spec)
    assert name is not None
    run = registry.runs[name]
    wait(lambda: run.record.step >= 10)
    step, began = run.record.step, time.perf_counter()
    waits = Latency().measure(seconds)
    rate = (run.record.step - step) / (time.perf_counter() - began)
    run.stop()
    wait(lambda: run.record.state.ended)
    return rate, waits


def bare_loop(seconds: float) -> float:
    """Steps a second of the same training with no window anywhere."""
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(seconds)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_training_and_the_window_leave_each_other_alone(record: Record) -> None:
    bare, beside, alone_ms, training_ms = [], [], [], []
    for _ in range(PAIRS):
        bare.append(bare_loop(SECONDS))
        with open_studio() as window:
            live(1.0)
            timer = redrawing(window)
            alone_ms += Latency().measure(SECONDS)
            rate, waits = steps_per_second(window, SECONDS)
            timer.stop()
        beside.append(rate)
        training_ms += waits
    speed = float(np.median(np.array(beside) / np.array(bare)))
    latency = np.percentile(training_ms, 99) / np.percentile(alone_ms, 99)
    record("training_steps_per_s", bare=np.median(bare), beside=np.median(beside), ratio=speed)
    record("event_latency_ms, no training", **percentiles(alone_ms))
    record("event_latency_ms, training", **percentiles(training_ms))
    record("event_latency_p99_ratio", ratio=latency)
    assert speed >= LEAST_SPEED_RATIO
    assert latency <= WORST_LATENCY_RATIO


def test_the_sampler_is_never_the_bottleneck(record: Record) -> None:
    import torch

    from lvm_studio.data.london import load_london
    from lvm_studio.training.household_problem import HouseholdProblem
    from lvm_studio.training.recipes import recipe_named
    from lvm_studio.training.run import TrainingRun

    torch.set_num_threads(1)
    spec = recipe_named("households").spec
    problem = HouseholdProblem(spec, load_london())
    run = TrainingRun(problem)
    generator = torch.Generator().manual_seed(0)
    steps, batches = [], []
    for _ in range(30):
        began = time.perf_counter()
        run.train_steps()
        middle = time.perf_counter()
        problem.sampler.sample(spec.batch, generator)
        steps.append(middle - began)
        batches.append(time.perf_counter() - middle)
    ratio = float(np.median(steps[5:]) / np.median(batches[5:]))
    record("sampler_rate_over_step_rate", ratio=ratio)
    assert ratio >= LEAST_SAMPLER_RATIO
