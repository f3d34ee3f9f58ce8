"""The workspace: everything that is open, as one value and one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.tree import TreeView
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.storage.atomic import sweep_temporaries
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import FileFormat, Migration, check_tree, read_tree, write_tree
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.wholes import Wholes

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "SUFFIXES",
    "RunEntry",
    "StorageError",
    "Workspace",
    "load",
    "save",
]

FORMAT_VERSION = 1
MIGRATIONS: Mapping[int, Migration] = {}
"""MIGRATIONS[v] makes a tree of format v one of format v + 1."""
FORMAT = FileFormat("workspace", FORMAT_VERSION, MIGRATIONS)
SUFFIXES = (".lvms", ".h5")
"""How files of workspaces end: the window's own suffix first."""

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class RunEntry:
    """A training run: what was asked for, how it went, and where it can go on.

    Args:
        spec: what was to be trained, as the training floor writes it down.
        history: the reports so far, one array a column.
        step: steps done at the checkpoint (0 without one).
        checkpoint: all that is needed to go on from there, or None.
        status: 'running', 'paused', 'stopped', 'failed' or 'finished'.
        model: the name of the model it became, '' before the end.
    """

    spec: Tree
    history: Tree = field(default_factory=dict)
    step: int = 0
    checkpoint: Tree | None = None
    status: str = "stopped"
    model: str = ""

    def to_tree(self) -> Tree:
        """Return the run as a tree."""
        return {
            "spec": self.spec,
            "history": self.history,
            "step": self.step,
            "checkpoint": self.checkpoint,
            "status": self.status,
            "model": self.model,
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> RunEntry:
        """Build the run from a tree; DataError names the leaf that does not fit."""
        view = TreeView(tree)
        resumable = tree.get("checkpoint") is not None
        return cls(
            spec=dict(view.child("spec").tree),
            history=dict(view.child("history").tree),
            step=view.integer("step"),
            checkpoint=dict(view.child("checkpoint").tree) if resumable else None,
            status=view.text("status"),
            model=view.text("model"),
        )


@dataclass(frozen=True, eq=False)
class Workspace:
    """Everything that is open. Changes make a new one (`dataclasses.replace`).

    Args:
        datasets: name -> household set.
        models: name -> the tree of a trained model (weights stay arrays: opening a file needs
            no torch; `TrainedModel.from_tree` is called by who computes with it).
        street: the tree of a `StreetState`.
        runs: name -> training run.
        layout: of the window.
        tunings: name -> what a tuning found and its fitted flow, as a tree.
        wholes: the sines and the colour anchors that are composed.
        vectors: name -> rows of a table that a model was fitted to, to look at it with.
    """

    datasets: Mapping[str, HouseholdSet] = field(default_factory=dict)
    models: Mapping[str, Tree] = field(default_factory=dict)
    street: Tree = field(default_factory=lambda: StreetState().to_tree())
    runs: Mapping[str, RunEntry] = field(default_factory=dict)
    layout: Tree = field(default_factory=dict)
    tunings: Mapping[str, Tree] = field(default_factory=dict)
    wholes: Wholes = field(default_factory=Wholes)
    vectors: Mapping[str, VectorSet] = field(default_factory=dict)

    def to_tree(self) -> Tree:
        """Return everything as one tree; large arrays are shared, not copied."""
        return {
            "datasets": {name: households.to_tree() for name, households in self.datasets.items()},
            "models": dict(self.models),
            "street": self.street,
            "runs": {name: run.to_tree() for name, run in self.runs.items()},
            "layout": self.layout,
            "tunings": dict(self.tunings),
            "wholes": self.wholes.to_tree(),
            "vectors": {name: rows.to_tree() for name, rows in self.vectors.items()},
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> Workspace:
        """Build a workspace from a tree; StorageError names the leaf that does not fit."""
        view = TreeView(tree)
        street = _group(view, "street")
        if street:
            with _naming("street"):
                StreetState.from_tree(street)
        return cls(
            datasets=_each(view, "datasets", HouseholdSet.from_tree),
            models=_each(view, "models", dict),
            street=street,
            runs=_each(view, "runs", RunEntry.from_tree),
            layout=_group(view, "layout"),
            tunings=_each(view, "tunings", dict),
            # files of the first versions did not hold them
            wholes=_wholes(view) if "wholes" in view else Wholes(),
            vectors=_each(view, "vectors", VectorSet.from_tree) if "vectors" in view else {},
        )


def save(path: Path, workspace: Workspace) -> None:
    """Write the workspace as one file, atomically.

    Safe beside a running training: the worker writes its checkpoints to a file of its own.

    Raises:
        StorageError: the place cannot be written; a file that was there is unchanged.
    """
    write_tree(path, workspace.to_tree(), FORMAT)


def load(path: Path) -> Workspace:
    """Open a workspace file, and sweep what a killed save left beside it.

    Raises:
        StorageError: one sentence that says what is wrong with the file.
    """
    tree = read_tree(path, FORMAT)
    sweep_temporaries(path.resolve().parent)
    with _naming(path.name):
        return Workspace.from_tree(tree)


def check(path: Path) -> None:
    """Refuse a file that is no workspace of this version, without reading what it holds.

    Raises:
        StorageError: one sentence that says what is wrong with the file.
    """
    check_tree(path, FORMAT)


def _wholes(view: TreeView) -> Wholes:
    with _naming("wholes"):
        return Wholes.from_tree(_group(view, "wholes"))


def _group(view: TreeView, name: str) -> Tree:
    return dict(view.child(name).tree)


def _each(view: TreeView, group: str, build: Callable[[Tree], Value]) -> dict[str, Value]:
    members = view.child(group)
    built: dict[str, Value] = {}
    for name in members.tree:
        with _naming(f"{group}/{name}"):
            built[name] = build(dict(members.child(name).tree))
    return built


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Put the place before what does not fit."""
    try:
        yield
    except (DataError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise StorageError(f"{place}: {error}") from error
