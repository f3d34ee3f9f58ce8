"""A small street, and stand-ins for what is slow or asks questions."""

import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from PySide6.QtWidgets import QWidget

from lvm_studio.analysis.attribution import Attribution
from lvm_studio.analysis.fan import Fan, make_fan
from lvm_studio.data.calendar import ContextEncoder, week_start
from lvm_studio.data.composition import Composition
from lvm_studio.data.households import HouseholdSet, Provenance
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.split import choose_split
from lvm_studio.data.units import WEEK
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.storage.recovery import OWNER, LiveSession
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.dialogs import Choice, Dialogs
from lvm_studio.studio.street.answers import (
    FanAnswer,
    Front,
    LoadedModel,
    PartsAnswer,
    StreetRequest,
    TunedAnswer,
)
from lvm_studio.studio.street.tuned_keys import tuning_key
from lvm_studio.studio.street.tuned_work import Improved
from lvm_studio.tuning.certificate import Certificate

IDS = ("A", "B", "C", "D", "E")
WEEKS = 6


def households(name: str = "Test street", ids: tuple[str, ...] = IDS) -> HouseholdSet:
    """Six complete weeks of noise."""
    generator = np.random.default_rng(0)
    steps = WEEKS * WEEK
    suspect = np.array([""] * len(ids))
    weeks = tuple(f"2013-W{week:02d}" for week in range(2, 2 + WEEKS))
    return HouseholdSet(
        name=name,
        household_ids=ids,
        power_w=generator.gamma(2.0, 150.0, (len(ids), steps)).astype(np.float32),
        start=np.datetime64("2013-01-07T00:00", "m"),
        metadata={"suspect": suspect},
        temperature_c=np.full(steps, 5.0, np.float32),
        time_zone="Europe/London",
        country="GB",
        split=choose_split(ids, weeks, suspect != "", seed=0),
        provenance=Provenance("made up", "none", "Made up; by nobody.", "W", "start", "", ""),
    )


def small_model(data: HouseholdSet) -> TrainedModel:
    """An untrained CompVAE of these households whose latents are felt, as in a trained one."""
    labels, context = LabelEncoder.fit(data), ContextEncoder()
    spec = CompVAESpec(latent_w=4, latent_z=1, day_hidden=16, part_hidden=16)
    module = build_module(spec, labels=labels.dim, context=context.dim, seed=1)
    with torch.no_grad():
        module.sum_to_curve.weight.normal_(0.0, 0.3, generator=torch.Generator().manual_seed(0))
    return TrainedModel("small", spec, module, labels, context)


def workspace(model: bool = True) -> Workspace:
    """A street of A, A and B in the second week."""
    state = StreetState(
        dataset="Test street",
        model="m" if model else "",
        composition=Composition.parse("A*2,B"),
        week="2013-W03",
    )
    return Workspace(
        datasets={"Test street": households()},
        models={"m": {"name": "m"}} if model else {},
        street=state.to_tree(),
    )


def fan_of(state: StreetState) -> Fan:
    """A flat fan whose level is K."""
    curves = np.full((4, WEEK), float(state.composition.size), np.float32)
    return make_fan(curves, week_start(state.week))


def tuned(state: StreetState, *, valid: bool = True) -> TunedAnswer:
    """A tuned law that is nothing but its λ."""
    none = np.zeros(0)
    return TunedAnswer(
        state=state,
        method="pool",
        lam=state.lam,
        kl=state.lam**2 / 2,
        one_in_n=1.0,
        expectation=state.lam,
        base_expectation=0.0,
        unit="kW",
        criterion=state.criterion,
        ess=500.0,
        khat=0.1,
        log_z=0.0,
        certificate=Certificate(0.5, 0.1, 0.0, 0.01, None, 0.0, 4096, True, True, "made up."),
        valid=valid,
        samples=4096,
        sentence="made up.",
        fan=fan_of(state),
        weights=np.ones(len(fan_of(state).curves)),
        front=Front(none, none, none, none.astype(bool), none, none.astype(bool)),
        refining=False,
    )


