"""Recipes: named, complete experiments. Free of torch, so that a window can list them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lvm_studio.data.errors import DataError
from lvm_studio.models.specs import (
    AutoregressiveNoiseSpec,
    BurstNoiseSpec,
    CompVAESpec,
    FittedPriorSpec,
    LinearHeadSpec,
    VAESpec,
)
from lvm_studio.training.parts_recipes import PARTS_RUNS
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.vector_recipes import MANIFOLD_RUNS, SET_RUNS


class Recipe(BaseModel):
    """A training run that has a name and a reason.

    >>> RECIPES["households"].spec.model.kind
    'compvae'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    description: str
    spec: TrainSpec


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="households",
            title="Households (CompVAE)",
            description=(
                "A compositional VAE of sums of 3 to 60 households, given what is known of each "
                "of them, the weather and the calendar."
            ),
            spec=TrainSpec(
                recipe="households",
                model=CompVAESpec(
                    latent_w=32,
                    dropout=0.2,
                    noise=AutoregressiveNoiseSpec(positive=True),
                    week_in_z=True,
                    head=LinearHeadSpec(rank=32, seasons=(1.0, 0.6, 0.4, 0.3, 0.25)),
                    bounded=True,
                    prior_widening=1.5,
                    week_straying=5.5,
                    fitted_prior=FittedPriorSpec(),
                ),
                weight_decay=0.05,
            ),
        ),
        Recipe(
            name="street",
            title="Simulated street (CompVAE)",
            description=(
                "The compositional VAE where data is no limit: a simulated street tells contract, "
                "subscribed power and off-peak group, and the law to be learned is known."
            ),
            spec=TrainSpec(
                recipe="street",
                model=CompVAESpec(noise=AutoregressiveNoiseSpec(), week_in_z=True, dropout=0.0),
                prior_path_weight=0.2,
                steps=5800,
                batch=256,
                weight_decay=0.002,
                swap_probability=0.0,
                temperature_noise_c=0.0,
                season_jitter_days=0.0,
            ),
        ),
        Recipe(
            name="vae",
            title="Sums of ten (VAE)",
            description=(
                "A VAE of sums of 10 households, with noise that remembers and a prior refitted "
                "to what real sums look like; it knows neither the households nor the week. "
                "Weeks are learned as they were measured (exchanged days would tame the extremes), "
                "and not for long: learned by heart, tuned weeks would lie too near to real ones."
            ),
            spec=TrainSpec(
                recipe="vae",
                model=VAESpec(
                    noise=BurstNoiseSpec(positive=True),
                    bounded=True,
                    sees_steps=True,
                    settled=12_288,
                    fitted_prior=FittedPriorSpec(
                        couplings=8, steps=600, sums=61_440, batch=512, matched=True
                    ),
                ),
                weight_decay=0.05,
                batch=128,
                k_min=10,
                k_max=10,
                prior_path_weight=0.0,
                swap_probability=0.0,
                steps=2000,
            ),
        ),
        *(
            Recipe(name=spec.recipe, title=title, description=description, spec=spec)
            for title, description, spec in (*PARTS_RUNS, *SET_RUNS, *MANIFOLD_RUNS)
        ),
    )
}


def recipe_named(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        DataError: there is none; the sentence lists those there are.
    """
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(RECIPES)
        raise DataError(f"There is no recipe '{name}'; choose one of: {known}.") from None


def with_overrides(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings replaced; `model.` before a name reaches the model's sizes.

    Values may be texts, as a command line gives them.

    Raises:
        DataError: an unknown name or a value that does not fit, said in one sentence.

    >>> with_overrides(RECIPES["households"], {"batch": "128", "model.latent_w": 8}).spec.batch
    128
    """
    settings = recipe.spec.model_dump()
    for name in recipe.spec.unused:  # set, they would be ignored without a word
        del settings[name]
    for path, value in overrides.items():
        _place(settings, path, value)
    settings |= recipe.spec.model_dump(include=set(recipe.spec.unused))
    try:
        spec = TrainSpec.model_validate(settings)
    except ValidationError as error:
        raise DataError(
            f"{recipe.name}: {_first_problem(error, recipe.spec.model.kind)}."
        ) from None
    return recipe.model_copy(update={"spec": spec})


def _place(settings: dict[str, Any], path: str, value: Any) -> None:
    if path.endswith("noise.kind"):  # another kind has other settings: the group is chosen anew
        path = path.removesuffix(".kind")
    *groups, key = path.split(".")
    target: Any = settings
    for group in groups:
        target = _group(target, group)
    if (
        path in {"recipe", "model", "model.kind"}
        or not isinstance(target, dict)
        or not (
            key in target or set(target) == {"kind"}  # of a group just chosen by its kind
        )
    ):
        known = ", ".join(sorted(_names(settings)))
        raise DataError(f"'{path}' cannot be set; what can: {known}.")
    target[key] = _split(value) if isinstance(target.get(key), tuple) else value


def _group(target: Any, name: str) -> Any:
    """The settings under a name; a group chosen by its kind alone has the defaults of that kind."""
    inner = target.get(name) if isinstance(target, dict) else None
    if name == "noise" and isinstance(inner, str):
        inner = target[name] = {"kind": inner}
    return inner


def _split(value: Any) -> Any:
    return tuple(value.split(",")) if isinstance(value, str) else value


def _names(settings: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in settings.items():
        if isinstance(value, dict):
            found |= _names(value, f"{prefix}{key}.")
        if not (isinstance(value, dict) and key == "model"):
            found.add(f"{prefix}{key}")
    return found - {"recipe", "model.kind"}


def _first_problem(error: ValidationError, kind: str) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != kind)
    message = first["msg"].removeprefix("Value error, ")
    return f"{where} = {first['input']!r}: {message}" if where else message
