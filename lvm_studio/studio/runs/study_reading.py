"""What a study left on disk, read a few files at a time by a thread that may take its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar

from lvm_studio.data.errors import DataError
from lvm_studio.studies.results import RunResult, read_result, result_paths
from lvm_studio.studio.runs.run_history import GrowingHistory
from lvm_studio.studio.widgets.training.study_words import settings_text
from lvm_studio.studio.widgets.training.training_terms import RunHistory

BATCH_SECONDS = 0.25
"""What has been read is shown at most so often: every batch draws the table anew."""

Made = TypeVar("Made")


def all_results(
    folder: Path, make: Callable[[RunResult], Made]
) -> Generator[tuple[Made, ...] | None, None, None]:
    """What `make` says of every result in a study's folder, in batches; None is a pause."""
    return _in_batches(result_paths(folder), make)


def some_results(
    folder: Path, keys: Iterable[str], make: Callable[[RunResult], Made]
) -> Generator[tuple[Made, ...] | None, None, None]:
    """The same of the runs with these keys, as far as they have left a result."""
    wanted = set(keys)
    return _in_batches([p for p in result_paths(folder) if p.stem in wanted], make)


def curves_of(result: RunResult) -> RunHistory | None:
    """The curves of a run, grouped by its settings; None where it kept none that are known."""
    if not result.curves:
        return None
    try:
        curves = GrowingHistory.from_tree(result.curves)
    except DataError:
        return None  # of another version; its figures are still in the table
    settings = settings_text(result.settings)
    named = curves.snapshot(f"{settings}, seed {result.seed}")
    return RunHistory(named.name, named.train, named.heldout, group=settings)


def _in_batches(
    paths: Iterable[Path], make: Callable[[RunResult], Made]
) -> Generator[tuple[Made, ...] | None, None, None]:
    made: list[Made] = []
    told = time.monotonic()
    for path in paths:
        result = read_result(path)
        if result is not None:
            made.append(make(result))
        if time.monotonic() - told < BATCH_SECONDS:
            yield None
        else:
            yield tuple(made)
            made, told = [], time.monotonic()
    yield tuple(made)
