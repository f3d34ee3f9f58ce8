"""Which problem belongs to which kind of model: one line for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.digits import load_digits, told_digits
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.sources import DigitsData, WeeksData, week_curves
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.parts_problem import PartsProblem
from lvm_studio.training.problem import Problem
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.vector_problem import ManifoldProblem, VectorProblem

PROBLEMS: Mapping[str, Callable[[TrainSpec], Problem]] = {
    "vector_vae": ManifoldProblem,
    "ladder": ManifoldProblem,
    "sines": PartsProblem,
    "anchors": PartsProblem,
}
"""Kind of model -> what it learns from, for the kinds that need no household set."""


def problem_of(spec: TrainSpec, data: HouseholdSet | VectorSet | None = None) -> Problem:
    """The problem that `spec.model` learns, from `data` or from what it makes itself.

    Raises:
        DataError: it needs a household set and there is none, or the set cannot be trained on.
    """
    if isinstance(data, VectorSet):
        return VectorProblem(spec, data)
    if spec.needs_households and data is None:
        raise DataError(f"The recipe {spec.recipe} needs a household set; open or import one.")
    if isinstance(spec.data, DigitsData):
        return VectorProblem(spec, told_digits() if spec.data.told else load_digits())
    if isinstance(spec.data, WeeksData):
        assert data is not None
        return VectorProblem(spec, week_curves(data, spec.data.told))
    if not spec.composes:
        return PROBLEMS[spec.model.kind](spec)
    assert data is not None
    return HouseholdProblem(spec, data)
