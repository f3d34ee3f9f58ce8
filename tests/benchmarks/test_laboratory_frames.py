"""The laboratory while it trains: frames a second, and how long events wait meanwhile.

Two waits are told. A hand that drags σ: from an input until its answer is painted, training paused
and training, which is what a person feels and what is asserted. And an event that does nothing,
against a window that draws nothing: 0.1 ms, so that the same frames look large beside it.
"""

import time

import numpy as np
import pytest
from figures import Record, percentiles
from hand import Hand
from studio_at_hand import live, open_studio, wait
from test_training import WORST_LATENCY_RATIO, Latency

from lvm_studio.studio.panels.laboratory import LaboratoryPanel
from lvm_studio.studio.panels.manifold_lab import ManifoldLab

pytestmark = pytest.mark.usefixtures("qapp")

SECONDS = 5.0
INPUTS = 500
REPETITIONS = 2
LEAST_FRAMES_PER_SECOND = 20.0


class Watched:
    """The laboratory training, or paused."""

    def __init__(self, lab: ManifoldLab, runs: int) -> None:
        self.lab, self.runs = lab, lab.runs[:runs]
        lab.settings.epochs.setValue(10_000)
        lab.settings.compare.setChecked(runs > 1)

    def start(self) -> None:
        self.lab.start()
        wait(lambda: all(run.frames > 20 for run in self.runs))

    def pause(self) -> None:
        for run in self.runs:
            run.pause()
        live(0.5)

    def play(self) -> None:
        for run in self.runs:
            run.play()
        live(0.5)

    def dragged(self) -> list[float]:
        """Waits of a hand that drags the σ of the first run."""
        return Hand(self.lab.views[0].sigma.slider).drag(INPUTS)

    def drawn(self) -> int:
        """Frames of the first run on screen so far."""
        return self.lab.views[0].canvas.picture.painted


@pytest.mark.parametrize("runs", [1, 2])
def test_the_laboratory_is_fluid_while_it_trains(record: Record, runs: int) -> None:
    name = f"{runs} run{'s' * (runs > 1)}"
    idle, training = list[float](), list[float]()
    with open_studio() as window:
        panel = window.findChild(LaboratoryPanel)
        assert panel is not None
        window.tabs.setCurrentWidget(panel)
        watched = Watched(panel.manifold, runs)
        live(1.0)
        at_rest = Latency().measure(SECONDS)
        watched.start()
        drawn, began = watched.drawn(), time.perf_counter()
        empty = Latency().measure(SECONDS)
        frames = (watched.drawn() - drawn) / (time.perf_counter() - began)
        for _ in range(REPETITIONS):
            watched.pause()
            idle += watched.dragged()
            watched.play()
            drawn, began = watched.drawn(), time.perf_counter()
            training += watched.dragged()
            dragging = (watched.drawn() - drawn) / (time.perf_counter() - began)
    p99 = {what: np.percentile(waits, 99) for what, waits in (("i", idle), ("t", training))}
    record(f"laboratory_frames_per_s, {name}", training=frames, dragging=dragging)
    record(f"laboratory_hand_ms, {name}, paused", **percentiles(idle))
    record(f"laboratory_hand_ms, {name}, training", **percentiles(training))
    record(f"laboratory_event_ms, {name}, at rest", **percentiles(at_rest))
    record(f"laboratory_event_ms, {name}, training", **percentiles(empty))
    record(
        f"laboratory_p99_ratio, {name}",
        hand=p99["t"] / p99["i"],
        event=np.percentile(empty, 99) / np.percentile(at_rest, 99),
    )
    assert min(frames, dragging) >= LEAST_FRAMES_PER_SECOND
    assert p99["t"] <= WORST_LATENCY_RATIO * p99["i"]
