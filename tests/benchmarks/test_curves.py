"""Two hundred runs of 100,000 points: what a redraw costs against runs a hundred times shorter."""

from __future__ import annotations

import time

import numpy as np
import pytest
from figures import Record, percentiles
from PySide6.QtWidgets import QApplication

from lvm_studio.studio.widgets.training.training_curves import TrainingCurves
from lvm_studio.studio.widgets.training.training_terms import RunHistory, SplitHistory

pytestmark = pytest.mark.usefixtures("qapp")

RUNS, LONG, SHORT = 200, 100_000, 1_000
ZOOMS = 20
MOST_RATIO = 2.0


def histories(points: int) -> list[RunHistory]:
    step = np.arange(1.0, points + 1)
    noise = np.random.default_rng(0).normal(size=points)
    shared = {
        "reconstruction": -300.0 * np.exp(-step / points * 9) + noise,
        "kl_w": 6.0 + 0.2 * noise,
        "kl_z": 12.0 + 0.2 * noise,
        "sigma": 0.05 + np.exp(-step / points * 9),
    }
    empty = SplitHistory()
    return [
        RunHistory(
            f"run {n}",
            SplitHistory(step, 0.01 * step, {**shared, "elbo": shared["reconstruction"] - n}),
            empty,
        )
        for n in range(RUNS)
    ]


def arriving(curves: TrainingCurves, points: int) -> tuple[float, list[float]]:
    """Milliseconds of the call that brings the runs, and of each turn while series are cut."""
    runs, turns = histories(points), []
    began = time.perf_counter()
    curves.set_runs(runs)
    called = 1e3 * (time.perf_counter() - began)
    while curves.panes.crowd.busy:
        began = time.perf_counter()
        QApplication.processEvents()
        turns.append(1e3 * (time.perf_counter() - began))
    return called, turns


def redraws(curves: TrainingCurves, points: int) -> list[float]:
    """Milliseconds of each redraw after a zoom."""
    taken = []
    for zoom in range(ZOOMS):
        share = 0.02 * zoom
        curves.panes.bound.vb.setXRange(share * points, (1 - share) * points, padding=0)
        began = time.perf_counter()
        curves.panes._draw()
        curves.panes.viewport().repaint()
        taken.append(1e3 * (time.perf_counter() - began))
    return taken


def test_long_runs_are_drawn_as_fast_as_short_ones(record: Record) -> None:
    curves = TrainingCurves()
    curves.resize(1100, 700)
    curves.show()
    arriving(curves, SHORT)
    curves.panes._stop_following()
    short = redraws(curves, SHORT)
    curves.panes.fit()  # while they come the view follows, as it does until somebody zooms
    called, turns = arriving(curves, LONG)
    curves.panes._stop_following()
    long = redraws(curves, LONG)
    curves.close()
    ratio = float(np.median(long) / np.median(short))
    record("curves_redraw_ms, 200 runs of 1,000 points", **percentiles(short))
    record("curves_redraw_ms, 200 runs of 100,000 points", **percentiles(long))
    record("curves_turn_ms while 200 runs of 100,000 points come", **percentiles(turns))
    record("curves_redraw_ratio", ratio=ratio, longest_turn_ms=max(turns), first_call_ms=called)
    assert ratio <= MOST_RATIO
