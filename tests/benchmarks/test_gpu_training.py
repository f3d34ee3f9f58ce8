"""Training on a GPU: recorded steps beside a bare loop, a plain one, and fewer bits."""

import time
from collections.abc import Callable

import pytest
import torch
from figures import Record

from lvm_studio.data.london import load_london
from lvm_studio.training import run as runs
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import TrainReport
from lvm_studio.training.run import TrainingRun

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")

WARM, STEPS, PLAIN_STEPS = 60, 600, 100
LEAST_RATIO = 0.95


def spec(batch: int, steps: int = 10**6):
    settings = {"device": "cuda", "batch": batch, "steps": steps}
    return with_overrides(recipe_named("households"), settings).spec


def new_run(batch: int) -> TrainingRun:
    return TrainingRun(HouseholdProblem(spec(batch), load_london()))


def pace(run: TrainingRun, steps: int) -> float:
    """Steps a second of `train_steps`, nothing around it."""
    while run.step < WARM:
        run.train_steps()
    first, began = run.step, time.perf_counter()
    while run.step < first + steps:
        run.train_steps()
    torch.cuda.synchronize()
    return (run.step - first) / (time.perf_counter() - began)


def bare_pace(run: TrainingRun) -> float:
    """Replays of the recorded step and nothing else."""
    steps = run._graphed
    assert steps is not None
    while run.step < WARM:
        run.train_steps()
    assert steps._graph is not None
    began = time.perf_counter()
    for step in range(STEPS):
        steps._place.zero_()
        steps._generator.manual_seed(step)
        steps._graph.replay()
    torch.cuda.synchronize()
    return STEPS / (time.perf_counter() - began)


def whole_pace(batch: int) -> float:
    """The training loop with its reports, evaluations and checkpoints."""
    began, step = 0.0, 0
    for report in train(spec(batch, WARM + STEPS), load_london()):
        if isinstance(report, TrainReport) and report.split == "train":
            step = report.step
            if step == WARM:
                began = time.perf_counter()
    return (step - WARM) / (time.perf_counter() - began)


@pytest.mark.parametrize("batch", [64, 512])
def test_the_loop_keeps_up_with_a_bare_one(batch: int, record: Record) -> None:
    bare, whole = bare_pace(new_run(batch)), whole_pace(batch)
    record(f"gpu_steps_per_s, batch {batch}", bare=bare, loop=whole, ratio=whole / bare)
    assert whole / bare >= LEAST_RATIO


def test_recorded_steps_beside_called_ones(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = pace(new_run(64), STEPS)
    monkeypatch.setattr(runs, "can_be_recorded", lambda problem: False)
    plain = pace(new_run(64), PLAIN_STEPS)
    record("gpu_recorded_over_plain", recorded=recorded, plain=plain, ratio=recorded / plain)
    assert recorded > plain


@pytest.mark.parametrize("batch", [64, 512])
def test_what_fewer_bits_would_bring(batch: int, record: Record) -> None:
    full = pace(new_run(batch), STEPS)
    half = pace(in_half_precision(new_run(batch)), STEPS)
    torch.set_float32_matmul_precision("high")
    try:
        tf32 = pace(new_run(batch), STEPS)
    finally:
        torch.set_float32_matmul_precision("highest")
    record(f"gpu_precision, batch {batch}", float32=full, bfloat16=half, tf32=tf32)


def in_half_precision(run: TrainingRun) -> TrainingRun:
    elbo: Callable[..., object] = run.module.elbo

    def autocast(*known: object) -> object:
        with torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
            return elbo(*known)

    run.module.elbo = autocast  # type: ignore[assignment, method-assign]
    return run
