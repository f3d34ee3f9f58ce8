"""What is open, how it changes and how it is undone; the base of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from lvm_studio.data.errors import DataError
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.naming import free_name
from lvm_studio.storage.start import restored_state, starting_workspace
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.wholes import Wholes
from lvm_studio.storage.workspace import RunEntry, Workspace
from lvm_studio.studio.commands import NO_GESTURE, ChangeDocument, ChangeStreet, Document
from lvm_studio.studio.sentences import details_of

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.data.vectors.sets import VectorSet
    from lvm_studio.models.trained import TrainedModel


class OpenDocument(QObject):
    """The open workspace and the state of the composition page.

    Signals:
        state_changed(new, old): two StreetStates; compare the fields you show.
        closed(): nothing of what was open so far comes back; forget what was known of it.
        workspace_changed(): the datasets or runs are others than before.
        models_changed(): the list of models, or the chosen one, is another.
        wholes_changed(): the artificial wholes are others; ask `wholes`.
        results_changed(): a run, a model or a note on one has come, renamed or gone.
        model_ready(TrainedModel): the chosen model has been loaded (torch is imported by then).
        dirty_changed(bool), path_changed(Path | None): for the title.
        failed(sentence, details): show the sentence; details on demand.
        done(sentence): something was written; say so for a moment.
    """

    state_changed = Signal(object, object)
    closed = Signal()
    workspace_changed = Signal()
    models_changed = Signal()
    wholes_changed = Signal()
    results_changed = Signal()
    model_ready = Signal(object)
    dirty_changed = Signal(bool)
    path_changed = Signal(object)
    failed = Signal(str, str)
    done = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with an empty workspace; call `new` or `open` next."""
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._refresh_dirty)
        self._workspace = Workspace()
        self._state = StreetState()
        self._path: Path | None = None
        self._written: tuple[int, ...] = ()
        """Which version of the file was opened or saved last."""
        self._results = self._saved_results = 0
        """How often results of jobs have come, and how many of these the file holds."""
        self._was_dirty = False
        self._model_names: set[str] = set()
        """Of all models since this was opened: undo or redo may bring each of them back."""
        self._trained: tuple[Tree, TrainedModel] | None = None

    # What is open ---------------------------------------------------------------------------

    @property
    def state(self) -> StreetState:
        """The state of the composition page."""
        return self._state

    @property
    def workspace(self) -> Workspace:
        """What is open, as it would be saved now."""
        return replace(self._workspace, street=self._state.to_tree())

    @property
    def path(self) -> Path | None:
        """The file of the workspace; None before it was saved."""
        return self._path

    @property
    def dirty(self) -> bool:
        """Whether there is anything that the file does not hold."""
        return self._results > self._saved_results or not self.undo_stack.isClean()

    @property
    def households(self) -> HouseholdSet:
        """The dataset in use.

        Raises:
            DataError: there is none.
        """
        try:
            return self._workspace.datasets[self._state.dataset]
        except KeyError:
            raise DataError("No household data is open; import meter readings first.") from None

    @property
    def has_households(self) -> bool:
        """Whether there is a dataset in use."""
        return self._state.dataset in self._workspace.datasets

    def model_tree(self) -> Tree | None:
        """Return the stored form of the chosen model, None if there is none."""
        return self._workspace.models.get(self._state.model)

    def trained_model(self) -> TrainedModel | None:
        """Return the chosen model once it has been loaded (see `model_ready`), else None."""
        if self._trained is None or self._trained[0] is not self.model_tree():
            return None
        return self._trained[1]

    def set_trained_model(self, tree: Tree, model: TrainedModel) -> None:
        """Keep the loaded form of the chosen model; who loads models calls this (the service).

        One that was chosen before, and comes too late, does not take the place of what is loaded.
        """
        if tree is self.model_tree():
            self._trained = (tree, model)
            self.model_ready.emit(model)

    @property
    def wholes(self) -> Wholes:
        """What the pages of artificial wholes compose."""
        return self._workspace.wholes

    def put_wholes(self, wholes: Wholes) -> None:
        """Compose these; the pages' own commands call this, so that undo goes through it too."""
        if wholes != self._workspace.wholes:
            self._workspace = replace(self._workspace, wholes=wholes)
            self.wholes_changed.emit()

    # Results of jobs ------------------------------------------------------------------------
    def change_document(
        self,
        text: str,
        do: Callable[[Document], Document],
        revert: Callable[[Document], Document],
    ) -> None:
        """Change data sets, models and page together; one step of undo (see `Contents`)."""
        self.undo_stack.push(ChangeDocument(self._document, self._put_document, do, revert, text))

    def add_model(self, name: str, tree: Tree) -> str:
        """Take a trained model into the workspace; return the name it got.

        Not a step of undo: hours of training are not lost to one Ctrl+Z; nor do they take a name
        that a step of undo would give to another model.
        """
        name = free_name(name, self._model_names)
        self._model_names.add(name)
        self._workspace = replace(self._workspace, models={**self._workspace.models, name: tree})
        self._mark_results()
        self.models_changed.emit()
        return name

    def add_table_model(self, tree: Tree, rows: VectorSet) -> str:
        """Take a model of a table into the workspace, and rows to look at it with."""
        key = free_name(rows.name, self._workspace.vectors)
        self._workspace = replace(self._workspace, vectors={**self._workspace.vectors, key: rows})
        self.note_in_model(tree, "rows", key)
        return self.add_model(str(tree["name"]), tree)

    def note_in_model(self, tree: Tree, key: str, text: str) -> None:
        """Keep a text in the provenance of a stored model, beside how it was trained.

        The tree stays the object it is: who has loaded it need not load it again.
        """
        provenance = tree.get("provenance")
        known = provenance if isinstance(provenance, dict) else {}
        tree["provenance"] = {**known, key: text}
        self._mark_results()

    def put_run(self, name: str, run: RunEntry) -> None:
        """Keep a training run under this name."""
        self._workspace = replace(self._workspace, runs={**self._workspace.runs, name: run})
        self._mark_results()
        self.workspace_changed.emit()

    def rename_run(self, old: str, new: str) -> None:
        """Keep a run under another name, in its place."""
        runs = {new if name == old else name: run for name, run in self._workspace.runs.items()}
        self._workspace = replace(self._workspace, runs=runs)
        self._mark_results()

    # Files ----------------------------------------------------------------------------------

    def new(self) -> None:
        """Start afresh: shipped data, shipped model, a small composition."""
        with self._reporting():
            workspace = starting_workspace()
            self._become(workspace, restored_state(workspace), None)

    def open(self, path: Path) -> bool:
        """Open a workspace file; False (and `failed`) if it cannot be read."""
        try:
            self.restore(workspace_file.load(path), path)
        except DataError as error:
            self._report(error)
            return False
        return True

    def restore(self, workspace: Workspace, path: Path | None, *, dirty: bool = False) -> None:
        """Show this workspace, as read from `path` or recovered (then `dirty`)."""
        self._become(workspace, restored_state(workspace), path)
        if dirty:
            self._mark_results()

    def written_by_others(self, path: Path) -> bool:
        """Whether somebody else has written the file since it was opened or saved here."""
        return path == self._path and _written(path) not in ((), self._written)

    def save(self, path: Path) -> bool:
        """Save to this file, which is the session's from now on; False if that failed."""
        try:
            self.write(path, lambda work: work())
        except DataError as error:
            self._report(error)
            return False
        return True

    def write(self, path: Path, run: Callable[[Callable[[], None]], None]) -> None:
        """Save to this file, written by `run`: what comes meanwhile is unsaved afterwards.

        Raises:
            DataError: the file cannot be written.
        """
        workspace, results = self.workspace, self._results
        run(lambda: workspace_file.save(path, workspace))
        self._path, self._written = path, _written(path)
        self._saved_results = results
        self.undo_stack.setClean()
        self.path_changed.emit(path)
        self._refresh_dirty()

    # How it changes -------------------------------------------------------------------------

    def _change(self, text: str, gesture: int = NO_GESTURE, **changes: Any) -> None:
        with self._reporting():
            new = self._state.with_changes(**changes)
            if new != self._state:
                self.undo_stack.push(ChangeStreet(self._put_state, self._state, new, text, gesture))

    def _put_state(self, new: StreetState) -> None:
        old, self._state = self._state, new
        self.state_changed.emit(new, old)
        if new.model != old.model:
            self.models_changed.emit()

    def _document(self) -> Document:
        return Document(self._workspace, self._state)

    def _put_document(self, document: Document) -> None:
        old, self._state = self._state, document.state
        self._workspace = document.workspace
        self._model_names |= document.workspace.models.keys()
        self._announce(old)

    def _become(self, workspace: Workspace, state: StreetState, path: Path | None) -> None:
        """Forget all that was open, then show this."""
        self.undo_stack.clear()
        self._saved_results = self._results
        self._workspace, self._path, self._written = workspace, path, _written(path)
        self._model_names = set(workspace.models)
        old, self._state = self._state, state
        self.closed.emit()
        self._announce(old)
        self.wholes_changed.emit()
        self.path_changed.emit(path)
        self._refresh_dirty()

    def _announce(self, old: StreetState) -> None:
        self.workspace_changed.emit()
        self.models_changed.emit()
        self.state_changed.emit(self._state, old)

    def _mark_results(self) -> None:
        self._results += 1
        self._refresh_dirty()
        self.results_changed.emit()

    def _refresh_dirty(self, _clean: bool = True) -> None:
        if self.dirty != self._was_dirty:
            self._was_dirty = self.dirty
            self.dirty_changed.emit(self.dirty)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn what went wrong with the user's wish into one sentence."""
        try:
            yield
        except DataError as error:
            self._report(error)

    def _report(self, error: DataError) -> None:
        self.failed.emit(str(error), details_of(error))


def _written(path: Path | None) -> tuple[int, ...]:
    """Which version of a file stands there; () for none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size) if found is not None else ()
