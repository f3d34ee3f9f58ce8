"""The list of runs: filtered, pinned, compared; a stopped one kept as a model."""

from dataclasses import replace
from pathlib import Path

import pytest
from page_hand import press
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QTableWidget
from pytestqt.qtbot import QtBot
from training_jobs import report
from training_page import PuppetThread, london_session, training_page

from lvm_studio.data.jobs import Checkpoint
from lvm_studio.storage.checkpoints import write_checkpoint
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.panels.training import TrainingPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.training.settings_difference import SettingsDifference
from lvm_studio.training.keep import KeepJob
from lvm_studio.training.reports import Finished


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


def three_runs(panel: TrainingPanel, puppets: list[PuppetThread]) -> list[str]:
    """Runs of different batches, the newest on top."""
    for batch in (16, 32, 64):
        panel.form.batch.setValue(batch)
        panel.start()
        puppets[-1].reports.emit((report(1, 10), report(2, 10)))
    return [panel.table.item(row, 0).text() for row in range(3)]


def test_runs_are_filtered_by_words_of_their_name_and_settings(
    panel: TrainingPanel, puppets: list[PuppetThread]
) -> None:
    three_runs(panel, puppets)
    panel.filter.setText("batch 32")
    assert [panel.table.isRowHidden(row) for row in range(3)] == [True, False, True]
    panel.table.tick_shown(True)
    assert panel.table.ticked == ["households, seed 0 (2)"]
    panel.start()  # a new run does not undo the filter
    assert panel.table.isRowHidden(0)
    panel.filter.clear()
    assert not any(panel.table.isRowHidden(row) for row in range(4))


def test_pin_keeps_a_run_in_front_and_solo_shows_one_alone(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    newest, middle, oldest = three_runs(panel, puppets)
    panel.table.setFocus()
    panel.table.choose(oldest)
    qtbot.keyClick(panel.table, Qt.Key.Key_P)
    assert panel.table.item(2, 0).font().bold()
    panel.table.choose(newest)
    qtbot.waitUntil(lambda: [run.name for run in panel.curves._runs] == [newest, oldest])
    assert panel.curves.options.pinned == {oldest}
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    panel.table.tick_shown(True)
    assert panel._drawn() == [newest, oldest, middle]
    panel.table.choose(middle)
    qtbot.keyClick(panel.table, Qt.Key.Key_S)
    assert panel._drawn() == [middle, oldest]
    qtbot.keyClick(panel.table, Qt.Key.Key_P)
    qtbot.keyClick(panel.table, Qt.Key.Key_P)
    assert panel.table.pinned == [oldest]


def test_settings_of_the_drawn_runs_are_compared(
    panel: TrainingPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    newest, _, oldest = three_runs(panel, puppets)
    assert not panel.compare_button.isEnabled()
    panel.table.pin(oldest)
    press(qtbot, panel.compare_button)
    (dialog,) = panel.findChildren(SettingsDifference)
    (table,) = dialog.findChildren(QTableWidget)
    cells = [table.item(0, column).text() for column in range(3)]
    assert cells == ["batch", "64", "16"]
    assert table.horizontalHeaderItem(1).text() == newest
    dialog.close()


def test_a_stopped_run_becomes_a_model_and_can_still_be_continued(
    panel: TrainingPanel,
    puppets: list[PuppetThread],
    session: Session,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    panel.start()
    puppets[0].reports.emit((report(7, 1400),))
    assert not panel.keep_button.isEnabled()
    write_checkpoint(tmp_path / "run.h5", Checkpoint(7, {"step": 7}))
    puppets[0].stopped.emit(None)
    jobs: list[KeepJob] = []

    def make(job: KeepJob, parent: QObject) -> PuppetThread:
        jobs.append(job)
        puppets.append(PuppetThread(job, tmp_path, parent))  # type: ignore[arg-type]
        return puppets[-1]

    panel.keeper._start_thread = make  # type: ignore[assignment]
    press(qtbot, panel.keep_button)
    assert jobs[0].checkpoint == {"step": 7}
    assert "step 7" in panel._note.text()
    assert panel.keep_button.text() == "Cancel &keeping"  # one at a time
    press(qtbot, panel.keep_button)
    assert "Cancelled" in panel._note.text()
    assert session.workspace.models == {}
    press(qtbot, panel.keep_button)
    puppets[-1].completed.emit(Finished(7, {"name": "half a model"}, {}))
    assert session.workspace.models["half a model"] == {"name": "half a model"}
    assert session.workspace.runs["households, seed 0"].model == "half a model"
    assert "'half a model'" in panel._note.text()
    assert panel.use_button.isEnabled()
    assert panel.continue_button.isEnabled()


def begin_to_keep(
    qtbot: QtBot, panel: TrainingPanel, puppets: list[PuppetThread], tmp_path: Path
) -> None:
    """Stop a run at a checkpoint and press *Keep*; the last puppet makes the model."""
    panel.start()
    write_checkpoint(tmp_path / "run.h5", Checkpoint(7, {"step": 7}))
    puppets[0].stopped.emit(None)

    def make(job: KeepJob, parent: QObject) -> PuppetThread:
        puppets.append(PuppetThread(job, tmp_path, parent))  # type: ignore[arg-type]
        return puppets[-1]

    panel.keeper._start_thread = make  # type: ignore[assignment]
    press(qtbot, panel.keep_button)


def test_a_model_kept_of_another_workspace_is_not_given_to_a_run_of_that_name(
    panel: TrainingPanel,
    puppets: list[PuppetThread],
    session: Session,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    begin_to_keep(qtbot, panel, puppets, tmp_path)
    theirs = {name: replace(run, step=3) for name, run in session.workspace.runs.items()}
    session.restore(Workspace(runs=theirs), None)
    puppets[-1].completed.emit(Finished(7, {"name": "half a model"}, {}))
    assert session.workspace.models == {}
    assert session.workspace.runs["households, seed 0"].model == ""


def test_keeping_that_fails_is_one_sentence(
    panel: TrainingPanel, puppets: list[PuppetThread], tmp_path: Path, qtbot: QtBot
) -> None:
    begin_to_keep(qtbot, panel, puppets, tmp_path)
    puppets[-1].failed.emit("The checkpoint belongs to another run.", "")
    assert panel._note.text() == "The checkpoint belongs to another run."
    assert panel.keep_button.isEnabled()
