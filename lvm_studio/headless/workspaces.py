"""What a verb takes out of a workspace file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lvm_studio.data.errors import DataError
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.naming import free_name
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.models.trained import TrainedModel


def keep_households(file: Path, households: HouseholdSet) -> str:
    """Put a data set into a workspace file, which keeps what it holds; returns its name there.

    Raises:
        StorageError: the file is there and is no workspace, or cannot be written.
    """
    there = workspace_file.load(file) if file.exists() else Workspace()
    workspace = joined(there, households)
    workspace_file.save(file, workspace)
    return page_of(workspace).dataset


def joined(there: Workspace, households: HouseholdSet) -> Workspace:
    """A workspace with one more data set, under a name that is free, chosen."""
    name = free_name(households.name, there.datasets)
    state = starting_state(name, households, page_of(there).model)
    datasets = {**there.datasets, name: households}
    return replace(there, datasets=datasets, street=state.to_tree())


def page_of(workspace: Workspace) -> StreetState:
    """What the workspace's page shows; nothing in a file that holds a model alone."""
    return StreetState.from_tree(workspace.street) if workspace.street else StreetState()


def chosen_households(workspace: Workspace, file: str) -> HouseholdSet:
    """The data set that the workspace's page has chosen.

    Raises:
        DataError: there is none.
    """
    state = page_of(workspace)
    if state.dataset not in workspace.datasets:
        raise DataError(f"{file} holds no household data; import meter readings first.")
    return workspace.datasets[state.dataset]


def chosen_model(workspace: Workspace, file: str) -> TrainedModel:
    """The model that the workspace's page has chosen, under the name it has there.

    Raises:
        DataError: there is none.
    """
    from lvm_studio.models.trained import TrainedModel

    return TrainedModel.from_tree(chosen_tree(workspace, file))


def chosen_tree(workspace: Workspace, file: str) -> Tree:
    """The stored form of that model, under that name; DataError if there is none."""
    state = page_of(workspace)
    if state.model not in workspace.models:
        raise DataError(
            f"{file} holds no model of composed households; train one into it: lvm-studio train "
            "households --out, and the path of that file."
        )
    return {**workspace.models[state.model], "name": state.model}
