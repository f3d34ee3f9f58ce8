"""Drawing the weeks of a composed street."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.data.calendar import temperature_profile, week_start
from lvm_studio.data.composition import Composition, measured_kw
from lvm_studio.data.errors import DataError
from lvm_studio.data.importing import read_temperature_profile
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.curves import write_curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.fan import Fan, Spread
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.models.street import Street
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.workspace import Workspace


@dataclass(frozen=True)
class StreetWishes:
    """Who is composed, in which week and weather, and how many weeks are drawn."""

    workspace: Path
    households: str
    week: str
    temperature: Path | None
    samples: int
    seed: int


@dataclass(frozen=True, eq=False)
class OpenStreet:
    """A street ready to be drawn from.

    measured_kw [336] is None where a meter was silent or the weather is not the measured one.
    """

    street: Street
    model: TrainedModel
    composition: Composition
    start: np.datetime64
    measured_kw: NDArray[np.float32] | None


def open_street(wishes: StreetWishes) -> OpenStreet:
    """Load the workspace's data and model and compose the street.

    Raises:
        DataError: a file, household, week or temperature is not usable.
    """
    workspace = workspace_file.load(wishes.workspace)
    households, model = _chosen(workspace, wishes.workspace.name)
    composition = Composition.parse(wishes.households)
    start = week_start(wishes.week)
    if wishes.temperature is None:
        at = households.weeks.index(wishes.week)
        temperature = households.weeks.temperature_c[at]
        measured = measured_kw(households, composition, wishes.week)
    else:
        temperature = temperature_profile(read_temperature_profile(wishes.temperature, start))
        measured = None

    from lvm_studio.models.street import compose_street

    context = model.context.context(temperature, start, households.time_zone, households.country)
    street = compose_street(model, households, composition, context)
    return OpenStreet(street, model, composition, start, measured)


def _chosen(workspace: Workspace, file: str) -> tuple[HouseholdSet, TrainedModel]:
    """The data set and the model that the workspace's page has chosen."""
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.street_state import StreetState

    state = StreetState.from_tree(workspace.street)
    if state.dataset not in workspace.datasets:
        raise DataError(f"{file} holds no household data; import meter readings first.")
    if state.model not in workspace.models:
        raise DataError(
            f"{file} holds no trained model; run: lvm-studio train households "
            f"--workspace {file} --out {file}"
        )
    return workspace.datasets[state.dataset], TrainedModel.from_tree(workspace.models[state.model])


def run(wishes: StreetWishes, out: Path) -> dict[str, Any]:
    """Draw the weeks, write them to `out`, and return what the fan says."""
    from lvm_studio.analysis.fan import make_fan
    from lvm_studio.models.street import draw_curves

    opened = open_street(wishes)
    curves = draw_curves(opened.street, wishes.samples, wishes.seed)
    write_curves(out, opened.start, curves)
    fan = make_fan(curves, opened.start, opened.measured_kw)
    return {**describe(opened), **describe_fan(fan), "samples": wishes.samples, "out": str(out)}


def describe(opened: OpenStreet) -> dict[str, Any]:
    """Who was composed, by which model, from when on."""
    return {
        "households": opened.composition.size,
        "composition": str(opened.composition),
        "start": f"{opened.start}Z",
        "model": opened.model.name,
    }


def describe_fan(fan: Fan) -> dict[str, Any]:
    """Energy, peak and its time, each with its 10–90 % band over the samples."""
    described = {
        "energy_kwh": _spread(fan.energy_kwh),
        "peak_kw": _spread(fan.peak_kw),
        "peak_time": f"{fan.peak_time}Z",
    }
    if fan.measured is not None:
        described["measured_peak_kw"] = float(fan.measured.max())
        described["measured_energy_kwh"] = float(fan.measured.sum()) / 2
    return described


def _spread(spread: Spread) -> dict[str, float]:
    return {"mean": spread.mean, "p10": spread.p10, "p90": spread.p90}
