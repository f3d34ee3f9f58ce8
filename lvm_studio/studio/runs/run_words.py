"""What is said of a training run: a line of the list, a line of progress."""

from __future__ import annotations

from html import escape

import numpy as np

from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.numerals import counted, duration, format_value, percent
from lvm_studio.studio.runs.run import Run
from lvm_studio.studio.time_left import about_left
from lvm_studio.studio.widgets.training.runs_table import RunRow
from lvm_studio.studio.widgets.training.training_terms import RunHistory

STATE_TITLES = {
    JobState.STARTING: "starting (a few seconds)",
    JobState.RUNNING: "training",
    JobState.PAUSED: "paused",
    JobState.STOPPING: "stopped, writing its checkpoint",
    JobState.FINISHED: "finished",
    JobState.STOPPED: "stopped",
    JobState.FAILED: "failed",
}

NO_CHECKPOINT = "it ended before its first checkpoint, so that nothing of it was kept"

TIGHT_HELP = (
    "Tight bound: the importance-weighted bound of the held-out batch,\n"
    "E log of the mean of p(x, z) / q(z | x) over several draws of z (Eq. 3.5).\n"
    "It lies between the ELBO and log p(x), and rises with the number of draws."
)
SKIPPED_HELP = (
    "Skipped steps: loss or gradient was no number, or the gradient was far above the usual\n"
    "(setting explosion). Such a step changes no weight; many of them ask for a smaller lr."
)


def row_of(run: Run) -> RunRow:
    """The line of a run in the list of runs."""
    record, heldout = run.record, run.history.heldout.term("elbo")
    elbo = format_value(float(heldout[-1])) if len(heldout) else "–"
    settings = record.spec.model_dump(exclude={"model"}, exclude_none=True)
    tip = "\n".join(f"{key} = {value}" for key, value in settings.items())
    steps = f"{record.step:,}"
    if record.spec.minutes is None:
        steps += f" of {record.spec.steps:,}"
    state = STATE_TITLES[record.state].partition(" (")[0]  # a long word would cut the name
    return RunRow(record.name, state, steps, elbo, tip)


def status_of(run: Run) -> str:
    """What the run is doing, how far it is, and how long it will take, as rich text."""
    record = run.record
    parts = [f"<b>{escape(record.name)}</b>: {STATE_TITLES[record.state]}"]
    if record.step:
        parts.append(f"step {record.step:,}")
        parts.append(f"{duration(record.seconds)} trained")
    left = run.time_left()
    if record.refined is not None and record.state is JobState.RUNNING:
        parts.append(f"fitting the prior over z to the posteriors, {percent(record.refined)}")
    elif left is not None and record.state is JobState.RUNNING:
        parts.append(about_left(left))
        parts.append(f"{_pace(run):.1f} steps/s")
        if record.peak:
            gigaflops, share = record.flops / 1e9, _pace(run) * record.flops / record.peak
            parts.append(f"{gigaflops:.2g} GFLOP a step, {percent(share, 1)} of the device's peak")
    parts += soundness(run.history, record.spec.eval_samples)
    if record.device:
        parts.append(escape(record.device))
    if record.state is JobState.STOPPED:
        step = record.checkpoint_step
        parts.append(f"can continue from step {step:,}" if step else NO_CHECKPOINT)
    return " · ".join(parts)


def status_tip(run: Run) -> str:
    """What the figures of its status are, '' where none asks for an explanation."""
    history = run.history
    told = ((TIGHT_HELP, np.isfinite(tight_bound(history))), (SKIPPED_HELP, skipped_steps(history)))
    return "\n\n".join(text for text, shown in told if shown)


def way_on(run: Run | None) -> tuple[str, str]:
    """Title and tooltip of the button by which a resting run is trained further."""
    if run is not None and run.record.rests and not run.record.can_continue:
        return "Begi&n again", "Train it from its first step: no checkpoint of it was kept"
    return "Co&ntinue", "Go on from the last checkpoint"


def soundness(history: RunHistory, samples: int) -> list[str]:
    """The tighter bound of the last evaluation, if there is one, and the steps not taken, if any.

    Args:
        samples: draws of the tighter bound.
    """
    parts, tight, skipped = [], tight_bound(history), skipped_steps(history)
    if np.isfinite(tight):
        parts.append(f"tight bound {format_value(tight)} nats, {samples:,} samples")
    if skipped:
        parts.append(f"{counted(skipped, 'unsound step')} skipped")
    return parts


def tight_bound(history: RunHistory) -> float:
    """Eq. 3.5 on the held-out batch as last evaluated, in nats; NaN if it was not asked for."""
    values = history.heldout.term("tight")
    return float(values[-1]) if len(values) else np.nan


def skipped_steps(history: RunHistory) -> int:
    """Steps so far that were not taken; 0 for runs of files that do not tell."""
    values = history.train.term("skipped")
    return int(np.nan_to_num(values[-1])) if len(values) else 0


def _pace(run: Run) -> float:
    steps, seconds = run.history.train.step[-50:], run.history.train.seconds[-50:]
    elapsed = float(np.ptp(seconds)) if len(seconds) else 0.0
    return float(np.ptp(steps)) / elapsed if elapsed > 0 else 0.0
