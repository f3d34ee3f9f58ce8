"""The laboratory while it trains: frames a second, and how long events wait meanwhile."""

import time

import numpy as np
import pytest
from figures import Record, percentiles
from PySide6.QtCore import QTimer
from studio_at_hand import live, open_studio, wait
from test_training import FRAME_MS, WORST_LATENCY_RATIO, Latency

from lvm_studio.studio.panels.laboratory import LaboratoryPanel
from lvm_studio.studio.panels.manifold_lab import ManifoldLab

pytestmark = pytest.mark.usefixtures("qapp")

SECONDS = 8.0
LEAST_FRAMES_PER_SECOND = 20.0


def drawing_again(lab: ManifoldLab) -> QTimer:
    """Draw the frame there is as often as a training would bring new ones."""
    timer = QTimer(lab)

    def draw() -> None:
        for view in lab.views:
            if view.isVisible() and view.run.frame is not None:
                view.run.frames += 1
                view.run.frame_ready.emit()

    timer.timeout.connect(draw)
    timer.start(FRAME_MS)
    return timer


def trained(lab: ManifoldLab, record: Record, name: str) -> list[float]:
    """Latencies while the laboratory trains; notes its frames and steps a second."""
    drawn, step = lab.views[0].canvas.frames_drawn, lab.runs[0].frame.step
    began = time.perf_counter()
    waits = Latency().measure(SECONDS)
    seconds = time.perf_counter() - began
    frames = (lab.views[0].canvas.frames_drawn - drawn) / seconds
    steps = (lab.runs[0].frame.step - step) / seconds
    record(f"laboratory_per_s, {name}", frames=frames, steps=steps)
    return [frames, *waits]


@pytest.mark.parametrize("runs", [1, 2])
def test_the_laboratory_is_fluid_while_it_trains(record: Record, runs: int) -> None:
    name = f"{runs} run{'s' * (runs > 1)}"
    with open_studio() as window:
        panel = window.findChild(LaboratoryPanel)
        assert panel is not None
        window.tabs.setCurrentWidget(panel)
        lab = panel.manifold
        lab.settings.epochs.setValue(10_000)
        lab.settings.compare.setChecked(runs > 1)
        live(1.0)
        rest = Latency().measure(SECONDS)
        lab.start()
        wait(lambda: all(run.frames > 20 for run in lab.runs[:runs]))
        frames, *training = trained(lab, record, name)
        for run in lab.runs[:runs]:
            run.pause()
        live(0.5)
        timer = drawing_again(lab)
        drawing = Latency().measure(SECONDS)
        timer.stop()
    ratio = np.percentile(training, 99) / np.percentile(drawing, 99)
    for what, waits in (("at rest", rest), ("drawing", drawing), ("training", training)):
        record(f"laboratory_latency_ms, {name}, {what}", **percentiles(waits))
    to_rest = np.percentile(training, 99) / np.percentile(rest, 99)
    record(f"laboratory_latency_p99_ratio, {name}", to_drawing=ratio, to_rest=to_rest)
    assert frames >= LEAST_FRAMES_PER_SECOND
    assert ratio <= WORST_LATENCY_RATIO
