"""Vectors that come with the program or out of a household set, as a training spec names them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.conditions import VectorColumns
from lvm_studio.data.vectors.manifolds import Circle, Polyline, Sinusoid, Sphere, Spiral
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.week_conditions import week_conditions

FEWEST_WEEKS: Final = 50


def _split(value: Any) -> Any:
    """A text as a command line gives it: names with commas between."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return value
    return tuple(name.strip() for name in names if name.strip())


class DigitsData(BaseModel):
    """The shipped handwritten digits; `told`: which digit each is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["digits"] = "digits"
    told: bool = False


class WeeksData(BaseModel):
    """Weeks of single households, told weather, season and columns of what is known of them.

    >>> WeeksData(told="temperature, tariff").told
    ('temperature', 'tariff')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["weeks"] = "weeks"
    told: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=("temperature", "season"),
        description="temperature, lowest temperature, highest temperature, season, and any column "
        "of the households' metadata; empty: a plain VAE",
    )


VectorDataSpec = Annotated[
    Sinusoid | Circle | Spiral | Polyline | Sphere | DigitsData | WeeksData,
    Field(discriminator="kind"),
]
"""What a model of vectors may learn: fresh points of a manifold, digits, or weeks."""


def curves_named(households: HouseholdSet) -> str:
    """What the weekly curves of a household set are called; their models remember it."""
    return f"single weeks of {households.name}"


def week_curves(households: HouseholdSet, told: tuple[str, ...]) -> VectorSet:
    """Complete training weeks of training households as rows x [N, 336] in kW, and k [N, E].

    Raises:
        DataError: too few complete weeks, or a column that cannot be told.
    """
    split, weeks = households.split, households.weeks
    who = households.indices(split.train_households)
    when = weeks.indices(split.train_weeks)
    h, w = (grid.ravel() for grid in np.meshgrid(who, when, indexing="ij"))
    whole = weeks.complete[h, w]
    h, w = h[whole], w[whole]
    if len(h) < FEWEST_WEEKS:
        raise DataError(
            f"{households.name} has {len(h)} complete training weeks of households; a model of "
            f"single weeks needs {FEWEST_WEEKS} at least."
        )
    k, conditions = week_conditions(households, told, h, w)
    return VectorSet(
        curves_named(households),
        weeks.power_kw[h, w],
        k.astype(np.float32) if told else None,
        {"household": np.array(households.household_ids)[h], "week": np.array(weeks.ids)[w]},
        columns=VectorColumns(conditions=conditions),
        unit="kW",
    )
