"""Drawing the weeks of a composed street."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.calendar import temperature_profile, week_start
from lvm_studio.data.composition import Composition, measured_kw
from lvm_studio.data.importing.weather import read_temperature_profile
from lvm_studio.headless.places import check_table
from lvm_studio.headless.workspaces import chosen_households, chosen_model, page_of
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.curves import write_curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.fan import Fan, Spread
    from lvm_studio.models.street import BaseSpace
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.street_state import StreetState
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

    def on(self, state: StreetState) -> StreetState:
        """A workspace's page with these wishes on it."""
        profile = None
        if self.temperature is not None:
            profile = tuple(read_temperature_profile(self.temperature, week_start(self.week)))
        return state.with_changes(
            composition=Composition.parse(self.households),
            week=self.week,
            own_temperature=profile,
            samples=self.samples,
            seed=self.seed,
        )


@dataclass(frozen=True, eq=False)
class OpenStreet:
    """A street ready to be drawn from.

    measured_kw [336] is None where a meter was silent or the weather is not the measured one;
    `simulated` readings are no meter's.
    """

    state: StreetState
    space: BaseSpace
    model: TrainedModel
    start: np.datetime64
    measured_kw: NDArray[np.float32] | None
    simulated: bool


def open_street(workspace: Workspace, state: StreetState, file: str) -> OpenStreet:
    """Compose the street of a page.

    Raises:
        DataError: there is no data or model, or a household, week or temperature is unusable.
    """
    from lvm_studio.models.street import base_space

    households, model = chosen_households(workspace, file), chosen_model(workspace, file)
    start = week_start(state.week)
    if state.own_temperature is None:
        temperature = households.weeks.temperature_c[households.weeks.index(state.week)]
        measured = measured_kw(households, state.composition, state.week)
    else:
        temperature = temperature_profile(state.own_temperature)
        measured = None
    context = model.week_context.context(
        temperature, start, households.time_zone, households.country
    )
    space = base_space(model, households, state.composition, context)
    return OpenStreet(state, space, model, start, measured, households.provenance.simulated)


def open_wishes(wishes: StreetWishes) -> OpenStreet:
    """Compose the street that the command line describes."""
    workspace = workspace_file.load(wishes.workspace)
    state = wishes.on(page_of(workspace))
    return open_street(workspace, state, wishes.workspace.name)


def run(wishes: StreetWishes, out: Path) -> dict[str, Any]:
    """Draw the weeks, write them to `out`, and return what the fan says."""
    from lvm_studio.models.street import draw_curves

    check_table(out)
    opened = open_wishes(wishes)
    curves = draw_curves(opened.space, wishes.samples, wishes.seed)
    write_curves(out, opened.start, curves)
    fan = make_fan(curves, opened.start, opened.measured_kw)
    return {**describe(opened), **describe_fan(fan), "samples": wishes.samples, "out": str(out)}


def describe(opened: OpenStreet) -> dict[str, Any]:
    """Who was composed, by which model, from when on; and that no meter was read, if so."""
    return {
        **({"simulated": True} if opened.simulated else {}),
        "households": opened.state.composition.size,
        "composition": str(opened.state.composition),
        "start": f"{opened.start}Z",
        "model": opened.model.name,
    }


def describe_fan(fan: Fan) -> dict[str, Any]:
    """Energy, peak and its time, each with its 10–90 % band over the samples."""
    described: dict[str, Any] = {
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
