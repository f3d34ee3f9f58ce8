"""Recipes of digits and single weeks: what is told decides k, and the data are found again."""

import numpy as np
import pytest

from lvm_studio.analysis.latent.vector_cloud import Sources, vector_cloud_slices, vectors_behind
from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import result_of
from lvm_studio.data.london import load_london
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.loop import train
from lvm_studio.training.problems import problem_of
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import Finished

TINY = {"steps": 2, "batch": 8, "model.hidden": 8, "model.blocks": 0, "model.latent_z": 2}


def trained(name: str, **settings: object) -> TrainedModel:
    spec = with_overrides(RECIPES[name], TINY | settings).spec
    london = load_london() if spec.needs_households else None
    (last,) = [report for report in train(spec, london) if isinstance(report, Finished)]
    return TrainedModel.from_tree(last.tree)


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("digits", {}, ()),
        ("digits-told", {}, ("digit",)),
        ("weeks-told", {"data.told": "temperature, tariff"}, ("temperature", "tariff")),
    ],
)
def test_a_conditional_model_is_trained_and_looked_at(name, settings, told) -> None:
    model = trained(name, **settings)
    assert tuple(condition.name for condition in model.columns.conditions) == told
    london = load_london()
    rows = vectors_behind(model, Sources({london.name: london}))
    cloud = result_of(vector_cloud_slices(model, rows, 50, seed=0))
    assert np.isfinite(cloud.u).all()
    assert tuple(condition.name for condition in cloud.told) == told
    assert (cloud.conditions is None) == (not told)
    if name == "weeks-told":
        assert cloud.unit == "kW"
        with pytest.raises(DataError, match="not part of this workspace"):
            vectors_behind(model)


def test_single_weeks_need_households_and_do_not_compose() -> None:
    spec = RECIPES["weeks-told"].spec
    assert spec.needs_households
    assert not spec.composes
    with pytest.raises(DataError, match="needs a household set"):
        problem_of(spec)
