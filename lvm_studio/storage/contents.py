"""What a workspace holds, as lines to read, and the workspace without or with one thing more.

Every change is a pure function, so that a command can make it and take it back beside whatever
a background job has added meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from lvm_studio.data.tree import Tree
from lvm_studio.storage.workspace import Workspace

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet

T = TypeVar("T")
Kind = Literal["data", "model"]
KIND_WORDS = {
    "compvae": "CompVAE",
    "vae": "VAE of weeks",
    "vector_vae": "VAE of vectors",
    "ladder": "chain of latents",
    "sines": "CompVAE of sums of sines",
    "anchors": "CompVAE of colour anchors",
}
"""What a stored model is, by its kind."""


@dataclass(frozen=True)
class Held:
    """One data set or model of a workspace: `words` tell what it is, `megabytes` how large."""

    kind: Kind
    name: str
    words: str
    megabytes: float


def held_by(workspace: Workspace) -> tuple[Held, ...]:
    """Everything that can be chosen, data sets first."""
    sets = (
        Held("data", name, _set_words(one), _megabytes(one.power_w.nbytes))
        for name, one in workspace.datasets.items()
    )
    models = (
        Held("model", name, model_words(tree), _megabytes(_bytes(tree)))
        for name, tree in workspace.models.items()
    )
    return (*sets, *models)


def model_words(tree: Tree) -> str:
    """What a stored model tells of its making.

    >>> made = {"recipe": "households", "seed": 0, "steps": 1400, "dataset": "London 2013"}
    >>> model_words({"kind": "compvae", "provenance": made})
    'CompVAE, recipe households, seed 0, 1,400 steps, learned from London 2013'
    """
    made = tree.get("provenance")
    made = made if isinstance(made, Mapping) else {}
    kind = str(tree.get("kind", "model"))
    parts = [KIND_WORDS.get(kind, kind)]
    parts += [f"{key} {made[key]}" for key in ("recipe", "seed") if key in made]
    if isinstance(steps := made.get("steps"), int | np.integer):
        parts.append(f"{steps:,} steps")
    if "dataset" in made:
        parts.append(f"learned from {made['dataset']}")
    return ", ".join(parts)


def without(workspace: Workspace, kind: Kind, name: str) -> Workspace:
    """The workspace less one data set or model; runs and tunings keep what they tell."""
    if kind == "data":
        kept = {key: one for key, one in workspace.datasets.items() if key != name}
        return replace(workspace, datasets=kept)
    models = {key: one for key, one in workspace.models.items() if key != name}
    return replace(workspace, models=models)


def with_again(workspace: Workspace, kind: Kind, name: str, source: Workspace) -> Workspace:
    """The workspace with a data set or model that `source` holds, in its place there."""
    if kind == "data":
        return replace(workspace, datasets=_put_back(workspace.datasets, name, source.datasets))
    return replace(workspace, models=_put_back(workspace.models, name, source.models))


def _put_back(held: Mapping[str, T], name: str, before: Mapping[str, T]) -> dict[str, T]:
    """What is held with what was before under this name; what has come since stays last."""
    there = {**held, name: before[name]}
    return {key: there[key] for key in (*before, *held) if key in there}


def with_model_renamed(workspace: Workspace, old: str, new: str) -> Workspace:
    """The workspace with one model under another name, in its place in the list.

    Runs that became it and kept tunings that used it follow.
    """
    models = {new if key == old else key: tree for key, tree in workspace.models.items()}
    runs = {
        key: replace(run, model=new) if run.model == old else run
        for key, run in workspace.runs.items()
    }
    tunings = {key: _retold(tree, old, new) for key, tree in workspace.tunings.items()}
    return replace(workspace, models=models, runs=runs, tunings=tunings)


def _retold(tuning: Tree, old: str, new: str) -> Tree:
    state = tuning.get("state")
    if isinstance(state, Mapping) and state.get("model") == old:
        return {**tuning, "state": {**state, "model": new}}
    return tuning


def _set_words(one: HouseholdSet) -> str:
    words = f"{len(one.household_ids):,} households, {len(one.weeks.ids):,} weeks"
    return f"{words}, simulated" if one.provenance.simulated else words


def _megabytes(size: int) -> float:
    return size / 1e6


def _bytes(tree: Mapping[str, object]) -> int:
    sizes = (
        _bytes(value) if isinstance(value, Mapping) else getattr(value, "nbytes", 0)
        for value in tree.values()
    )
    return sum(sizes)
