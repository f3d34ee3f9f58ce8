"""The λ strip: its twins agree, wishes go out once, answers come in silently."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot
from street_fakes import tuned_answer

from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.street.answers import Front, LevelsAnswer
from lvm_studio.studio.theme import LIGHT, theme
from lvm_studio.studio.widgets.tuning.criteria_help import CRITERIA_HELP, OFFERED, help_of
from lvm_studio.studio.widgets.tuning.lam_control import LamControl
from lvm_studio.studio.widgets.tuning.lam_fields import GROOVE_HEIGHT, LamSlider, next_odds
from lvm_studio.studio.widgets.tuning.lam_words import base_text, figures_text
from lvm_studio.studio.widgets.tuning.levels_plot import levels_text
from lvm_studio.tuning.criteria.criterion import CRITERIA


@pytest.fixture
def control(qtbot: QtBot) -> LamControl:
    made = LamControl(LIGHT)
    qtbot.addWidget(made)
    made.resize(900, 160)
    made.set_criterion("peak")
    made.show()
    return made


def text(control: LamControl, name: str) -> str:
    label = control.findChild(QLabel, name)
    assert label is not None
    return label.text()


@pytest.mark.parametrize("lam", [-3.0, 0.0, 3.0])
def test_the_slider_is_filled_from_zero(qtbot: QtBot, lam: float) -> None:
    slider = LamSlider()
    qtbot.addWidget(slider)
    slider.resize(301, slider.sizeHint().height())
    slider.show_lam(lam)
    picture, accent = slider.grab().toImage(), QColor(theme().colours.accent)
    rows = range(picture.height())

    def filled(x: int) -> bool:
        return sum(picture.pixelColor(x, y) == accent for y in rows) >= GROOVE_HEIGHT

    assert [filled(x) for x in (10, 110, 190, 290)] == [False, lam < 0, lam > 0, False]


def test_the_slider_hears_a_press_on_its_ticks(qtbot: QtBot) -> None:
    slider = LamSlider()
    qtbot.addWidget(slider)
    slider.resize(300, slider.sizeHint().height())
    slider.show()
    on_ticks = QPoint(280, slider.height() - 2)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=on_ticks)
    assert slider.lam() == 0.5  # a page


def test_the_list_has_every_criterion_with_its_unit(control: LamControl) -> None:
    names = [control.criterion_box.itemData(i) for i in range(control.criterion_box.count())]
    assert names == list(OFFERED)
    assert names[: len(CRITERIA)] == list(CRITERIA)
    for name, criterion in CRITERIA.items():
        assert CRITERIA_HELP[name].unit == criterion.unit
        assert CRITERIA_HELP[name].title == criterion.title
        assert "Eq. 10." in CRITERIA_HELP[name].tooltip()


def test_choosing_a_criterion_asks_for_it(control: LamControl, qtbot: QtBot) -> None:
    with qtbot.waitSignal(control.criterion_chosen) as asked:
        control.criterion_box.activated.emit(0)
    assert asked.args == ["peak"]


def test_slider_and_field_show_lam_silently(control: LamControl, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(control.lam_asked):
        control.set_lam(1.23)
    assert control.slider.lam() == pytest.approx(1.23)
    assert control.field.value() == pytest.approx(1.23)


@pytest.mark.parametrize(
    ("key", "lam"),
    [
        (Qt.Key.Key_Right, 1.05),
        (Qt.Key.Key_Left, 0.95),
        (Qt.Key.Key_PageUp, 1.5),
        (Qt.Key.Key_Home, 0.0),
        (Qt.Key.Key_End, 5.0),
    ],
)
def test_keys_on_the_slider(control: LamControl, qtbot: QtBot, key: Qt.Key, lam: float) -> None:
    control.set_lam(1.0)
    with qtbot.waitSignal(control.lam_asked) as asked:
        qtbot.keyClick(control.slider, key)
    assert asked.args == [pytest.approx(lam)]


def test_reset_goes_to_zero(control: LamControl, qtbot: QtBot) -> None:
    reset = control.findChild(QToolButton, "lam_reset")
    assert reset is not None
    control.set_lam(0.0)
    assert not reset.isEnabled()
    control.set_lam(2.0)
    with qtbot.waitSignal(control.lam_asked) as asked:
        reset.click()
    assert asked.args == [0.0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("kl_field", "kl"), ("odds_field", "one_in_n"), ("expectation_field", "expectation")],
)
def test_typing_a_target_asks_once(control: LamControl, qtbot: QtBot, name: str, kind: str) -> None:
    field = getattr(control, name)
    asked: list[tuple[str, float]] = []
    control.target_asked.connect(lambda k, v: asked.append((k, v)))
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "12")
    assert asked == []
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked == [(kind, 12.0)]


def test_an_answer_fills_every_twin_without_asking(control: LamControl, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(control.target_asked), qtbot.assertNotEmitted(control.lam_asked):
        control.show_answer(tuned_answer(StreetState(lam=2.0)))
    assert control.kl_field.value() == pytest.approx(2.0)
    assert control.odds_field.value() == pytest.approx(np.exp(2.0), abs=0.5)
    assert control.expectation_field.value() == pytest.approx(14.0)
    assert text(control, "lam_base") == "E peak  10.0 →"
    for part in ("ESS 819 of 4,096 (20 %)", "k̂ 0.31", "log Z 2.000", "corrected"):
        assert part in control.certificate.words.text()
    assert text(control, "lam_source") == "Reweighted pool of 4,096 base samples."


def test_the_slider_ends_where_the_answers_do(control: LamControl) -> None:
    control.show_answer(tuned_answer(StreetState(), refining=True))
    assert control.slider.end() == 5.0  # not before the answers are as good as they get
    control.show_answer(tuned_answer(StreetState()))
    assert control.slider.end() == 2.5  # its front can be trusted below 3
    control.set_lam(4.5)
    assert control.slider.lam() == 2.5
    assert control.field.value() == 4.5
    control.set_lam(0.0)
    yes = np.ones(3, bool)
    levels, kl = np.arange(3.0), np.array([0, 7.2, 8])
    longer = Front(np.array([0.0, 3.8, 4.0]), levels, kl, yes, np.zeros(3), yes)
    control.show_answer(tuned_answer(StreetState(), front=longer))
    assert control.slider.end() == 4.0  # KL 7.5 lies a little beyond 3.8


def test_the_scale_changes_only_where_the_handle_stays(control: LamControl) -> None:
    """It did when the climb ended: the handle jumped at the same λ."""
    control.set_lam(1.0)
    control.show_answer(tuned_answer(StreetState(lam=1.0)))
    assert control.slider.end() == 5.0
    control.set_lam(0.0)
    assert control.slider.end() == 2.5


def test_the_slider_does_not_move_under_the_hand(control: LamControl) -> None:
    control.slider.setSliderDown(True)
    control.show_answer(tuned_answer(StreetState(lam=1.0)))
    assert control.slider.end() == 5.0


def test_the_quiet_weeks_lie_left_of_zero(control: LamControl, qtbot: QtBot) -> None:
    control.set_lam(0.0)
    with qtbot.waitSignal(control.lam_asked) as asked:
        qtbot.keyClick(control.slider, Qt.Key.Key_Left)
    assert asked.args == [pytest.approx(-0.05)]
    control.set_lam(-7.0)
    assert control.field.value() == -7.0


def test_what_is_held_is_said(control: LamControl) -> None:
    control.set_lam(1.5)
    control.set_held("lam", 0.0)
    assert text(control, "lam_held") == "held: λ = 1.50"
    control.set_held("one_in_n", 100.0)
    assert text(control, "lam_held") == "held: 1 week in 100 (KL = 4.61 nats)"


def test_a_certificate_that_fails_says_why(control: LamControl) -> None:
    sound = tuned_answer(StreetState(lam=2.0))
    control.show_answer(sound)
    assert "no SMC yet" in control.certificate.words.text()
    doubtful = replace(
        sound.certificate, ok=False, sentence="log Z is far off.", reference_log_z=(3.1, 3.0)
    )
    control.show_answer(tuned_answer(StreetState(lam=2.0), certificate=doubtful))
    assert control.certificate.words.text().startswith("log Z is far off.")
    assert "SMC 3.100, 3.000" in control.certificate.words.text()
    heavy = replace(sound.certificate, ok=False, sentence="k̂ 0.90 is too high.", khat=0.9)
    control.show_answer(tuned_answer(StreetState(lam=2.0), certificate=heavy))
    assert control.certificate.words.text().count("k̂") == 1
    control.show_answer(tuned_answer(StreetState(lam=0.0)))
    assert control.certificate.words.text() == ""
    assert control.certificate.isVisibleTo(control)  # its room stays


def test_a_method_is_chosen(control: LamControl, qtbot: QtBot) -> None:
    control.set_method("smc")
    assert control.method_box.currentText() == "Reference"
    with qtbot.waitSignal(control.method_chosen) as asked:
        control.method_box.activated.emit(control.method_box.currentIndex())
    assert asked.args == ["smc"]


def levels(**changes: object) -> LevelsAnswer:
    told = LevelsAnswer(
        state=StreetState(lam=2.0),
        unit="kW",
        one_in_n=1000.0,
        edges=np.linspace(0.0, 10.0, 5),
        base=np.full(4, 0.25),
        tuned=np.array([0.0, 0.1, 0.4, 0.5]),
        base_mean=10.0,
        tuned_mean=29.8,
        quantile=25.4,
        beyond=27.4,
        error=0.3,
    )
    return replace(told, **changes)


def test_each_of_the_three_figures_has_its_name() -> None:
    told = levels_text(levels())
    assert told == (
        "1 in 1,000: level exceeded 25.4, mean beyond it 27.4 ± 0.3, tuned mean 29.8 kW."
    )
    assert "too few" in levels_text(levels(quantile=None, beyond=None))
    assert "base law 10.0 kW" in levels_text(levels(one_in_n=1.0))


def test_the_histograms_of_an_answer_are_drawn(control: LamControl) -> None:
    control.levels.show_levels(levels())
    assert "25.4" in control.levels.words.text()
    control.show_answer(None)
    assert "25.4" not in control.levels.words.text()


def test_figures_are_greyed_when_few_samples_carry_them(control: LamControl) -> None:
    black = control.kl_field.lineEdit().palette().text().color()
    control.show_answer(tuned_answer(StreetState(lam=2.0), valid=False, ess=47.0))
    assert control.kl_field.lineEdit().palette().text().color() != black
    assert control.kl_field.isEnabled()  # another can be typed
    control.show_answer(tuned_answer(StreetState(lam=1.0)))
    assert control.kl_field.lineEdit().palette().text().color() == black


def test_beyond_all_odds_is_said_in_words(control: LamControl) -> None:
    answer = tuned_answer(StreetState(lam=5.0), kl=40.0, one_in_n=float("inf"))
    control.show_answer(answer)
    assert control.odds_field.text() == "1 week in > 10⁷"
    assert control.kl_field.value() == 40.0
    assert "beyond 1 in 10⁹" in figures_text(answer)


def test_a_drag_ends_where_there_is_nothing_to_tune(control: LamControl, qtbot: QtBot) -> None:
    control.set_available(True)
    control.slider.setSliderDown(True)
    with qtbot.waitSignal(control.drag_ended):
        control.set_available(False)


def test_figures_below_zero_have_a_true_minus() -> None:
    answer = tuned_answer(StreetState(lam=5.0), base_expectation=-4.0, expectation=-2.5, khat=-0.1)
    told = figures_text(answer) + base_text(answer) + levels_text(levels(base_mean=-4.0))
    assert "−4.0 → −2.5" in told
    assert "-" not in told


def test_a_click_on_the_front_asks_for_the_nearest_lam(control: LamControl) -> None:
    control.show_answer(tuned_answer(StreetState(lam=2.0)))
    assert control.front.nearest_lam(2.1, 14.1) == pytest.approx(2.0)
    control.show_answer(None)
    assert control.front.nearest_lam(2.1, 14.1) is None


def test_computing_shows_only_after_a_while(control: LamControl, qtbot: QtBot) -> None:
    control.computing.begin()
    assert text(control, "lam_computing") == ""
    qtbot.waitUntil(lambda: text(control, "lam_computing") == "computing …", timeout=2000)
    control.show_answer(None)
    assert text(control, "lam_computing") == ""


def test_typed_text_is_not_overwritten_by_an_answer(control: LamControl, qtbot: QtBot) -> None:
    control.activateWindow()
    control.kl_field.setFocus()
    qtbot.waitUntil(control.kl_field.hasFocus, timeout=1000)
    control.kl_field.selectAll()
    qtbot.keyClicks(control.kl_field, "6.9")
    control.show_answer(tuned_answer(StreetState(lam=2.0)))
    assert control.kl_field.text().startswith("6.9")


@pytest.mark.parametrize(
    ("value", "up", "expected"),
    [(1, False, 1), (1, True, 2), (99, True, 100), (100, True, 200), (100, False, 50)],
)
def test_odds_step_through_round_numbers(value: float, up: bool, expected: float) -> None:
    assert next_odds(value, up=up) == expected


@pytest.mark.parametrize("name", [*OFFERED, "distance:3=1,2", "peak-0.5*ramp:2h@mean", "of-old"])
def test_any_criterion_can_be_shown(control: LamControl, name: str) -> None:
    control.set_criterion(name)
    control.set_held("expectation", 3.0)
    assert control.criterion_box.currentText() == help_of(name).title


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("energy: 6-9", "energy:6-9"), ("8 h Sustained", "sustained"), ("peak+ramp", "peak+ramp")],
)
def test_a_criterion_can_be_typed(
    control: LamControl, qtbot: QtBot, typed: str, meant: str
) -> None:
    with qtbot.waitSignal(control.criterion_chosen) as chosen:
        control.criterion_box.setEditText(typed)
        control.criterion_box.lineEdit().editingFinished.emit()
    assert chosen.args == [meant]
    assert control.criterion_box.currentText() == help_of(meant).title


@pytest.mark.parametrize("typed", ["height", "class:4", "energy:9-9"])
def test_what_is_no_criterion_is_refused_in_a_sentence(
    control: LamControl, qtbot: QtBot, typed: str
) -> None:
    control.set_criterion("flexibility")
    with (
        qtbot.waitSignal(control.criterion_refused) as refused,
        qtbot.assertNotEmitted(control.criterion_chosen),
    ):
        control.criterion_box.setEditText(typed)
        control.criterion_box.lineEdit().editingFinished.emit()
    assert typed in refused.args[0]
    assert control.criterion_box.currentText() == "Flexibility"


def test_a_quantile_is_asked_for_with_its_share(control: LamControl, qtbot: QtBot) -> None:
    control.share_field.show_value(10.0)
    with qtbot.waitSignal(control.quantile_asked) as asked:
        control.quantile_field.setValue(61.5)
    assert asked.args == [61.5, pytest.approx(0.9)]
    control.set_held("quantile", 61.5, 0.9)
    assert "10 % of the weeks above 61.5 kW" in control.findChild(QLabel, "lam_held").text()
    control.set_held("lam", 0.0)
    assert control.quantile_field.text() == "type a level"


def test_the_correction_is_a_switch(control: LamControl, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(control.corrected_asked):
        control.set_corrected(False)
    with qtbot.waitSignal(control.corrected_asked) as asked:
        control.corrected_box.click()
    assert asked.args == [True]


def test_no_text_that_comes_and_goes_moves_the_slider(control: LamControl) -> None:
    """It did: the row grew with what is held, and λ jumped while it was dragged."""
    control.resize(760, 200)
    QApplication.processEvents()
    before = control.slider.geometry()
    control.computing.begin()
    control.findChild(QLabel, "lam_held").setText("held: " + 8 * "a long goal ")
    QApplication.processEvents()
    assert control.slider.geometry() == before
    control.computing.end()
