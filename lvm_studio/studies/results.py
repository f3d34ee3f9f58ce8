"""What a run of a study leaves behind: one file, written whole as the run ends."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import TreeView
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import FileFormat, read_tree, write_tree
from lvm_studio.storage.recovery import state_folder
from lvm_studio.studies.space import Scalar

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree

LOG = logging.getLogger(__name__)
RESULT, MODEL = FileFormat("study result"), FileFormat("study model")
RUNS, MODELS = "runs", "models"


def study_folder(name: str) -> Path:
    """Where a study is kept if nobody says otherwise: the window and the command line agree."""
    return state_folder() / "studies" / name


@dataclass(frozen=True, eq=False)
class RunResult:
    """The outcome of one run.

    Args:
        key: of the planned run.
        settings: what the study gave this candidate.
        seed: of everything random.
        figures: what the run was judged by; empty if it failed.
        curves: 'train_step', 'heldout_elbo', … one array a column, as a model's history.
        seconds: wall time on its worker.
        hardware, worker: where it was computed.
        sentence, details: why it failed, '' if it did not.
    """

    key: str
    settings: Mapping[str, Scalar]
    seed: int
    figures: Mapping[str, float] = field(default_factory=dict)
    curves: Tree = field(default_factory=dict)
    steps: int = 0
    seconds: float = 0.0
    hardware: str = ""
    worker: str = ""
    sentence: str = ""
    details: str = ""

    @property
    def failed(self) -> bool:
        """Whether it ended by mistake."""
        return bool(self.sentence)

    def to_tree(self) -> Tree:
        """Plain form."""
        return {
            "key": self.key,
            "settings": json.dumps(dict(self.settings)),
            "seed": self.seed,
            "figures": {name: float(value) for name, value in self.figures.items()},
            "curves": self.curves,
            "steps": self.steps,
            "seconds": self.seconds,
            "hardware": self.hardware,
            "worker": self.worker,
            "sentence": self.sentence,
            "details": self.details,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> RunResult:
        """The result a plain form describes.

        Raises:
            DataError: a leaf is missing or does not fit.
        """
        view = TreeView(tree, "result")
        figures = view.child("figures")
        try:
            settings = dict(json.loads(view.text("settings")))
        except (ValueError, TypeError) as error:
            raise DataError(f"result/settings cannot be understood: {error}.") from error
        return cls(
            key=view.text("key"),
            settings=settings,
            seed=view.integer("seed"),
            figures={name: figures.number(name) for name in figures.names},
            curves=dict(view.child("curves").tree),
            steps=view.integer("steps"),
            seconds=view.number("seconds"),
            hardware=view.text("hardware"),
            worker=view.text("worker"),
            sentence=view.text("sentence"),
            details=view.text("details"),
        )


def open_folder(folder: Path) -> None:
    """Make the folder of a study.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        for part in (RUNS, MODELS):
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be made ({error.strerror}); choose another folder for the study."
        ) from error


def write_result(folder: Path, result: RunResult, model: Tree | None = None) -> None:
    """Write the result of a run, and its model before it, each whole or not at all.

    Raises:
        StorageError: the folder cannot be written.
    """
    if model is not None:
        write_tree(model_path(folder, result.key), model, MODEL)
    write_tree(folder / RUNS / f"{result.key}.h5", result.to_tree(), RESULT)


def read_results(folder: Path) -> dict[str, RunResult]:
    """All results in a study's folder, by key; one that cannot be read is as if not there."""
    found = map(read_result, result_paths(folder))
    return {result.key: result for result in found if result is not None}


def result_paths(folder: Path) -> list[Path]:
    """The files of a study's results, each named by the key of its run; none without a folder."""
    return sorted((folder / RUNS).glob("*.h5"))


def read_result(path: Path) -> RunResult | None:
    """The result in a file; None, and a line in the log, where it cannot be read."""
    try:
        return RunResult.from_tree(read_tree(path, RESULT))
    except DataError:
        LOG.exception("the result %s cannot be read; its run is repeated", path)
        return None


def model_path(folder: Path, key: str) -> Path:
    """Where the model of a run is kept, if the study keeps models."""
    return folder / MODELS / f"{key}.h5"


def read_model(folder: Path, key: str) -> Tree:
    """The model that a run became.

    Raises:
        StorageError: there is none, or it cannot be read.
    """
    return read_tree(model_path(folder, key), MODEL)
