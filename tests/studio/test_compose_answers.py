"""The compose page shows the answers of the service: fans, figures, who makes the peak."""

from dataclasses import replace

import pytest
import studio_fakes
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QLabel,
    QToolButton,
)
from pytestqt.qtbot import QtBot
from street_fakes import (
    IDS,
    WEEK_IDS,
    FakeService,
    compose_page,
    drop,
    fan_answer,
    small_session,
    small_street,
    some_fan,
    tuned_answer,
)

from lvm_studio.data.composition import Composition
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.street.street_weeks import StreetWeeks, Without
from lvm_studio.studio.widgets.compose.household_mime import households_to_mime
from lvm_studio.studio.widgets.compose.set_summary import why_unmeasured


@pytest.fixture
def session(qapp: object) -> Session:
    return small_session()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def panel(qtbot: QtBot, session: Session, service: FakeService) -> ComposePanel:
    return compose_page(session, service, qtbot)


def label(panel: ComposePanel, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert found is not None
    return found.text()


def test_readings_that_no_meter_made_are_called_simulated(
    panel: ComposePanel, session: Session
) -> None:
    key = panel.fan.legend.findChild(QToolButton, "fan_key_measured")
    assert key.text() == "Measured"
    session.add_dataset(simulate_street(StreetSpec(4, 3, 0)))
    titles = [one.text() for one in panel.readouts.findChildren(QLabel)]
    assert key.text() == "Simulated"
    assert "Simulated" in titles
    assert "Measured" not in titles
    assert "no meter" in key.toolTip()


def test_answers_are_shown(panel: ComposePanel, session: Session, service: FakeService) -> None:
    session.set_lam(1.0)
    service.fan_ready.emit(fan_answer(session.state))
    service.tuned_ready.emit(tuned_answer(session.state))
    panel.figures.now()
    assert label(panel, "readout_base_0") != "–"
    assert label(panel, "readout_tuned_0") != "–"
    assert "20 weeks sampled" in label(panel, "readouts_source")
    assert "10.0 →" in label(panel, "lam_base")
    assert panel.lam.expectation_field.text() == "12.0 kW"


def test_a_tuned_fan_of_the_street_before_is_no_answer(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    session.set_lam(1.0)
    service.fan_ready.emit(fan_answer(session.state))
    service.tuned_ready.emit(tuned_answer(session.state))  # its figures still wait to be told
    session.set_count("H00", 3)
    service.fan_ready.emit(fan_answer(session.state))
    assert label(panel, "readout_tuned_0") == "–"
    assert panel.lam.kl_field.grey
    service.tuned_ready.emit(tuned_answer(session.state))
    panel.figures.now()
    assert label(panel, "readout_tuned_0") != "–"
    assert not panel.lam.kl_field.grey


def test_figures_follow_the_curves_and_only_the_latest_are_told(
    panel: ComposePanel,
    session: Session,
    service: FakeService,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.fan_ready.emit(fan_answer(session.state))
    told: list[float] = []
    monkeypatch.setattr(panel.lam, "show_answer", lambda answer: told.append(answer.lam))
    for lam in (0.5, 1.0, 1.5):
        service.tuned_ready.emit(tuned_answer(StreetState(lam=lam)))
    assert told == []
    qtbot.waitUntil(lambda: bool(told))
    assert told == [1.5]
    assert label(panel, "readout_tuned_0") != "–"


def test_it_says_why_nothing_was_measured(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    service.fan_ready.emit(fan_answer(session.state))
    assert "No measured week" not in label(panel, "readouts_source")
    session.set_own_temperature((1.0,) * 7)
    service.fan_ready.emit(fan_answer(session.state, some_fan(measured=False)))
    assert "No measured week: the temperature is your own." in label(panel, "readouts_source")
    assert "your own" in panel.findChild(QLabel, "readout_measured_0").toolTip()


def test_a_gap_in_the_readings_is_named() -> None:
    street = small_street()
    street.power_w[1, 400] = street.power_w[2, 400] = float("nan")
    three = Composition((("H00", 1), ("H01", 1), ("H02", 2)))
    state = StreetState(dataset="Street", composition=three, week=WEEK_IDS[1])
    assert why_unmeasured(street, state) == (
        f"No measured week: readings of H01 and 1 more are missing in {WEEK_IDS[1]}."
    )
    assert why_unmeasured(street, state.with_changes(week=WEEK_IDS[2])) == ""


def test_an_unknown_temperature_is_not_called_measured(qtbot: QtBot, service: FakeService) -> None:
    street = small_street()
    street.temperature_c[:] = float("nan")
    state = StreetState(dataset="Street", model="m", week=WEEK_IDS[1])
    session = Session()
    session.restore(Workspace(datasets={"Street": street}, street=state.to_tree()), None)
    panel = ComposePanel(session, service)
    qtbot.addWidget(panel)
    assert panel.temperature._title.text() == "Temperature unknown, assumed (°C)"
    assert "°C" not in panel.weeks.box.currentText()


def test_at_lam_zero_there_is_no_tuned_fan(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    service.fan_ready.emit(fan_answer(session.state))
    service.tuned_ready.emit(tuned_answer(session.state))
    panel.figures.now()
    assert label(panel, "readout_tuned_0") == "–"
    assert panel.lam.kl_field.text() == "0.00 nats"


def test_nothing_to_compute_clears_the_page_and_says_why(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    service.fan_ready.emit(fan_answer(session.state))
    session.clear_composition()
    service.unavailable.emit("The composition is empty.")
    assert label(panel, "readout_base_0") == "–"
    assert not panel.lam.slider.isEnabled()
    assert any(w.text() == "The composition is empty." for w in panel.fan.findChildren(QLabel))


def test_an_answer_from_before_the_panel_is_shown(
    qtbot: QtBot, session: Session, service: FakeService
) -> None:
    service.fan = fan_answer(session.state, some_fan(33.0))
    made = ComposePanel(session, service)
    qtbot.addWidget(made)
    assert label(made, "readout_base_1").startswith("6")


def test_while_another_model_loads_its_predecessor_steps_back(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    service.fan = fan_answer(session.state)
    service.fan_ready.emit(service.fan)
    drawn = panel.fan.canvas.getViewBox().childGroup
    service.model_loading.emit("another")
    assert drawn.opacity() < 0.5
    assert label(panel, "readouts_source").endswith("Loading the model “another” …")
    service.fan_ready.emit(fan_answer(session.state))
    assert drawn.opacity() == 1.0
    assert "Loading" not in label(panel, "readouts_source")


def test_with_the_real_service_a_drop_and_a_slide_are_answered(qtbot: QtBot) -> None:
    session = Session()
    session.restore(studio_fakes.workspace(), None)
    service = StreetService(session, studio_fakes.FakeStreets(), studio_fakes.FakeTunings())
    panel = ComposePanel(session, service)
    qtbot.addWidget(panel)
    service.start()
    try:
        qtbot.waitUntil(lambda: label(panel, "readout_base_1").startswith("3.0"), timeout=5000)
        assert label(panel, "readouts_source").endswith("The model learned from Elsewhere.")
        assert drop(households_to_mime(["C", "D"]), panel.composition.table)
        qtbot.waitUntil(lambda: label(panel, "readout_base_1").startswith("5.0"), timeout=5000)
        panel.lam.slider.setValue(100)
        qtbot.waitUntil(lambda: label(panel, "readout_tuned_1") != "–", timeout=5000)
        session.clear_composition()
        assert label(panel, "readout_base_1") == "–"
    finally:
        service.stop()


class PuppetMailbox(QObject):
    """Notes what is posted; the test answers."""

    answered = Signal(object)
    failed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[object] = []

    def post(self, work: object) -> None:
        self.posted.append(work)


def test_the_peak_without_the_one_row_selected_is_said(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    mailbox = PuppetMailbox()
    service.open_mailbox = lambda: mailbox  # type: ignore[attr-defined]
    session.add_households((IDS[4],))
    session.set_lam(1.0)
    street = small_street()
    weeks = StreetWeeks(street, street, street, street, 0)  # type: ignore[arg-type]
    service.parts_ready.emit(replace(studio_fakes.parts(session.state), weeks=weeks))
    panel.composition.table.selectRow(0)
    assert len(mailbox.posted) == 1
    mailbox.answered.emit(Without("H00", 2.4, 2.1))
    assert (
        label(panel, "composition_peak") == "Without H00 the peak is 2.4 kW lower (base law: 2.1)"
    )
    panel.composition.table.selectAll()
    assert label(panel, "composition_peak").startswith("Peak 7.0 kW")
    mailbox.answered.emit(Without("H00", 2.4, 2.1))  # it comes too late
    assert label(panel, "composition_peak").startswith("Peak 7.0 kW")


def test_the_part_of_the_selected_rows_is_drawn_until_another_street_comes(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    session.add_households((IDS[4],))
    service.fan_ready.emit(fan_answer(session.state))
    service.parts_ready.emit(studio_fakes.parts(session.state, shared_kw=0.5))
    assert label(panel, "composition_peak") == "Peak 3.5 kW: 3.0 by households, 0.5 shared"
    key = panel.findChild(QToolButton, "fan_key_part")
    assert key is not None
    assert not key.isEnabled()
    panel.composition.table.selectRow(0)
    assert key.isEnabled()
    service.tuned_computing.emit()
    assert not key.isEnabled()
    service.parts_ready.emit(studio_fakes.parts(session.state))
    assert key.isEnabled()
    service.unavailable.emit("Nothing to compute.")
    assert key.isHidden()
    assert panel.findChild(QLabel, "composition_peak").isHidden()
