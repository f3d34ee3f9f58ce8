"""Weeks in folds: every week is held out once, and nobody trains on it then."""

import pytest

from lvm_studio.analysis.judging.week_folds import (
    FOLDS,
    SUMS,
    judge_fold,
    trained_without,
    without_fold,
)
from lvm_studio.data.errors import DataError
from lvm_studio.data.london import load_london
from lvm_studio.training.recipes import recipe_named


@pytest.fixture(scope="module")
def london():
    return load_london()


def test_every_week_is_held_out_once(london):
    splits = [without_fold(london, fold).split for fold in range(FOLDS)]
    held_out = [week for split in splits for week in split.heldout_weeks]
    assert sorted(held_out) == sorted(london.weeks.ids)
    assert all(not set(split.train_weeks) & set(split.heldout_weeks) for split in splits)


def test_there_is_no_sixth_fold(london):
    with pytest.raises(DataError, match="not one of 0 to 4"):
        without_fold(london, 5)


@pytest.mark.study
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fold", range(FOLDS))
def test_the_households_recipe_beats_ridge_on_every_fold(london, fold, seed):
    spec = recipe_named("households").spec.model_copy(update={"seed": seed, "device": "cpu"})
    model = trained_without(spec, london, fold)
    reports = judge_fold(model, london, fold)
    for name, worst in zip(SUMS, (0.99, 0.98, 1.03), strict=True):
        ratio = reports[name].ratio(model.name, "ridge")
        assert ratio.mean <= worst
