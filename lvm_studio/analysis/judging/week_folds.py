"""The protocol for little data: weeks in folds, each judged by a model that never saw it.

Frozen before the last weeks were touched: five folds of every fifth week, label statistics from
the training weeks of each fold alone, rivals fitted on the same weeks, errors by week.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from lvm_studio.analysis.judging.fidelity import fit_rivals, judge, predictors_of
from lvm_studio.analysis.judging.records import WeekRecords, draw_cases
from lvm_studio.analysis.judging.report import FidelityReport
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import result_of
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.loop import train
from lvm_studio.training.spec import TrainSpec

FOLDS = 5

SUMS: Mapping[str, tuple[int, int]] = {
    "20 to 60 households": (20, 60),
    "8 to 14 households": (8, 14),
    "8 to 14 held-out households": (8, 14),
}
"""What is judged, with the range of K; the last with households no model was trained on."""


def without_fold(households: HouseholdSet, fold: int, folds: int = FOLDS) -> HouseholdSet:
    """The set with every `folds`-th of all its weeks held out, beginning with number `fold`.

    Households stay held out as they were.
    """
    if not 0 <= fold < folds:
        raise DataError(f"Fold {fold} is not one of 0 to {folds - 1}.")
    weeks = households.weeks.ids
    out = weeks[fold::folds]
    split = dataclasses.replace(
        households.split,
        train_weeks=tuple(week for week in weeks if week not in out),
        heldout_weeks=out,
    )
    return dataclasses.replace(households, split=split)


def trained_without(
    spec: TrainSpec, households: HouseholdSet, fold: int, folds: int = FOLDS
) -> TrainedModel:
    """The model of a spec trained without the weeks of a fold."""
    finished = result_of(train(spec, without_fold(households, fold, folds)))
    return TrainedModel.from_tree(finished.tree)


def judge_fold(
    model: TrainedModel,
    households: HouseholdSet,
    fold: int,
    *,
    repeats: int = 16,
    samples: int = 100,
    seed: int = 0,
) -> dict[str, FidelityReport]:
    """The model and its rivals on a fold's weeks, one report for each of `SUMS`."""
    left = without_fold(households, fold)
    split = left.split
    records = WeekRecords.of(left, model.labels, model.week_context)
    known, strangers = (
        left.indices(names) for names in (split.train_households, split.heldout_households)
    )
    weeks = left.weeks.indices(split.heldout_weeks)
    rivals = fit_rivals(records, known, left.weeks.indices(split.train_weeks), seed=seed)
    predictors = predictors_of(model) | rivals
    reports = {}
    for (name, k_range), rows in zip(SUMS.items(), (known, known, strangers), strict=True):
        cases = draw_cases(records, rows, weeks, repeats, k_range, seed)
        reports[name] = judge(
            predictors, records, cases, split.heldout_weeks, samples=samples, seed=seed
        )
    return reports