def parts(state: StreetState, shared_kw: float = 1.0) -> PartsAnswer:
    """One kW for every household, λ kW more of each under the tuned law."""
    return PartsAnswer(state, _alike(state, 1.0 + state.lam, shared_kw), _alike(state, 1.0, 1.0))


def _alike(state: StreetState, each_kw: float, shared_kw: float) -> Attribution:
    ids, numbers = zip(*state.composition.counts, strict=True)
    counts = np.array(numbers)
    curves = np.full((len(ids), WEEK), each_kw) * counts[:, None]
    return Attribution(ids, counts, curves, np.full(WEEK, shared_kw), each_kw * counts, shared_kw)


class FakeModel:
    """Stands for a trained model."""

    kind = "compvae"
    provenance: Mapping[str, str] = MappingProxyType({"dataset": "Elsewhere"})


class FakeStreets:
    """Loads at once, draws flat fans; remembers what was asked."""

    def __init__(self) -> None:
        self.fans: list[StreetState] = []
        self.error: Exception | None = None

    def load(self, tree: Any) -> Generator[LoadedModel, None, None]:
        if self.error is not None:
            raise self.error
        yield LoadedModel(tree, FakeModel(), "CPU, 1 thread")  # type: ignore[arg-type]

    def fan(self, request: StreetRequest) -> Generator[FanAnswer | None, None, None]:
        if self.error is not None:
            raise self.error
        self.fans.append(request.state)
        yield FanAnswer(request.state, fan_of(request.state), request.state.composition.size, 0.0)


class FakeTunings:
    """Answers any λ with itself."""

    def __init__(self) -> None:
        self.answers: list[StreetState] = []
        self.shared_out: list[StreetState] = []
        self.climbs = 0
        self.adopted: list[object] = []

    def answer(self, request: StreetRequest) -> Generator[TunedAnswer | None, None, None]:
        self.answers.append(request.state)
        yield tuned(request.state)

    def parts(self, request: StreetRequest) -> Generator[PartsAnswer | None, None, None]:
        self.shared_out.append(request.state)
        yield parts(request.state)

    def apart(self, request: StreetRequest) -> Generator[None, None, None]:
        yield None

    def settle(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        yield None

    def climb(self, request: StreetRequest) -> Generator[Improved | None, None, None]:
        self.climbs += 1
        yield None

    def solve(
        self, request: StreetRequest, goal: str, target: float
    ) -> Generator[float | None, None, None]:
        yield (2.0 * target) ** 0.5

    def levels(self, request: StreetRequest) -> Generator[object, None, None]:
        yield None

    def reference_job(self, request: StreetRequest) -> Generator[object, None, None]:
        yield None

    def adopt(self, request: StreetRequest, snapshot: object) -> Generator[Improved, None, None]:
        self.adopted.append(snapshot)
        yield Improved(tuning_key(request), settled=True)

    def flow_job(self, request: StreetRequest) -> Generator[object, None, None]:
        yield None


class FakeDialogs(Dialogs):
    """Answers every question as told."""

    def __init__(self, choice: Choice = Choice.CANCEL, path: Path | None = None) -> None:
        self.choice, self.path = choice, path
        self.asked: list[str] = []

    def save_before_losing(self, parent: QWidget, name: str, at_work: Sequence[str] = ()) -> Choice:
        self.asked += [name, *at_work]
        return self.choice

    def end_anyway(self, parent: QWidget, at_work: Sequence[str]) -> bool:
        self.asked += at_work
        return self.choice is Choice.DISCARD

    def replace_anyway(self, parent: QWidget, name: str) -> bool:
        self.asked.append(name)
        return self.choice is Choice.SAVE

    def open_path(self, parent: QWidget, title: str, kinds: str) -> Path | None:
        self.asked.append(title)
        return self.path

    def save_path(self, parent: QWidget, title: str, suggestion: str, kinds: str) -> Path | None:
        self.asked.append(title)
        return self.path


def crashed_session(left: Workspace, file: Path | None = None) -> Path:
    """Leave behind what a killed studio would; return its folder."""
    live = LiveSession()
    live.autosave(left, file)
    owner = live.folder / OWNER
    told = json.loads(owner.read_text())
    owner.write_text(json.dumps({**told, "started": 1.0}))
    return live.folder
