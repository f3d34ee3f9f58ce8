"""What a fresh session shows: shipped data, the shipped model, a small street."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.data.composition import Composition
from lvm_studio.data.london import load_london
from lvm_studio.data.shipped import model_path
from lvm_studio.storage.hdf5 import read_tree
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet

SHIPPED_MODEL = "London households"
SHIPPED_FILE = "london-households.h5"
STARTING_HOUSEHOLDS = 12


def starting_workspace() -> Workspace:
    """Return a workspace with the London data, the shipped model and a small composition.

    Raises:
        DataError, StorageError: a shipped file is missing or damaged.
    """
    london = load_london()
    state = starting_state(london.name, london, SHIPPED_MODEL)
    return Workspace(
        datasets={london.name: london},
        models={SHIPPED_MODEL: read_tree(model_path(SHIPPED_FILE))},
        street=state.to_tree(),
        runs={},
        layout={},
    )


def restored_state(workspace: Workspace) -> StreetState:
    """Return the page a workspace was left with, less what the workspace does not hold.

    A file may come from a script or another program: names that lead nowhere are replaced by
    the first there is, households that are not in the dataset are left out.
    """
    if not workspace.datasets:
        return StreetState()
    kept = StreetState.from_tree(workspace.street) if workspace.street else StreetState()
    model = kept.model if kept.model in workspace.models else next(iter(workspace.models), "")
    if kept.dataset not in workspace.datasets:
        name = next(iter(workspace.datasets))
        return starting_state(name, workspace.datasets[name], model)
    dataset = workspace.datasets[kept.dataset]
    known = set(dataset.household_ids)
    counts = tuple((ident, n) for ident, n in kept.composition.counts if ident in known)
    known_week = kept.week in dataset.weeks.ids
    week = kept.week if known_week else starting_state(kept.dataset, dataset, model).week
    return kept.with_changes(model=model, composition=Composition(counts), week=week)


def starting_state(name: str, dataset: HouseholdSet, model: str) -> StreetState:
    """Return a page with a dozen ordinary households in a week in which all were measured.

    A held-out week in the heating season if there is one: the curves beside the measured
    aggregate are then a forecast, not a memory.
    """
    rows = _ordinary(dataset)
    ids = tuple(dataset.household_ids[row] for row in rows)
    return StreetState(
        dataset=name,
        model=model,
        composition=Composition(tuple((household_id, 1) for household_id in ids)),
        week=_measured_week(dataset, rows),
    )


def _ordinary(dataset: HouseholdSet) -> list[int]:
    """Return up to a dozen training households that are not suspect, spread over the list."""
    trained = set(dataset.split.train_households)
    suspect = dataset.metadata["suspect"]
    complete = dataset.weeks.complete.mean(axis=1)
    rows = [
        row
        for row, household_id in enumerate(dataset.household_ids)
        if household_id in trained and suspect[row] == ""
    ] or list(range(len(dataset.household_ids)))
    steady = [row for row in rows if complete[row] >= np.median(complete[rows])]
    picked = np.linspace(0, len(steady) - 1, min(STARTING_HOUSEHOLDS, len(steady)))
    return [steady[round(float(position))] for position in picked]


def _measured_week(dataset: HouseholdSet, rows: list[int]) -> str:
    """Return the coldest held-out week with all readings; else any with the most readings."""
    weeks = dataset.weeks
    if not weeks.ids:
        return ""
    present = weeks.complete[rows].sum(axis=0)
    heldout = np.isin(weeks.ids, dataset.split.heldout_weeks)
    warmth = weeks.temperature_c.mean(axis=1)
    ranking = np.lexsort((warmth, ~heldout, -present))
    return weeks.ids[int(ranking[0])]
