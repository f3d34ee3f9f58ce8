"""What is tuned: Σw or z alone, two criteria; on the compute thread, in the strip, on the pad."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from studio_fakes import households, small_model, workspace

from lvm_studio.data.composition import Composition
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.session import Session
from lvm_studio.studio.street import rivals_work
from lvm_studio.studio.street.answers import (
    ApartAnswer,
    PairFigures,
    PairSurface,
    StreetRequest,
    TunedAnswer,
)
from lvm_studio.studio.street.tuned_keys import pair_key, tuning_key
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.studio.theme import DARK, LIGHT
from lvm_studio.studio.widgets.tuning.certificate_strip import certificate_text
from lvm_studio.studio.widgets.tuning.lam_control import LamControl
from lvm_studio.studio.widgets.tuning.pair_axes import PairAxes, deviations
from lvm_studio.studio.widgets.tuning.pair_inverse import PairInverse, polar
from lvm_studio.studio.widgets.tuning.pair_pad import PairPad
from lvm_studio.studio.widgets.tuning.tuned_row import TunedRow
from lvm_studio.tuning.pair_job import PairKnown
from lvm_studio.tuning.vector import VectorPool, pareto_surface

DATA = households()
CHEAP = "energy:17-20"
"""Two noises are enough for it: latents left alone cost a decode each."""


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return small_model(DATA)


@pytest.fixture(scope="module")
def tunings() -> TunedWork:
    return TunedWork(StreetWork())


def asked(model: TrainedModel, **changes: Any) -> StreetRequest:
    state = StreetState(composition=Composition.parse("A,B*2"), week="2013-W03", samples=64)
    return StreetRequest(state.with_changes(**changes), DATA, model)


def only(work: Generator[Any, None, None]) -> Any:
    (answer,) = [value for value in work if value is not None]
    return answer


# Σw or z alone -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tuned", ["w", "z"])
def test_untuned_latents_keep_the_rows_of_the_base_fan(
    model: TrainedModel, tunings: TunedWork, tuned: str
) -> None:
    base = only(tunings.answer(asked(model)))
    alone = only(tunings.answer(asked(model, tuned=tuned, criterion=CHEAP)))
    np.testing.assert_allclose(alone.fan.curves, base.fan.curves, rtol=1e-4, atol=1e-4)


def test_with_z_alone_the_households_keep_their_prior(
    model: TrainedModel, tunings: TunedWork
) -> None:
    request = asked(model, tuned="z", lam=0.6, criterion=CHEAP)
    tuning = finished(tunings.known(request))
    u = tunings.views.at(request, tuning).u
    base = tunings.views.at(asked(model), finished(tunings.known(asked(model)))).u
    w = model.module.spec.latent_w
    np.testing.assert_array_equal(u[:, :w], base[:, :w])
    assert not np.array_equal(u[:, w:], base[:, w:])


def finished(work: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_both_kls_are_told_apart(model: TrainedModel, tunings: TunedWork) -> None:
    request = asked(model, lam=0.6)
    whole: TunedAnswer = only(tunings.answer(request))
    apart = only(tunings.apart(request))
    assert apart.w + apart.z == pytest.approx(whole.kl, abs=1e-6)
    assert apart.doubt < 0.2
    alone = asked(model, lam=0.6, tuned="w", criterion=CHEAP)
    only_w = only(tunings.apart(alone))
    assert only_w.w == pytest.approx(only(tunings.answer(alone)).kl)
    assert only_w.z == 0.0
    assert not [each for each in tunings.apart(asked(model)) if each is not None]  # λ = 0


def test_what_is_tuned_is_another_tuning(model: TrainedModel) -> None:
    keys = {tuning_key(asked(model, tuned=tuned)) for tuned in ("both", "w", "z")}
    directions = {
        tuning_key(asked(model, second="flexibility", blend=blend)) for blend in (0.0, 90.0)
    }
    assert len(keys | directions) == 5
    blends = (asked(model, second="ramp", blend=blend, lam=1.0 - blend) for blend in (0.0, 9.0))
    assert len({pair_key(request) for request in blends}) == 1
    assert tuning_key(asked(model, blend=1.0)) == tuning_key(asked(model, blend=2.0))


@pytest.mark.parametrize("method", ["rejection", "langevin"])
def test_what_others_would_use_is_shown_with_its_cost_and_a_red_mark(
    model: TrainedModel, tunings: TunedWork, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals_work, "STEPS", 40)
    request = asked(model, lam=0.6, method=method)
    answer: TunedAnswer = only(tunings.answer(request))
    best: TunedAnswer = only(tunings.answer(asked(model, lam=0.6)))
    assert answer.method == method
    assert not answer.valid
    assert not answer.certificate.ok
    assert answer.kl == pytest.approx(best.kl, rel=0.2)
    assert answer.expectation == pytest.approx(best.expectation, rel=0.1)
    assert "a curve)" in answer.sentence
    assert certificate_text(answer.certificate).startswith(answer.certificate.sentence)
    assert "nan" not in certificate_text(answer.certificate)
    assert only(tunings.answer(asked(model, method=method))).method == "pool"  # λ = 0


# Two criteria ------------------------------------------------------------------------------------


def test_two_criteria_are_answered_before_and_after_their_climbs(
    model: TrainedModel, tunings: TunedWork
) -> None:
    request = asked(model, second="flexibility", blend=30.0, lam=0.5)
    before: TunedAnswer = only(tunings.answer(request))
    assert before.method == "pool"
    assert before.pair is not None
    assert before.pair.criteria == ("peak", "flexibility")
    assert all(t > b for t, b in zip(before.pair.expectation, before.pair.base, strict=True))
    surface = only(tunings.learn_pair(request, known_of(tunings, request)))
    assert isinstance(surface, PairSurface)
    assert only(tunings.surface(request)).criteria == ("peak", "flexibility")
    turned = asked(model, second="flexibility", blend=200.0, lam=0.5)
    after: TunedAnswer = only(tunings.answer(turned))
    assert after.pair is not None
    assert after.pair.expectation[0] < after.pair.base[0]
    assert "pair" in finished(tunings.known(turned)).sources


def test_where_lam_rests_fresh_draws_of_two_criteria_are_kept(
    model: TrainedModel, tunings: TunedWork
) -> None:
    request = asked(model, second="flexibility", blend=70.0, lam=0.4)
    only(tunings.learn_pair(request, known_of(tunings, request)))
    moving: TunedAnswer = only(tunings.answer(request))
    assert moving.method != "kept"
    first = next(told for told in tunings.settle(request) if told is not None)
    assert first.key == tuning_key(request)
    resting: TunedAnswer = only(tunings.answer(request))
    assert resting.method == "kept"
    certificate = resting.certificate
    assert certificate.ok, certificate.sentence
    assert certificate.samples == 512
    assert certificate.kl_to_target <= 0.1
    kept = f"one of {resting.proposals} proposals kept"
    assert (kept in certificate_text(certificate, resting.proposals)) == (resting.proposals > 1)
    assert resting.fan.curves.shape == moving.fan.curves.shape
    raw: TunedAnswer = only(tunings.answer(replace_state(request, corrected=False)))
    assert raw.weights.mean() == pytest.approx(1.0)
    assert raw.weights.std() > 0.0
    on = replace_state(request, lam=0.41)  # the pool answers until λ rests again
    assert only(tunings.answer(on)).method != "kept"
    assert only(tunings.answer(replace_state(request, lam=-0.4))).method != "kept"


def test_where_all_directions_know_too_little_the_own_climb_tells(
    model: TrainedModel, tunings: TunedWork
) -> None:
    request = asked(model, second="flexibility", blend=75.0, lam=0.4)
    only(tunings.learn_pair(request, known_of(tunings, request)))
    finished(tunings.settle(request))
    tuning, key = finished(tunings.known(request)), (0.4, request.state.samples)
    far = replace(tuning.kept.get(key), near=False)
    tuning.kept.put(key, far)
    finished(tunings.settle(request))
    assert tuning.kept.get(key) is far  # the same draws would say the same
    finished(tunings.climb(request))
    assert tuning.kept.get(key).near


def replace_state(request: StreetRequest, **changes: Any) -> StreetRequest:
    return replace(request, state=request.state.with_changes(**changes))


def known_of(tunings: TunedWork, request: StreetRequest) -> PairKnown:
    """What the job would find out: here the base draws and no more."""
    pair = finished(tunings.known(request)).pair.pair
    potential, base = pair.vectors
    gradient = base.u[:, None].expand(-1, 2, -1)
    pool = VectorPool(potential, base, gradient, 2.0)
    return PairKnown(base, gradient, pareto_surface(pool, (0.2, 0.5)), 2.0)


def ellipses() -> PairSurface:
    """Two independent linear criteria: E f = base + λ, KL = |λ|² / 2."""
    angle = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    levels = np.array([0.5, 2.0, 6.91])
    lam = (
        np.sqrt(2.0 * levels)[None, :, None] * np.stack([np.cos(angle), np.sin(angle)], 1)[:, None]
    )
    base = np.array([40.0, 700.0])
    size = np.array([2.0, 50.0])
    kl = np.tile(levels, (24, 1))
    valid = np.ones(kl.shape, dtype=bool)
    valid[3, -1] = False
    texts, units = ("peak", "flexibility"), ("kW", "kWh")
    return PairSurface(StreetState(), texts, units, base, kl, lam, base + lam * size, valid, 0.0)


def alike(correlation: float) -> PairSurface:
    """The same two where they are correlated: E f = base + σ R λ, KL = λ R λ / 2."""
    one = ellipses()
    together = np.array([[1.0, correlation], [correlation, 1.0]])
    root = np.linalg.cholesky(np.linalg.inv(together))
    lam = one.lam @ root.T
    expectation = one.base + np.array([2.0, 50.0]) * (lam @ together)
    return replace(one, lam=lam, expectation=expectation, correlation=correlation)


@pytest.mark.parametrize("correlation", [0.98, -0.9])
def test_criteria_that_are_nearly_one_still_fill_the_pad(correlation: float) -> None:
    surface = alike(correlation)
    axes = PairAxes.of(surface)
    np.testing.assert_allclose(deviations(surface), [2.0, 50.0], rtol=1e-6)
    outer = axes.pad(surface.expectation[:, -1])
    widest = np.sqrt(2.0 * 6.91 * 0.5 * np.array([1.0 + correlation, 1.0 - correlation]))
    np.testing.assert_allclose(outer.max(axis=0), widest, rtol=0.02)
    assert abs(np.corrcoef(outer.T)[0, 1]) < 1e-6
    np.testing.assert_allclose(axes.expectation(outer), surface.expectation[:, -1])
    wanted = np.array([0.4, -0.3])
    law = surface.base + np.array([2.0, 50.0]) * (
        np.array([[1.0, correlation], [correlation, 1.0]]) @ wanted
    )
    assert PairInverse(surface).vector(*law) == pytest.approx(tuple(wanted), abs=0.05)


def test_the_pad_of_like_criteria_says_what_its_axes_are(pad: PairPad, qtbot: QtBot) -> None:
    pad.show_surface(alike(0.98))
    labels = [pad.plot.getAxis(name).labelText for name in ("bottom", "left")]
    assert "+" in labels[0]
    assert "difference" in labels[1]
    assert "Upwards: more peak, less flexibility." in pad.words.text()
    pad.show_figures(figures())
    heard: list[tuple[float, float]] = []
    pad.vector_asked.connect(lambda first, second: heard.append((first, second)))
    qtbot.keyClick(pad.plot, Qt.Key.Key_Up)  # more of the first, less of the second
    qtbot.keyClick(pad.plot, Qt.Key.Key_Down)
    assert heard[0][0] - heard[0][1] > heard[1][0] - heard[1][1]


def test_what_was_told_before_the_surface_came_is_marked_on_it(pad: PairPad, qtbot: QtBot) -> None:
    pad.show_surface(None)
    pad.show_figures(figures())
    pad.show_surface(ellipses())
    with qtbot.waitSignal(pad.vector_asked):
        qtbot.keyClick(pad.plot, Qt.Key.Key_Up)  # from where λ is


def test_a_point_of_the_pad_is_the_lam_that_leads_there() -> None:
    inverse = PairInverse(ellipses())
    assert inverse.vector(40.0 + 2.0 * 0.7, 700.0 - 50.0 * 1.1) == pytest.approx(
        (0.7, -1.1), abs=0.03
    )
    assert inverse.vector(40.0, 700.0) == (0.0, 0.0)


def test_beyond_the_last_line_kl_is_the_limit() -> None:
    """Far out in any direction the pad goes as far as 6.91 nats and no further."""
    inverse = PairInverse(ellipses())
    for angle in np.linspace(0.1, 6.2, 9):
        far = inverse.vector(40.0 + 2e3 * np.cos(angle), 700.0 + 5e4 * np.sin(angle))
        assert 0.5 * np.square(far).sum() == pytest.approx(6.91, rel=0.03)


def test_directions_and_back() -> None:
    blend, lam = polar(0.6, 0.8, 0.5)
    assert blend == pytest.approx(53.13, abs=0.01)
    assert lam == pytest.approx((1.0 + 2 * 0.5 * 0.6 * 0.8) ** 0.5)


@pytest.fixture
def pad(qtbot: QtBot) -> PairPad:
    made = PairPad(LIGHT)
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    return made


def figures(**changes: Any) -> PairFigures:
    made = PairFigures(
        ("peak", "flexibility"), ("kW", "kWh"), (1.0, 0.0), (40.0, 700.0), (42.0, 700.0), 0.0, True
    )
    return replace(made, **changes)


def test_a_drag_ends_with_its_surface(pad: PairPad, qtbot: QtBot) -> None:
    pad.show_surface(ellipses())
    view, place = pad.plot.viewport(), QPoint(200, 100)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(pad.drag_ended):
        pad.show_surface(None)  # the street has changed under the hand
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place)
    pad.show_surface(ellipses())
    with qtbot.assertNotEmitted(pad.vector_asked):
        qtbot.mouseMove(view, pos=place + place)


def test_the_pad_is_dragged_and_stepped(pad: PairPad, qtbot: QtBot) -> None:
    pad.show_surface(ellipses())
    pad.show_figures(figures())
    heard: list[tuple[float, float]] = []
    pad.vector_asked.connect(lambda first, second: heard.append((first, second)))
    view = pad.plot.viewport()
    place = pad.plot.mapFromScene(pad.plot.getViewBox().mapViewToScene(QPointF(43.0, 750.0)))
    with qtbot.waitSignals([pad.drag_started, pad.drag_ended]):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert heard[-1] == pytest.approx((1.5, 1.0), abs=0.15)
    qtbot.keyClick(pad.plot, Qt.Key.Key_Up)
    assert heard[-1][0] == pytest.approx(1.0, abs=0.1)
    assert heard[-1][1] > 0.05
    qtbot.keyClick(pad.plot, Qt.Key.Key_Home)
    assert heard[-1] == (0.0, 0.0)


def test_the_pad_says_what_will_be_there(pad: PairPad) -> None:
    assert "climbed" in pad.words.text()
    pad.show_surface(ellipses())
    pad.set_colours(DARK)
    assert "KL 0.5, 2 and 6.91 nats" in pad.words.text()
    pad.show_surface(None)
    pad.show_figures(figures())
    assert "climbed" in pad.words.text()


def test_the_row_tells_and_asks(qtbot: QtBot) -> None:
    row = TunedRow()
    qtbot.addWidget(row)
    row.set_second("peak", "flexibility")
    row.show_pair(figures())
    row.show_apart(ApartAnswer(StreetState(), 1.0, 0.5, 0.02))
    assert text(row, "kl_apart") == "KL: Σw 1.00 + z 0.50 nats (± 0.02)"
    assert "E peak 40.0 → 42.0 kW" in text(row, "pair_figures")
    with qtbot.waitSignal(row.vector_asked) as vector:
        row.fields[1].setValue(0.7)
    assert vector.args == [1.0, 0.7]
    with qtbot.waitSignal(row.space_chosen) as space:
        row.space_box.activated.emit(row.space_box.currentIndex())
    assert space.args == ["both"]
    row.set_splittable(False)
    assert not row.space_box.isEnabled()
    offered = [row.second_box.itemData(place) for place in range(row.second_box.count())]
    assert offered[0] == ""
    assert "peak" not in offered


def text(widget: TunedRow, name: str) -> str:
    label = widget.findChild(QLabel, name)
    assert label is not None
    return label.text()


def test_a_second_criterion_opens_the_pad_and_hides_the_figures_of_one(qtbot: QtBot) -> None:
    control = LamControl(LIGHT)
    qtbot.addWidget(control)
    control.show()
    assert control.expectation_field.isVisible()
    control.set_pair("peak", "flexibility", 45.0)
    assert control.pictures.currentWidget() is control.pad
    assert not control.expectation_field.isVisible()
    with qtbot.waitSignal(control.pair_asked) as asked_for:
        control.pad.vector_asked.emit(0.0, 1.0)
    assert asked_for.args == [pytest.approx(90.0), pytest.approx(1.0)]
    control.set_pair("peak", "", 45.0)
    assert control.expectation_field.isVisible()
    assert control.pictures.currentWidget() is not control.pad


def test_what_is_tuned_is_undone_kept_and_saved(qapp: object) -> None:
    session = Session()
    session.restore(workspace(), None)
    session.set_tuned("w")
    session.set_second("flexibility")
    gesture = session.new_gesture()
    session.set_pair(80.0, 1.0, gesture)
    session.set_pair(100.0, 1.5, gesture)
    state = session.state
    assert (state.tuned, state.second, state.blend, state.lam) == ("w", "flexibility", 100.0, 1.5)
    assert StreetState.from_tree(state.to_tree()) == state
    session.undo_stack.undo()
    assert session.state.lam == 0.0
    session.undo_stack.undo()
    session.undo_stack.undo()
    assert (session.state.tuned, session.state.second) == ("both", "")
