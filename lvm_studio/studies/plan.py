"""From a study to the runs it consists of, each with a name that its result can be found by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lvm_studio.data.households import HouseholdSet
from lvm_studio.studies.space import Scalar, Search, Settings
from lvm_studio.studies.spec import StudySpec
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.spec import TrainSpec

KEY_LETTERS = 24


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One training of a study.

    `key` is made of everything that decides the outcome (the whole spec and the data), so that
    a result is found again whatever became of the study around it.
    """

    key: str
    settings: Mapping[str, Scalar]
    spec: TrainSpec

    @property
    def seed(self) -> int:
        """The seed of everything random in it."""
        return self.spec.seed

    @property
    def label(self) -> str:
        """Its settings in words."""
        return label(self.settings)


def label(settings: Mapping[str, Scalar]) -> str:
    """Settings in words; the model's are named without their prefix.

    >>> label({"model.latent_w": 8, "lr": 0.002})
    'latent_w = 8, lr = 0.002'
    """
    return ", ".join(f"{name.rpartition('.')[2]} = {_text(v)}" for name, v in settings.items())


def _text(value: Scalar) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Planner:
    """Makes runs of candidates, for one study on one data set.

    Raises:
        DataError: there is no such recipe.
    """

    def __init__(self, study: StudySpec, households: HouseholdSet | None) -> None:
        self._study = study
        self._recipe = recipe_named(study.recipe)
        self._data = "" if households is None else fingerprint(households)

    @property
    def needs_households(self) -> bool:
        """Whether the recipe learns from a household set."""
        return self._recipe.spec.needs_households

    def runs(self, settings: Settings) -> list[PlannedRun]:
        """One run for each seed of the study.

        Raises:
            DataError: a setting that the recipe does not have, or a value out of its range.
        """
        return [self._run(settings, seed) for seed in self._study.seeds]

    def all_runs(self) -> list[PlannedRun]:
        """All runs of a study whose candidates are known beforehand, seeds outermost.

        The first seed of all candidates comes first: a study that is looked at half-way shows
        the whole space, thinly; a candidate that was drawn twice is computed once. A search has
        none to show before it begins.
        """
        space = self._study.space
        if isinstance(space, Search):
            return []
        by_candidate = [self.runs(settings) for settings in space.candidates()]
        in_order = (run for of_seed in zip(*by_candidate, strict=True) for run in of_seed)
        return list({run.key: run for run in in_order}.values())

    def _run(self, settings: Settings, seed: int) -> PlannedRun:
        overrides = {**self._study.settings, **settings, "seed": seed}
        spec = with_overrides(self._recipe, overrides).spec
        digest = hashlib.sha256(f"{spec.model_dump_json()}\0{self._data}".encode())
        return PlannedRun(digest.hexdigest()[:KEY_LETTERS], settings, spec)


def fingerprint(households: HouseholdSet) -> str:
    """SHA-256 of what a training reads of a household set."""
    digest = hashlib.sha256()
    for text in (households.household_ids, households.start, households.split):
        digest.update(repr(text).encode())
    for array in (households.power_w, households.temperature_c):
        digest.update(np.ascontiguousarray(array).tobytes())
    for column in sorted(households.metadata):
        digest.update(f"{column}{households.metadata[column].tolist()}".encode())
    return digest.hexdigest()
