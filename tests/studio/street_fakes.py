"""A small made-up street, a service that answers when told to, and drops without a pointer."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.qtbot import QtBot

from lvm_studio.analysis.fan import Fan, make_fan
from lvm_studio.data.composition import Composition
from lvm_studio.data.households import HouseholdSet, Provenance
from lvm_studio.data.split import choose_split
from lvm_studio.data.units import WEEK
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.answers import FanAnswer, Front, TunedAnswer
from lvm_studio.tuning.certificate import Certificate

WEEK_IDS = tuple(f"2013-W{week:02d}" for week in range(2, 6))
START = np.datetime64("2013-01-07T00:00", "m")
IDS = tuple(f"H{number:02d}" for number in range(12))


def small_street(name: str = "Street") -> HouseholdSet:
    """Twelve households over four weeks; H03 is suspect, odd ones pay by time of use."""
    generator = np.random.default_rng(0)
    steps = len(WEEK_IDS) * WEEK
    suspect = np.array(["", "", "", "mostly zero"] + [""] * 8)
    tariff = np.array(["Std", "ToU"] * 6)
    level = np.arange(1, 13)[:, None] * 100.0
    return HouseholdSet(
        name=name,
        household_ids=IDS,
        power_w=(level * generator.gamma(4.0, 0.25, (12, steps))).astype(np.float32),
        start=START,
        metadata={
            "suspect": suspect,
            "tariff": tariff,
            "mean_w": np.array([1000.0, 20.0, np.nan, *np.arange(300.0, 1200.0, 100.0)]),
        },
        temperature_c=np.repeat([2.0, 4.0, 6.0, 8.0], WEEK).astype(np.float32),
        time_zone="Europe/London",
        country="GB",
        split=choose_split(IDS, WEEK_IDS, suspect != "", seed=0),
        provenance=Provenance("made up", "none", "", "W", "start", "", ""),
    )


def some_fan(level: float = 10.0, *, count: int = 20, measured: bool = True, seed: int = 0) -> Fan:
    """A fan of `count` curves around `level` kW."""
    generator = np.random.default_rng(seed)
    day = 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(WEEK) / 48)
    curves = level * day * generator.gamma(50.0, 0.02, (count, WEEK))
    return make_fan(curves, START, 1.1 * level * day if measured else None)


def fan_answer(state: StreetState, fan: Fan | None = None) -> FanAnswer:
    """What the service says of the base law."""
    return FanAnswer(state, fan or some_fan(), state.composition.size, 0.04)


def tuned_answer(state: StreetState, **changes: Any) -> TunedAnswer:
    """What the service says of the tuned law: a front with E f = 10 + 2 λ, KL = λ²/2."""
    lam = np.linspace(0.0, 5.0, 11)
    kl = state.lam**2 / 2
    answer = TunedAnswer(
        state=state,
        method="pool",
        lam=state.lam,
        kl=kl,
        one_in_n=float(np.exp(kl)),
        expectation=10.0 + 2.0 * state.lam,
        base_expectation=10.0,
        unit="kW",
        criterion=state.criterion,
        ess=812.0,
        khat=0.31,
        log_z=kl,
        certificate=Certificate(0.2, 0.31, kl, 0.02, None, 0.1, 4096, True, True, "Made up."),
        valid=True,
        samples=4096,
        sentence="Reweighted pool of 4,096 base samples.",
        fan=some_fan(14.0, measured=False),
        weights=np.ones(len(some_fan().curves)),
        front=Front(lam, 10.0 + 2.0 * lam, lam**2 / 2, lam < 3, 0.1 * lam, lam < 1),
        refining=False,
    )
    return replace(answer, **changes)


class FakeCosts(QObject):
    """Has the signals of CostService."""

    progressed = Signal(object)
    measured = Signal(object)
    ended = Signal()
    failed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


class FakeService(QObject):
    """Has the signals and the verb of StreetService; the test says what it answers."""

    computing = Signal()
    fan_ready = Signal(object)
    tuned_computing = Signal()
    tuned_ready = Signal(object)
    parts_ready = Signal(object)
    apart_ready = Signal(object)
    levels_ready = Signal(object)
    surface_ready = Signal(object)
    picture_ready = Signal(object)
    unavailable = Signal(str)
    background_changed = Signal(object)
    model_loading = Signal(str)
    failed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.fan: FanAnswer | None = None
        self.tuned: TunedAnswer | None = None
        self.requests: list[tuple[str, float]] = []
        self.pictures: list[str | None] = []
        self.asked: list[str] = []
        self.costs = FakeCosts()
        self.found: object = None

    def cancel_background(self) -> None:
        self.asked.append("cancel")

    def cancel_sums(self) -> None:
        self.asked.append("cancel sums")

    def form_sums(self) -> None:
        self.asked.append("form sums")

    def allow_background(self) -> None:
        self.asked.append("allow")

    def measure_costs(self) -> bool:
        return True

    def known_costs(self) -> object:
        return self.found

    def show_picture(self, picture: str | None) -> None:
        self.pictures.append(picture)

    def request_lam(self, kind: str, target: float) -> None:
        self.requests.append((kind, target))


def drop(mime: QMimeData, target: QTableView) -> bool:
    """Drag a payload over the middle of a view and let go; False if it was not accepted."""
    viewport = target.viewport()
    middle = viewport.rect().center()
    held = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    enter = QDragEnterEvent(middle, *held)
    QApplication.sendEvent(viewport, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(viewport, QDragMoveEvent(middle, *held))
    event = QDropEvent(QPointF(middle), *held)
    QApplication.sendEvent(viewport, event)
    return event.isAccepted()


def small_session() -> Session:
    """Two of the first household of the small street, in its second week."""
    state = StreetState(
        dataset="Street", model="m", composition=Composition((("H00", 2),)), week=WEEK_IDS[1]
    )
    made = Session()
    made.restore(Workspace(datasets={"Street": small_street()}, street=state.to_tree()), None)
    return made


def compose_page(session: Session, service: FakeService, qtbot: QtBot) -> ComposePanel:
    """The page of this session on screen."""
    made = ComposePanel(session, service)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1024, 600)
    made.show()
    return made
