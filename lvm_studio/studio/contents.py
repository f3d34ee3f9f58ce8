"""What the open workspace holds: choose, rename, take away, bring in; each one step of undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lvm_studio.data.errors import DataError
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.contents import Kind, with_again, with_model_renamed, without
from lvm_studio.storage.naming import free_name
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.commands import Document

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree
    from lvm_studio.studio.session import Session


class Contents(QObject):
    """The verbs on data sets and models as wholes.

    Args:
        session: what is open; every verb is a command on its undo stack.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def use(self, kind: Kind, name: str) -> None:
        """Compose from this data set, or with this model."""
        choose = self._session.choose_dataset if kind == "data" else self._session.choose_model
        choose(name)

    def rename_model(self, old: str, new: str) -> None:
        """Give a model another name."""
        new = new.strip()
        models = self._session.workspace.models
        if new == old or old not in models:
            return
        if not new or new in models:
            why = f"There is a model “{new}” already" if new else "A model needs a name"
            self._session.failed.emit(f"{why}; choose another name.", "")
            return
        self._session.change_document(f"Rename {old}", _renaming(old, new), _renaming(new, old))

    def remove(self, kind: Kind, name: str) -> None:
        """Take a data set or model out of the workspace; what used it goes on with another."""
        workspace, state = self._session.workspace, self._session.state
        held = workspace.datasets if kind == "data" else workspace.models
        if name not in held:
            return

        def do(document: Document) -> Document:
            left = without(document.workspace, kind, name)
            return Document(left, _without(document.state, kind, name, left))

        def revert(document: Document) -> Document:
            return Document(with_again(document.workspace, kind, name, workspace), state)

        self._session.change_document(f"Remove {name}", do, revert)

    def take_models(
        self, path: Path, load: Callable[[Path], Workspace] = workspace_file.load
    ) -> None:
        """Add the models of another workspace file, read by `load`."""
        try:
            found = load(path).models
        except DataError as error:
            self._session.failed.emit(str(error), "")
            return
        if not found:
            self._session.failed.emit(f"{path.name} holds no model; choose another file.", "")
            return
        taken: dict[str, Tree] = {}
        for name, tree in found.items():
            taken[free_name(name, {**self._session.workspace.models, **taken})] = tree
        what = next(iter(taken)) if len(taken) == 1 else f"{len(taken)} models"
        self._session.change_document(f"Add {what}", _adding(taken), _dropping(taken))

    def save_model(
        self,
        name: str,
        path: Path,
        save: Callable[[Path, Workspace], None] = workspace_file.save,
    ) -> None:
        """Write one model as a workspace file of its own, to be added to others."""
        try:
            save(path, Workspace(models={name: self._session.workspace.models[name]}))
        except DataError as error:
            self._session.failed.emit(str(error), "")
        else:
            self._session.done.emit(f"Saved {name} to {path.name}.")


def _renaming(old: str, new: str) -> Callable[[Document], Document]:
    def rename(document: Document) -> Document:
        workspace = with_model_renamed(document.workspace, old, new)
        state = document.state
        return Document(workspace, state.with_changes(model=new) if state.model == old else state)

    return rename


def _adding(models: dict[str, Tree]) -> Callable[[Document], Document]:
    def add(document: Document) -> Document:
        workspace = replace(document.workspace, models={**document.workspace.models, **models})
        return Document(workspace, document.state)

    return add


def _dropping(models: dict[str, Tree]) -> Callable[[Document], Document]:
    def drop(document: Document) -> Document:
        left, state = document.workspace, document.state
        for name in models:
            left = without(left, "model", name)
            state = _without(state, "model", name, left)
        return Document(left, state)

    return drop


def _without(state: StreetState, kind: Kind, name: str, left: Workspace) -> StreetState:
    """The page once `name` is gone: the first that is left takes its place."""
    used = state.model if kind == "model" else state.dataset
    if used != name:
        return state
    if kind == "model":
        return state.with_changes(model=next(iter(left.models), ""))
    if not left.datasets:
        return StreetState(model=state.model)
    other = next(iter(left.datasets))
    return starting_state(other, left.datasets[other], state.model)
