"""The laboratory page, with a stand-in for the process that trains."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QUndoStack
from pytestqt.qtbot import QtBot

from lvm_studio.analysis.sigma.hypersphere import optimal_radius, radius_map
from lvm_studio.data.jobs import Request
from lvm_studio.data.vectors.manifolds import Polyline, Sinusoid
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.panels.laboratory import LaboratoryPanel
from lvm_studio.studio.panels.manifold_lab import ManifoldLab
from lvm_studio.studio.panels.sphere_lab import STEPS, SphereLab
from lvm_studio.studio.runs.laboratory_choices import BALANCES, BOUNDS, FLOORS, NOISES
from lvm_studio.studio.widgets.laboratory.plane_marks import (
    MOST_ELLIPSES,
    Dots,
    Ellipses,
    Ribbon,
    opacity,
)
from lvm_studio.studio.widgets.laboratory.sigma_slider import SigmaSlider
from lvm_studio.studio.widgets.spec_choice import SpecChoice
from lvm_studio.training.frames import Frame, SetSigma, TakeSteps
from lvm_studio.training.laboratory import LaboratoryJob
from lvm_studio.training.reports import TrainReport


class Puppet(QObject):
    """What a JobThread looks like from outside."""

    reports = Signal(object)
    state_changed = Signal(object)
    failed = Signal(str, str)
    finished = Signal()

    def __init__(self, job: LaboratoryJob, parent: QObject) -> None:
        super().__init__(parent)
        self.job, self.asked = job, list[object]()

    def start(self) -> None:
        self.asked.append("start")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def kill(self) -> None:
        self.asked.append("kill")

    def ask(self, request: Request) -> None:
        self.asked.append(request)

    def show(self, step: int = 10, sigma: float = 0.2, radius: float = 1.0) -> None:
        """A frame comes, with the reports of ten steps."""
        self.state_changed.emit(JobState.RUNNING)
        angle = np.linspace(0, 6, 50, dtype=np.float32)
        points = radius * np.stack([np.cos(angle), np.sin(angle)], 1)
        some = np.full_like(points, sigma)
        reports = tuple(
            TrainReport(s, 100, 0.1 * s, "train", -1.0, -0.5, 0.0, 0.5, sigma, 1e-3, 1.0)
            for s in range(step - 9, step + 1)
        )
        arrays = (points, points, some, points, some, points)
        frame = Frame(step, 0.1, 1.0, reports, *arrays, (sigma,) * 5, points, some)
        self.reports.emit((frame,))


class Service:
    """Lends a compute thread."""

    def __init__(self, thread: ComputeThread) -> None:
        self.open_mailbox = lambda: thread.open_mailbox(1)


class Session:
    def __init__(self) -> None:
        self.undo_stack = QUndoStack()


@pytest.fixture
def puppets() -> list[Puppet]:
    return []


@pytest.fixture
def panel(puppets: list[Puppet], qtbot: QtBot) -> Iterator[LaboratoryPanel]:
    thread, session = ComputeThread(), Session()

    def make(job: LaboratoryJob, parent: QObject) -> Puppet:
        puppets.append(Puppet(job, parent))
        return puppets[-1]

    panel = LaboratoryPanel(session, Service(thread), make)  # type: ignore[arg-type]
    panel.session = session  # type: ignore[attr-defined]  # keeps the undo stack alive
    qtbot.addWidget(panel)
    thread.start()
    panel.resize(1280, 720)
    with qtbot.waitExposed(panel):
        panel.show()
    yield panel
    thread.end()


def kinds_of(lab: ManifoldLab) -> list[type]:
    return [type(mark) for mark in lab.views[0].canvas.picture.marks]


def dots_of(lab: ManifoldLab) -> int:
    return sum(len(m.points) for m in lab.views[0].canvas.picture.marks if isinstance(m, Dots))


@pytest.fixture
def lab(panel: LaboratoryPanel) -> ManifoldLab:
    return panel.manifold


def test_it_opens_with_points_and_nothing_to_pause(lab: ManifoldLab) -> None:
    assert dots_of(lab) == 400
    assert not lab.transport.play_button.isEnabled()
    assert not lab.views[1].isVisible()


def test_two_runs_differ_in_their_noise_and_in_nothing_else(
    lab: ManifoldLab, puppets: list[Puppet]
) -> None:
    lab.settings.compare.setChecked(True)
    lab.settings.seed.setValue(5)
    lab.start()
    first, second = (puppet.job.spec for puppet in puppets)
    assert (first.model.noise.kind, second.model.noise.kind) == ("global", "fixed")
    assert first.seed == second.seed == 5
    alike = second.model_copy(update={"model": first.model})
    assert alike == first
    assert lab.views[1].isVisible()


@pytest.mark.parametrize("choices", [NOISES, FLOORS, BOUNDS, BALANCES])
def test_every_choice_makes_its_spec(choices, qtbot: QtBot) -> None:
    widget = SpecChoice(choices, "some", "what")
    qtbot.addWidget(widget)
    for choice in choices:
        widget.choose(choice.spec)
        spec = widget.value()
        assert type(spec) is choice.spec
        if choice.number:
            assert getattr(spec, choice.number) == pytest.approx(choice.value)


def test_the_latest_frame_is_drawn_once(
    lab: ManifoldLab, puppets: list[Puppet], qtbot: QtBot
) -> None:
    lab.start()
    assert "starting" in lab.views[0].head.text()
    assert lab.views[0].canvas._hint.isHidden()  # nothing is written over the points
    drawn = lab.views[0].canvas.picture.painted
    for step in (10, 20, 30):
        puppets[0].show(step)
    qtbot.waitUntil(lambda: lab.views[0].canvas.picture.painted > drawn)
    assert lab.views[0].canvas.picture.painted == drawn + 1
    assert len(lab.runs[0].history("").train.step) == 30
    qtbot.waitUntil(lambda: "step 30" in lab.views[0].head.text())
    assert "σ 0.2" in lab.views[0].head.text()
    assert lab.views[0].sigma.number.value() == pytest.approx(0.2)


def test_sigma_is_followed_again_once_it_is_typed(qtbot: QtBot) -> None:
    sigma = SigmaSlider("lab")
    qtbot.addWidget(sigma)
    with qtbot.waitExposed(sigma):
        sigma.show()
    sigma.activateWindow()
    sigma.number.setFocus()
    qtbot.waitUntil(sigma.number.hasFocus)
    sigma.number.selectAll()
    qtbot.keyClicks(sigma.number, "0.5")
    sigma.follow(0.2)
    assert sigma.number.text() == "0.5"  # a hand is on it
    qtbot.keyClick(sigma.number, Qt.Key.Key_Return)
    sigma.follow(0.2)
    assert sigma.number.value() == 0.2


def test_skipped_steps_and_the_tight_bound_are_told(
    lab: ManifoldLab, puppets: list[Puppet], qtbot: QtBot
) -> None:
    lab.start()
    puppets[0].show(10)
    heldout = TrainReport(10, 100, 1.0, "heldout", -1.0, -0.5, 0.0, 0.5, 0.2, 1e-3, 1.0, 1, -0.75)
    puppets[0].reports.emit((heldout, replace(heldout, split="train", step=11)))
    lab.views[0].refresh_words()
    said = lab.views[0].head.text()
    assert "1 unsound step skipped" in said
    assert f"tight bound −0.75 nats, {puppets[0].job.spec.eval_samples} samples" in said


def test_play_pause_and_step_reach_both_runs(lab: ManifoldLab, puppets: list[Puppet]) -> None:
    lab.settings.compare.setChecked(True)
    lab.start()
    for puppet in puppets:
        puppet.show()
    lab.transport.play_button.click()
    assert all(puppet.asked[-1] == "pause" for puppet in puppets)
    for puppet in puppets:
        puppet.state_changed.emit(JobState.PAUSED)
    assert lab.transport.play_button.text() == "&Play"
    lab.transport.count.setValue(7)
    lab.transport.step_button.click()
    assert all(puppet.asked[-1] == TakeSteps(7) for puppet in puppets)
    lab.transport.play_button.click()
    assert all(puppet.asked[-1] == "resume" for puppet in puppets)


def test_sigma_is_grabbed_by_slider_number_and_line(
    lab: ManifoldLab, puppets: list[Puppet], qtbot: QtBot
) -> None:
    lab.start()
    puppets[0].show()
    slider = lab.views[0].sigma.slider
    qtbot.waitUntil(lambda: lab.views[0].sigma.number.value() == pytest.approx(0.2))
    before = slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    asked = puppets[0].asked[-1]
    assert slider.value() > before
    assert isinstance(asked, SetSigma)
    assert asked.value > 0.2
    lab.views[0].sigma.number.setValue(0.06)
    lab.views[0].sigma.number.setValue(0.05)
    assert puppets[0].asked[-1] == asked  # a frame is to answer that first
    puppets[0].show()
    assert puppets[0].asked[-1] == SetSigma(0.05)
    puppets[0].show()
    handle = lab.traces.runs[0].handle
    handle.setPos(-1.0)
    handle.sigDragged.emit(handle)
    assert puppets[0].asked[-1].value == pytest.approx(0.1)


def test_a_curve_drawn_by_hand_is_learned_and_undone(
    lab: ManifoldLab, panel: LaboratoryPanel, puppets: list[Puppet], qtbot: QtBot
) -> None:
    lab.settings.data.kind.setCurrentText("Drawn by hand")
    lab.start()
    assert "draw a curve" in lab.note.text()
    lab.settings.data.draw_button.click()
    canvas = lab.views[0].canvas
    assert canvas.plane.drawing
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(canvas, key, Qt.KeyboardModifier.ShiftModifier)
    assert not canvas.plane.drawing
    lab.start()
    curve = puppets[-1].job.spec.data
    assert isinstance(curve, Polyline)
    assert curve.points == ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.2, 0.1))
    stack = panel.session.undo_stack  # type: ignore[attr-defined]
    stack.undo()
    assert lab.settings.data.manifold() is None
    stack.redo()
    assert lab.settings.data.manifold() == curve


def test_who_wants_to_draw_has_the_pen_at_once(lab: ManifoldLab) -> None:
    kind, plane = lab.settings.data.kind, lab.views[0].canvas.plane
    for chosen, drawing in (("Drawn by hand", True), ("Circle", False)):
        kind.setCurrentText(chosen)
        kind.activated.emit(kind.currentIndex())
        assert plane.drawing is drawing
    assert dots_of(lab) == 400


def test_giving_up_a_drawing_leaves_the_curve_before(lab: ManifoldLab, qtbot: QtBot) -> None:
    lab.settings.data.set_path(((0.0, 0.0), (1.0, 1.0)))
    lab.settings.data.draw_button.click()
    qtbot.keyClick(lab.views[0].canvas, Qt.Key.Key_Right)
    qtbot.keyClick(lab.views[0].canvas, Qt.Key.Key_Escape)
    assert lab.settings.data.path == ((0.0, 0.0), (1.0, 1.0))
    assert dots_of(lab) == 400


def test_points_of_a_file(lab: ManifoldLab, puppets: list[Puppet], tmp_path: Path) -> None:
    good, wide = tmp_path / "good.csv", tmp_path / "wide.csv"
    good.write_text("x,y\n" + "\n".join(f"{i},{i * i}" for i in range(30)))
    wide.write_text("1,2,3\n4,5,6\n")
    lab.open_points(wide)
    assert "3 columns" in lab.note.text()
    lab.open_points(good)
    lab.start()
    assert puppets[0].job.vectors is not None
    assert len(puppets[0].job.vectors) == 30


def test_a_failure_is_said(lab: ManifoldLab, puppets: list[Puppet]) -> None:
    lab.start()
    puppets[0].failed.emit("It went wrong; try again.", "")
    puppets[0].state_changed.emit(JobState.FAILED)
    assert lab.note.text() == "It went wrong; try again."
    assert not lab.transport.play_button.isEnabled()


def test_a_new_start_ends_the_old_run(lab: ManifoldLab, puppets: list[Puppet]) -> None:
    lab.start()
    puppets[0].show()
    lab.start()
    assert puppets[0].asked[-1] == "kill"
    puppets[0].reports.emit(("late",))
    assert lab.runs[0].frame is None


def test_layers_hide_and_stand_alone(lab: ManifoldLab, puppets: list[Puppet], qtbot: QtBot) -> None:
    lab.start()
    puppets[0].show()
    qtbot.waitUntil(lambda: len(kinds_of(lab)) == 5)
    lab.chips["generation"].click()
    assert kinds_of(lab) == [Ellipses, Dots, Dots, Ribbon]
    lab.chips["data"].solo_requested.emit()
    assert kinds_of(lab) == [Dots]


def test_ellipses_leave_out_what_is_no_number() -> None:
    centres = np.zeros((2 * MOST_ELLIPSES, 2))
    centres[0] = np.nan
    low, size = Ellipses(centres, np.full_like(centres, 0.5), QColor("green")).corners()
    assert len(low) == MOST_ELLIPSES - 1
    assert np.isfinite(low).all()
    assert 0.0 < opacity(low, size) < 0.2


def test_the_pen_draws_where_the_pointer_goes(lab: ManifoldLab, qtbot: QtBot) -> None:
    canvas = lab.views[0].canvas
    canvas.begin_drawing()
    with qtbot.waitSignal(canvas.drawn) as told:
        for x in np.linspace(-0.5, 0.5, 20):
            canvas.plane.pen_moved.emit(float(x), float(x) ** 2)
        canvas.plane.pen_lifted.emit()
    assert len(told.args[0]) == 20


# the sphere


@pytest.fixture
def sphere(panel: LaboratoryPanel) -> SphereLab:
    panel.tabs.setCurrentWidget(panel.sphere)
    return panel.sphere


def test_the_map_waits_for_somebody_to_look(panel: LaboratoryPanel, qtbot: QtBot) -> None:
    assert not panel.sphere._box.waiting
    assert panel.sphere.map.shown is None
    panel.tabs.setCurrentWidget(panel.sphere)
    qtbot.waitUntil(lambda: panel.sphere.map.shown is not None)
    shown = panel.sphere.map.shown
    whole = radius_map(2, shown.a, shown.b)  # what was made column by column
    np.testing.assert_array_equal(shown.gain, whole.gain)
    np.testing.assert_array_equal(shown.optimum, whole.optimum)


def test_the_map_follows_d_to_ten_thousand(sphere: SphereLab, qtbot: QtBot) -> None:
    sphere.axes.setCurrentIndex(1)
    sphere.dim.setValue(10_000)
    qtbot.waitUntil(lambda: sphere.map.shown is not None and sphere.map.shown.dim == 10_000)
    assert np.isfinite(sphere.map.shown.gain).all()
    assert sphere.map.shown.a[-1] == pytest.approx(1e4)
    assert "100" in sphere.theory.text()  # sqrt(D)
    assert not sphere.train_button.isEnabled()


def test_below_the_threshold_nothing_is_seen(sphere: SphereLab) -> None:
    sphere.ratio.setValue(1.4)
    assert "nothing of the sphere is seen" in sphere.theory.text()
    sphere.ratio.setValue(1.5)
    assert "of R" in sphere.theory.text()


def test_a_trained_radius_stays_on_the_map(
    sphere: SphereLab, puppets: list[Puppet], qtbot: QtBot
) -> None:
    sphere.ratio.setValue(3.0)
    sphere.train_button.click()
    spec = puppets[0].job.spec
    assert spec.model.noise.sigma == pytest.approx(1 / 3)
    best = float(optimal_radius(3.0, 2)) / 3.0
    puppets[0].show(STEPS, radius=1.1 * best)
    puppets[0].state_changed.emit(JobState.FINISHED)
    qtbot.waitUntil(lambda: "Trained" in sphere.trained.text())
    assert "+10.0 %" in sphere.trained.text()
    assert sphere.train_button.isEnabled()
    sphere.dim.setValue(3)
    sphere.dim.setValue(2)
    assert sphere._found == {2: {3.0: pytest.approx(1.1 * best * 3.0)}}


def test_a_stopped_training_leaves_no_words_behind(
    sphere: SphereLab, puppets: list[Puppet]
) -> None:
    sphere.train_button.click()
    assert "Starting" in sphere.trained.text()
    sphere.stop_button.click()
    assert sphere.trained.text() == ""
    assert sphere.train_button.isEnabled()


def test_the_sinusoid_takes_the_noise_of_the_form(lab: ManifoldLab) -> None:
    lab.settings.data.sigma.setValue(0.02)
    assert lab.settings.data.manifold() == Sinusoid(sigma=0.02, sigma_high=0.16)
