"""The training page with a stand-in for the training, in real worker processes where it counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_hand import press, shown
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot
from training_jobs import FakeTraining, report
from training_page import PuppetThread, london_session, training_page

from lvm_studio.data.errors import DataError
from lvm_studio.studio.devices import Devices
from lvm_studio.studio.jobs.job_thread import JobState, JobThread, end_jobs
from lvm_studio.studio.panels.training import TrainingPanel
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.training.training_form import TrainingForm, key_values
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.recipes import RECIPES
from lvm_studio.training.reports import DeviceReport, Finished

SECOND = 1000


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    return london_session()


@pytest.fixture
def puppets() -> list[PuppetThread]:
    return []


@pytest.fixture
def panel(
    session: Session, puppets: list[PuppetThread], tmp_path: Path, qtbot: QtBot
) -> TrainingPanel:
    return training_page(session, puppets, tmp_path, qtbot)


def test_start_asks_for_what_the_form_says(
    panel: TrainingPanel, puppets: list[PuppetThread], session: Session, qtbot: QtBot
) -> None:
    panel.form.seed.setValue(3)
    panel.form.steps.setValue(250)
    panel.form.batch.setValue(16)
    panel.form.advanced.setPlainText("model.day_hidden = 48")
    press(qtbot, panel.start_button)
    spec = puppets[0].job.spec
    assert (spec.recipe, spec.seed, spec.steps, spec.batch) == ("households", 3, 250, 16)
    assert spec.model.day_hidden == 48  # type: ignore[union-attr]
    assert puppets[0].job.households is session.households
    assert panel.table.current == "households, seed 3"
    assert session.workspace.runs["households, seed 3"].status == "running"


def test_reports_become_progress_time_left_and_curves(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.form.steps.setValue(1250)
    panel.start()
    puppets[0].reports.emit((DeviceReport("cpu", "CPU with 2 cores", 1234, 2e9, 4e12),))
    puppets[0].reports.emit(tuple(report(step, 1250) for step in range(1, 251)))
    puppets[0].reports.emit((report(250, 1250, "heldout"),))
    qtbot.waitUntil(lambda: panel.progress.value() == 200)
    status = panel.status.text()
    assert "step 250" in status
    assert "about 10 s left" in status  # 1000 steps at a hundredth of a second
    assert "100.0 steps/s" in status
    assert "CPU with 2 cores, 1,234 parameters" in status
    assert "2 GFLOP a step, 5.0 % of the device's peak" in status
    qtbot.waitUntil(lambda: len(panel.curves._runs[0].train.step) == 250)
    panel.curves.panes.set_cursor(250.0)
    assert "step 250" in panel.curves._readout.text()
    assert panel.table.item(0, 2).text() == "250 of 1,250"
    assert panel.table.item(0, 3).text() == "150"


def test_skipped_steps_and_the_tight_bound_are_told_and_explained(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.form.advanced.setPlainText("eval_samples = 64")
    panel.start()
    puppets[0].reports.emit((report(1, 100), report(2, 100, "heldout")))
    qtbot.waitUntil(lambda: "step 2" in panel.status.text())
    assert "skipped" not in panel.status.text() + panel.status.toolTip()
    assert "tight" not in panel.status.text() + panel.status.toolTip().lower()
    puppets[0].reports.emit(
        (report(3, 100, skipped=2), report(4, 100, "heldout", skipped=2, tight=-812.34))
    )
    qtbot.waitUntil(lambda: "2 unsound steps skipped" in panel.status.text())
    assert "tight bound −812.3 nats, 64 samples" in panel.status.text()
    assert "Eq. 3.5" in panel.status.toolTip()
    assert "explosion" in panel.status.toolTip()


def test_minutes_decide_progress_and_time_left(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.form.until.setCurrentText("minutes")
    panel.form.minutes.setValue(0.5)
    panel.start()
    puppets[0].reports.emit(tuple(report(step, 10**7) for step in range(1, 1501)))
    assert puppets[0].job.spec.minutes == 0.5
    qtbot.waitUntil(lambda: panel.progress.value() == 500)
    assert "about 15 s left" in panel.status.text()
    assert panel.table.item(0, 2).text() == "1,500"


def test_steps_leave_no_minutes_of_the_recipe_in_force(panel: TrainingPanel) -> None:
    panel.form.recipe.setCurrentIndex(panel.form.recipe.findData("sines"))
    assert panel.form.spec().minutes == 9.5
    panel.form.until.setCurrentText("steps")
    assert panel.form.spec().minutes is None
    assert panel.form.spec().steps == panel.form.steps.value()


def test_buttons_follow_the_state(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    assert not panel.pause_button.isEnabled()
    assert not panel.stop_button.isEnabled()
    panel.start()
    assert "starting" in panel.status.text()  # its process is there, but has made no step yet
    assert panel.stop_button.isEnabled()
    puppets[0].reports.emit((report(1, 1),))
    assert "training" in panel.status.text()
    press(qtbot, panel.pause_button)
    assert panel.pause_button.text() == "&Resume"
    assert "paused" in panel.status.text()
    press(qtbot, panel.pause_button)
    assert panel.pause_button.text() == "&Pause"
    press(qtbot, panel.stop_button)
    assert puppets[0].asked == ["stop"]
    puppets[0].stopped.emit(None)
    assert not panel.stop_button.isEnabled()
    assert panel.table.item(0, 1).text() == "stopped"


def test_a_run_without_a_checkpoint_says_so_and_begins_again(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.start()
    puppets[0].reports.emit((report(1, 1),))
    puppets[0].stopped.emit(None)
    assert "before its first checkpoint" in panel.status.text()
    assert panel.continue_button.text() == "Begi&n again"
    press(qtbot, panel.continue_button)
    run = panel.registry.runs["households, seed 0"]
    assert len(puppets) == 2
    assert run.record.state is JobState.STARTING
    assert run.record.step == len(run.history.train.step) == 0
    assert panel.continue_button.text() == "Co&ntinue"


def test_a_failure_is_one_sentence_with_details_on_demand(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.start()
    puppets[0].failed.emit("The GPU ran out of memory; make the batch smaller.", "Traceback …")
    assert panel.banner.isVisible()
    assert panel.banner.sentence.text() == "The GPU ran out of memory; make the batch smaller."
    assert not panel.banner.details.isVisible()
    press(qtbot, panel.banner.details_button)
    assert panel.banner.details.isVisible()
    assert panel.banner.details.toPlainText() == "Traceback …"
    assert not panel.banner.continue_button.isVisible()
    panel.start()
    assert not panel.banner.isVisible()


def test_use_this_model(
    panel: TrainingPanel, puppets: list[PuppetThread], session: Session, qtbot: QtBot
) -> None:
    panel.start()
    assert not panel.use_button.isEnabled()
    puppets[0].completed.emit(Finished(10, {"name": "new model"}, {}))
    assert panel.progress.value() == panel.progress.maximum()
    press(qtbot, panel.use_button)
    assert session.state.model == "new model"
    assert not panel.use_button.isEnabled()


def test_nothing_is_drawn_while_the_page_is_hidden(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.start()
    panel.hide()
    puppets[0].reports.emit(tuple(report(step, 1000) for step in range(1, 51)))
    qtbot.wait(300)
    assert len(panel.curves._runs[0].train.step) == 0
    with qtbot.waitExposed(panel):
        panel.show()
    assert len(panel.curves._runs[0].train.step) == 50
    assert "step 50" in panel.status.text()


def test_ticked_runs_are_laid_over_the_chosen_one(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    for _ in range(2):
        panel.start()
        puppets[-1].reports.emit((report(1, 10), report(2, 10)))
    assert panel.table.current == "households, seed 0 (2)"
    panel.table.item(1, 0).setCheckState(Qt.CheckState.Checked)
    names = ["households, seed 0 (2)", "households, seed 0"]
    qtbot.waitUntil(lambda: [run.name for run in panel.curves._runs] == names)
    puppets[0].reports.emit((report(3, 10),))
    assert panel.table.ticked == ["households, seed 0"]
    panel.table.selectRow(1)
    assert [run.name for run in panel.curves._runs] == names[1:]


def test_what_does_not_fit_is_said_and_start_is_off(panel: TrainingPanel) -> None:
    panel.form.advanced.setPlainText("nonsense = 3")
    assert "nonsense" in panel.form._problem.text()
    assert not panel.start_button.isEnabled()
    panel.form.advanced.setPlainText("lr")
    assert "write it like lr = 0.001" in panel.form._problem.text()
    panel.form.advanced.setPlainText("# nothing\n\nlr = 0.001")
    assert panel.form.problem() == ""
    assert panel.form.spec().lr == 0.001
    assert panel.start_button.isEnabled()


def test_a_recipe_brings_its_own_values(qtbot: QtBot) -> None:
    form = TrainingForm(RECIPES)
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.changed):
        form.recipe.setCurrentIndex(form.recipe.findData("vae"))
    spec = RECIPES["vae"].spec
    assert (form.batch.value(), form.steps.value()) == (spec.batch, spec.steps)
    assert form.spec() == spec
    assert form._description.text() == RECIPES["vae"].description


def test_cuda_cannot_be_chosen_where_there_is_none(qtbot: QtBot) -> None:
    form = TrainingForm(RECIPES)
    qtbot.addWidget(form)
    form.set_devices("not known yet", has_cuda=True)
    form.device.setCurrentText("cuda")
    form.set_devices(Devices(2, ()).sentence(), has_cuda=False)
    assert form.device.currentText() == "auto"
    assert "no CUDA device" in form._device_note.text()
    form.set_devices(Devices(8, ("Tesla",)).sentence(), has_cuda=True)
    form.device.setCurrentText("cuda")
    assert form.spec().device == "cuda"


def test_twice_the_same_line_is_the_last_one() -> None:
    assert key_values("lr = 1\nlr = 2") == {"lr": "2"}
    with pytest.raises(DataError, match="is not a setting"):
        key_values("= 3")


def test_without_data_nothing_can_start(qtbot: QtBot) -> None:
    panel = shown(TrainingPanel(Session()), qtbot)
    assert not panel.start_button.isEnabled()
    panel.start()
    assert "import meter readings" in panel._note.text()


@pytest.fixture
def real_panel(session: Session, tmp_path: Path, qtbot: QtBot) -> Iterator[TrainingPanel]:
    """Worker processes that run the fake training and fail at step 60 before any checkpoint."""

    def make(job: TrainingJob, path: Path, parent: QObject) -> JobThread:
        if job.resume is None:
            return JobThread(FakeTraining(job.spec, fail_at=60), path, parent)
        first = int(job.resume["step"]) + 1  # type: ignore[arg-type]
        return JobThread(FakeTraining(job.spec, first), path, parent)

    registry = RunRegistry(session, make, lambda name: tmp_path / "runs" / "run.h5")
    yield shown(TrainingPanel(session, registry), qtbot)
    end_jobs(registry)


def test_start_pause_stop_continue_with_a_real_worker(
    real_panel: TrainingPanel, qtbot: QtBot
) -> None:
    panel = real_panel
    panel.form.steps.setValue(80)
    press(qtbot, panel.start_button)
    run = panel.registry.runs["households, seed 0"]
    qtbot.waitUntil(lambda: run.record.step > 10, timeout=30 * SECOND)
    press(qtbot, panel.pause_button)
    qtbot.waitUntil(lambda: "paused" in panel.status.text(), timeout=5 * SECOND)
    at = run.record.step
    qtbot.wait(100)
    assert run.record.step == at
    press(qtbot, panel.stop_button)
    qtbot.waitUntil(lambda: run.record.state is JobState.STOPPED, timeout=5 * SECOND)
    assert f"can continue from step {run.record.checkpoint_step:,}" in panel.status.text()
    press(qtbot, panel.continue_button)
    qtbot.waitUntil(lambda: run.record.state is JobState.FINISHED, timeout=30 * SECOND)
    assert panel.table.item(0, 1).text() == "finished"
    assert len(run.history.train.step) == 80
    assert panel.use_button.isEnabled()


def test_a_real_failure_without_checkpoint_cannot_go_on_from_there(
    real_panel: TrainingPanel, qtbot: QtBot
) -> None:
    panel = real_panel
    panel.form.steps.setValue(80)
    press(qtbot, panel.start_button)
    qtbot.waitUntil(lambda: panel.banner.isVisible(), timeout=30 * SECOND)
    assert "fell over" in panel.banner.sentence.text() + panel.banner.details.toPlainText()
    assert not panel.banner.continue_button.isVisible()
    assert panel.continue_button.text() == "Begi&n again"
