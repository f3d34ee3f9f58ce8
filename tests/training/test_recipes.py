"""Recipes and their overrides, without torch."""

import subprocess
import sys

import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.training.recipes import RECIPES, recipe_named, with_overrides

HOUSEHOLDS = RECIPES["households"]


def test_texts_of_a_command_line_become_settings():
    changed = with_overrides(
        HOUSEHOLDS, {"batch": "128", "model.latent_w": "8", "betas": "0.8,0.99", "minutes": "2.5"}
    ).spec
    assert (changed.batch, changed.model.latent_w, changed.minutes) == (128, 8, 2.5)
    assert changed.betas == (0.8, 0.99)
    assert HOUSEHOLDS.spec.batch != 128


def test_the_kind_of_noise_is_named_by_a_text():
    for kind in ("independent", "autoregressive"):
        for name in ("model.noise", "model.noise.kind"):
            assert with_overrides(HOUSEHOLDS, {name: kind}).spec.model.noise.kind == kind
    with pytest.raises(DataError, match="'independent', 'autoregressive'"):
        with_overrides(HOUSEHOLDS, {"model.noise": "white"})


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"btach": "1"}, "'btach' cannot be set; what can: batch"),
        ({"model.kind": "vae"}, "'model.kind' cannot be set"),
        ({"model": {}}, "'model' cannot be set"),
        ({"data.x": 1}, "'data.x' cannot be set"),
        ({"lr": "fast"}, "lr = 'fast': .*valid number"),
        ({"model.dropout": 1.5}, "model.dropout = 1.5: .*less than 1"),
        ({"k_min": 61}, r"k_min \(61\) is above k_max \(60\)"),
    ],
)
def test_what_cannot_be_set_is_said(overrides, says):
    with pytest.raises(DataError, match=says):
        with_overrides(HOUSEHOLDS, overrides)


def test_what_a_recipe_would_ignore_cannot_be_set():
    with pytest.raises(DataError, match=r"'swap_probability' cannot be set; what can: (?!.*k_max)"):
        with_overrides(RECIPES["digits"], {"swap_probability": 0.3})
    with pytest.raises(DataError, match=r"'labels' cannot be set; what can: .*k_max"):
        with_overrides(RECIPES["sines"], {"labels": "surveyed"})
    assert with_overrides(RECIPES["sines"], {"k_max": 9}).spec.k_max == 9
    assert with_overrides(RECIPES["digits"], {"lr": 0.1}).spec.k_max == RECIPES["digits"].spec.k_max


def test_unknown_recipe_lists_the_known():
    with pytest.raises(DataError, match="choose one of: households"):
        recipe_named("house")


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_named_and_described(name):
    recipe = recipe_named(name)
    assert recipe.name == recipe.spec.recipe == name
    assert recipe.description.endswith(".")


def test_recipes_and_reports_need_no_torch():
    code = (
        "import sys; import lvm_studio.training.recipes, lvm_studio.training.reports, "
        "lvm_studio.training.job; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
