"""The compose page: every gesture is a verb of the session, every answer is shown."""

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPushButton,
    QSlider,
    QSplitter,
    QTableView,
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

from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import DARK, LIGHT, theme

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
    return small_session()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def panel(qtbot: QtBot, session: Session, service: FakeService) -> ComposePanel:
    return compose_page(session, service, qtbot)


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


def test_two_criteria_have_room_for_their_pad(panel: ComposePanel, session: Session) -> None:
    rows = panel.findChild(QSplitter, "compose_rows")
    panel.resize(1268, 700)
    before = rows.sizes()
    session.set_second("flexibility")
    assert rows.sizes()[1] > 0.4 * sum(before)
    assert sum(rows.sizes()) == sum(before)
    session.undo_stack.undo()
    assert abs(rows.sizes()[1] - before[1]) < 20  # what it needs at least may have grown
