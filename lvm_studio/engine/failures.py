"""From what a job raised, or died of, to one sentence."""

from __future__ import annotations

import signal
import traceback
from pathlib import Path

from lvm_studio.data.errors import DataError
from lvm_studio.engine.messages import Failed
from lvm_studio.training.reports import TrainingDiverged

OUT_OF_MEMORY = "The job ran out of memory; use a smaller batch or fewer households"
OUT_OF_GPU_MEMORY = (
    "The graphics card ran out of memory; use a smaller batch, close what else uses the card, "
    "or train on the CPU"
)
DIVERGED = "use a smaller learning rate"


def failed(error: BaseException, checkpoint: Path | None) -> Failed:
    """Return the message for an error that a job raised.

    Args:
        error: what was raised.
        checkpoint: where checkpoints are written, if anywhere; named if one is there.
    """
    kept = existing(checkpoint)
    details = "".join(traceback.format_exception(error))
    return Failed(_with_checkpoint(sentence_for(error), kept), details, kept)


def died(exit_code: int, checkpoint: Path | None) -> Failed:
    """Return the message for a worker process that ended without a word."""
    kept = existing(checkpoint)
    details = f"The worker process ended with exit code {exit_code}."
    return Failed(_with_checkpoint(_cause_of_death(exit_code), kept), details, kept)


def sentence_for(error: BaseException) -> str:
    """Return what happened and what to do, without the full stop.

    >>> sentence_for(MemoryError())
    'The job ran out of memory; use a smaller batch or fewer households'
    """
    text = _first_line(error)
    if isinstance(error, DataError | TrainingDiverged):  # sentences that say what to do
        return text.removesuffix(".")
    if isinstance(error, ArithmeticError):
        return f"The numbers of the job ran away ({text}); {DIVERGED}"
    if _is_out_of_gpu_memory(error):
        return OUT_OF_GPU_MEMORY
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return OUT_OF_MEMORY
    if isinstance(error, ImportError):
        return f"A part of the program could not be loaded ({text}); run lvm-studio doctor"
    if isinstance(error, OSError):
        return f"The system refused something to the job ({text})"
    return f"The job failed ({type(error).__name__}: {text}); the details are in the log"


def existing(checkpoint: Path | None) -> Path | None:
    """Return the path if a checkpoint has been written there."""
    return checkpoint if checkpoint is not None and checkpoint.is_file() else None


def _is_out_of_gpu_memory(error: BaseException) -> bool:
    # torch is not imported here: its OutOfMemoryError is a RuntimeError that says so.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and "cuda" in text and "out of memory" in text


def _cause_of_death(exit_code: int) -> str:
    if exit_code >= 0:
        return f"The worker process ended by itself (exit code {exit_code})"
    number = -exit_code
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    if number == signal.SIGKILL:
        return (
            f"The worker process was killed (signal {number}, {name}), perhaps for lack of memory"
        )
    return f"The worker process was ended by signal {number} ({name})"


def _with_checkpoint(sentence: str, kept: Path | None) -> str:
    return f"{sentence}. The last checkpoint is kept." if kept else f"{sentence}."


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
