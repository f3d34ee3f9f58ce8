"""The compose page: every gesture is a verb of the session, every answer is shown."""

from dataclasses import replace

import pytest
import studio_fakes
from PySide6.QtCore import QItemSelectionModel, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPushButton,
    QSlider,
    QTableView,
    QToolButton,
)
from pytestqt.qtbot import QtBot
from street_fakes import (
    IDS,
    WEEK_IDS,
    FakeService,
    drop,
    fan_answer,
    small_street,
    some_fan,
    tuned_answer,
)

from lvm_studio.data.composition import Composition
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.parts_work import StreetWeeks, Without
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.theme import DARK, LIGHT, theme
from lvm_studio.studio.widgets.compose.household_mime import households_to_mime
from lvm_studio.studio.widgets.compose.set_summary import why_unmeasured

NAMES = {
    "library": QTableView,
    "composition_drop": QTableView,
    "week_box": QComboBox,
    "criterion_box": QComboBox,
    "lam_slider": QSlider,
    "lam_field": QDoubleSpinBox,
    "kl_field": QDoubleSpinBox,
    "one_in_n_field": QDoubleSpinBox,
}


@pytest.fixture
def session(qapp: object) -> Session:
    state = StreetState(
        dataset="Street", model="m", composition=Composition((("H00", 2),)), week=WEEK_IDS[1]
    )
    made = Session()
    made.restore(Workspace(datasets={"Street": small_street()}, street=state.to_tree()), None)
    return made


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def panel(qtbot: QtBot, session: Session, service: FakeService) -> ComposePanel:
    made = ComposePanel(session, service)
    qtbot.addWidget(made)
    made.resize(1024, 600)
    made.show()
    return made


def counts(session: Session) -> dict[str, int]:
    return dict(session.state.composition.counts)


def steps(session: Session) -> int:
    return session.undo_stack.count()


def label(panel: ComposePanel, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert found is not None
    return found.text()


def test_widgets_have_the_names_that_journeys_look_for(panel: ComposePanel) -> None:
    for name, kind in NAMES.items():
        assert panel.findChild(kind, name) is not None, name
    for name in ("library_search", "composition", "fan", "front"):
        assert panel.findChild(object, name) is not None, name


def test_a_drop_is_one_step_of_undo(panel: ComposePanel, session: Session) -> None:
    library = panel.library.table
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in (0, 4):
        library.selectionModel().select(library.model().index(row, 0), flags)
    mime = library.model().mimeData(library.selectionModel().selectedIndexes())
    assert drop(mime, panel.composition.table)
    assert counts(session) == {"H00": 3, "H04": 1}
    assert steps(session) == 1
    session.undo_stack.undo()
    assert counts(session) == {"H00": 2}
    assert panel.composition.table.model().rowCount() == 1


def test_enter_in_the_library_adds(panel: ComposePanel, session: Session, qtbot: QtBot) -> None:
    panel.library.table.selectRow(5)
    qtbot.keyClick(panel.library.table, Qt.Key.Key_Return)
    assert counts(session) == {"H00": 2, "H05": 1}


def test_add_like_these_adds_that_many(panel: ComposePanel, session: Session) -> None:
    panel.findChild(QPushButton, "library_add_like").click()
    assert session.state.composition.size == 12
    assert steps(session) == 1


def test_edits_of_the_composition_go_through_the_session(
    panel: ComposePanel, session: Session, qtbot: QtBot
) -> None:
    table = panel.composition.table
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Plus)
    assert counts(session) == {"H00": 3}
    qtbot.keyClick(table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert counts(session) == {"H00": 6}
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert counts(session) == {}
    assert steps(session) == 3


def test_weeks_are_listed_with_date_temperature_and_split(
    panel: ComposePanel, session: Session
) -> None:
    box = panel.weeks.box
    assert [box.itemData(i) for i in range(box.count())] == list(WEEK_IDS)
    assert box.itemText(0).startswith("7 Jan 2013 (W02), 2.0 °C")
    held_out = {box.itemData(i) for i in range(box.count()) if "held out" in box.itemText(i)}
    assert held_out == set(session.households.split.heldout_weeks)
    assert box.currentData() == WEEK_IDS[1]


def test_arrows_step_through_the_weeks(panel: ComposePanel, session: Session) -> None:
    forward = next(b for b in panel.weeks.children() if b.property("toolTip") == "Week after")
    forward.click()
    assert session.state.week == WEEK_IDS[2]
    forward.click()
    assert session.state.week == WEEK_IDS[3]
    assert not forward.isEnabled()


def test_a_day_of_its_own_and_back_to_measured(panel: ComposePanel, session: Session) -> None:
    tuesday = panel.findChild(QDoubleSpinBox, "temperature_tue")
    assert tuesday.value() == pytest.approx(4.0)
    tuesday.setValue(-3.0)
    assert session.state.own_temperature == (4.0, -3.0, 4.0, 4.0, 4.0, 4.0, 4.0)
    shift = panel.findChild(QDoubleSpinBox, "temperature_shift")
    assert shift.value() == pytest.approx(-1.0)
    panel.findChild(QPushButton, "temperature_reset").click()
    assert session.state.own_temperature is None
    assert tuesday.value() == pytest.approx(4.0)


def test_a_shift_moves_all_days(panel: ComposePanel, session: Session) -> None:
    panel.findChild(QDoubleSpinBox, "temperature_shift").setValue(2.5)
    assert session.state.own_temperature == (6.5,) * 7
    panel.findChild(QDoubleSpinBox, "temperature_shift").setValue(-1.0)
    assert session.state.own_temperature == (3.0,) * 7
    assert steps(session) == 1


def test_a_half_hourly_profile_is_shown_by_its_daily_means(
    panel: ComposePanel, session: Session
) -> None:
    session.set_own_temperature([float(day) for day in range(7) for _ in range(48)])
    assert panel.temperature.profile() == tuple(float(day) for day in range(7))


def test_a_drag_of_the_slider_is_one_step(panel: ComposePanel, session: Session) -> None:
    slider = panel.lam.slider
    for target in (60, 120):
        slider.setSliderDown(True)
        for value in range(target - 20, target, 5):
            slider.setValue(value)
        slider.setSliderDown(False)
    assert session.state.lam == pytest.approx(1.15)
    assert steps(session) == 2
    session.undo_stack.undo()
    assert session.state.lam == pytest.approx(0.55)
    assert panel.lam.field.value() == pytest.approx(0.55)


def test_a_typed_lam_moves_the_slider(panel: ComposePanel, session: Session) -> None:
    panel.lam.field.setValue(2.5)
    assert session.state.lam == 2.5
    assert panel.lam.slider.lam() == pytest.approx(2.5)


def test_targets_go_to_the_service(panel: ComposePanel, service: FakeService) -> None:
    panel.lam.kl_field.setValue(2.0)
    panel.lam.odds_field.setValue(100.0)
    assert service.requests == [("kl", 2.0), ("one_in_n", 100.0)]


def test_a_criterion_is_chosen(panel: ComposePanel, session: Session) -> None:
    box = panel.lam.criterion_box
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert session.state.criterion == "flexibility"
    assert panel.lam.expectation_field.suffix() == " kWh"


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


def test_another_dataset_replaces_library_and_weeks(panel: ComposePanel, session: Session) -> None:
    street = small_street("Other")
    ids = tuple(f"X{name}" for name in IDS)
    split = type(street.split)(
        street.split.train_weeks, street.split.heldout_weeks, ids[:9], ids[9:], 0
    )
    session.add_dataset(
        type(street)(**{**vars(street), "household_ids": ids, "split": split, "name": "Other"})
    )
    assert set(panel.library.shown_ids()) == set(ids)
    session.undo_stack.undo()
    assert set(panel.library.shown_ids()) == set(IDS)


def test_with_the_real_service_a_drop_and_a_slide_are_answered(qtbot: QtBot) -> None:
    session = Session()
    session.restore(studio_fakes.workspace(), None)
    service = StreetService(session, studio_fakes.FakeStreets(), studio_fakes.FakeTunings())
    panel = ComposePanel(session, service)
    qtbot.addWidget(panel)
    service.start()
    try:
        qtbot.waitUntil(lambda: label(panel, "readout_base_1").startswith("3.0"), timeout=5000)
        assert drop(households_to_mime(["C", "D"]), panel.composition.table)
        qtbot.waitUntil(lambda: label(panel, "readout_base_1").startswith("5.0"), timeout=5000)
        panel.lam.slider.setValue(100)
        qtbot.waitUntil(lambda: label(panel, "readout_tuned_1") != "–", timeout=5000)
        session.clear_composition()
        assert label(panel, "readout_base_1") == "–"
    finally:
        service.stop()


def test_a_session_with_nothing_open_is_shown_empty(qtbot: QtBot, service: FakeService) -> None:
    made = ComposePanel(Session(), service)
    qtbot.addWidget(made)
    assert made.library.shown_ids() == ()


def test_it_fits_the_smallest_window(
    panel: ComposePanel, session: Session, service: FakeService
) -> None:
    session.set_lam(1.0)
    service.fan_ready.emit(fan_answer(session.state, some_fan(50.0)))
    service.tuned_ready.emit(tuned_answer(session.state))
    assert panel.minimumSizeHint().width() <= 1010
    assert panel.minimumSizeHint().height() <= 560


def test_it_follows_the_theme(panel: ComposePanel) -> None:
    theme().changed.emit(DARK)
    assert panel.fan.canvas.backgroundBrush().color().name().lower() == DARK.plot.lower()
    theme().changed.emit(LIGHT)
    assert panel.fan.canvas.backgroundBrush().color().name().lower() == LIGHT.plot.lower()


def test_adding_like_these_again_draws_others(panel: ComposePanel, session: Session) -> None:
    panel.findChild(QPushButton, "library_add_like").click()
    first = counts(session)
    panel.findChild(QPushButton, "library_add_like").click()
    added = {name: n - first.get(name, 0) for name, n in counts(session).items()}
    assert sum(added.values()) == 10
    assert {name for name, n in added.items() if n} != set(first)


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
    assert label(panel, "composition_peak") == "Peak 3.5 kW: 3.0 households, 0.5 shared"
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
