"""The studies page, with a stand-in for the process that drives a study."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from lvm_studio.data.london import load_london
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studies.cluster import LocalCores, Scheduler
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.plan import Planner
from lvm_studio.studies.reports import RunChanged, RunLine, RunState, StudyEnd, StudyOpened
from lvm_studio.studies.results import RunResult, open_folder, study_folder, write_result
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.panels.studies import CURVES, StudiesPanel
from lvm_studio.studio.runs.study_run import StudyRun
from lvm_studio.studio.session import Session

OWN = """
recipe = "vae"
seeds = 2
[space.axes]
"model.latent_z" = [2, 4, 64]
"""


class Puppet(QObject):
    """What a JobThread looks like from outside."""

    reports = Signal(object)
    completed = Signal(object)
    stopped = Signal(object)
    failed = Signal(str, str)
    finished = Signal()

    def __init__(self, job: StudyJob, parent: QObject) -> None:
        super().__init__(parent)
        self.job, self.asked = job, list[str]()

    def start(self) -> None:
        self.asked.append("start")

    def stop(self) -> None:
        self.asked.append("stop")


@pytest.fixture
def puppets() -> list[Puppet]:
    return []


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    london, session = load_london(), Session()
    state = starting_state(london.name, london, "")
    session.restore(Workspace(datasets={london.name: london}, street=state.to_tree()), None)
    return session


@pytest.fixture
def files() -> Iterator[ComputeThread]:
    thread = ComputeThread()
    thread.start()
    yield thread
    thread.end()


@pytest.fixture
def panel(
    session: Session, puppets: list[Puppet], files: ComputeThread, tmp_path: Path, qtbot: QtBot
) -> StudiesPanel:
    def make(job: StudyJob, parent: QObject) -> Puppet:
        puppets.append(Puppet(job, parent))
        return puppets[-1]

    panel = StudiesPanel(session, StudyRun(session, files, make))  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    panel.open_study(own)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def lines_of(panel: StudiesPanel) -> list[RunLine]:
    study = panel.run.study
    assert study is not None
    return [RunLine.waiting(run) for run in Planner(study, load_london()).all_runs()]


def ended(line: RunLine, elbo: float | None) -> RunLine:
    state = RunState.FAILED if elbo is None else RunState.FINISHED
    figures = {} if elbo is None else {"heldout_elbo": elbo}
    sentence = "It fell over." if elbo is None else ""
    return RunLine(line.key, line.settings, line.seed, state, 10, 10, 1.5, figures, sentence)


def cells(panel: StudiesPanel, row: int) -> list[str]:
    return [panel.table.data(panel.table.index(row, c)) for c in range(panel.table.columnCount())]


def test_a_study_from_its_start_to_its_end(
    panel: StudiesPanel, puppets: list[Puppet], qtbot: QtBot
) -> None:
    panel.workers.setValue(2)
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    job = puppets[0].job
    assert job.place == LocalCores(workers=2)
    assert job.households is not None
    assert job.study.size == 6
    assert panel._about.text().startswith("Recipe vae; Dimensions of z")
    assert not panel.start_button.isEnabled()
    lines = lines_of(panel)
    puppets[0].reports.emit((StudyOpened(tuple(lines), 6, "this machine", 1),))
    qtbot.waitUntil(lambda: "1 worker on this machine" in panel.status.text())
    puppets[0].reports.emit((StudyOpened(tuple(lines), 6, "this machine", 2),))
    changes = [ended(line, 10.0 + n) for n, line in enumerate(lines[:4])]
    changes.append(ended(lines[4], None))
    running = RunLine(lines[5].key, lines[5].settings, 1, RunState.RUNNING, 7, 3000)
    puppets[0].reports.emit(tuple(map(RunChanged, [*changes, running])))
    qtbot.waitUntil(lambda: "5 of 6 runs have ended" in panel.status.text())
    assert "1 failed" in panel.status.text()
    assert "2 workers on this machine" in panel.status.text()
    assert panel.progress.value() == 5
    assert cells(panel, 0) == ["2", "0", "finished", "10", "10", "1.5", ""]
    assert cells(panel, 4)[2] == "failed"
    assert cells(panel, 4)[-1] == "It fell over."
    assert cells(panel, 5)[3] == "7 of 3,000"
    assert len(panel.plot.dots.points()) == 4
    assert len(panel.plot.failed.points()) == 1
    assert "Dimensions of z 64<br>Held-out ELBO, nats" in panel.best.text()
    puppets[0].completed.emit(StudyEnd(5, 1, 0, 10.0, 2))
    assert panel.start_button.isEnabled()
    assert "Runs finished: 5, failed: 1; 2,160 runs per hour" in panel._note.text()


def test_stop_says_what_is_kept_and_start_goes_on(
    panel: StudiesPanel, puppets: list[Puppet], qtbot: QtBot
) -> None:
    panel.start()
    lines = lines_of(panel)
    puppets[0].reports.emit((StudyOpened(tuple(lines), 6, "this machine", 1),))
    going = RunLine(lines[0].key, lines[0].settings, 0, RunState.RUNNING, 7, 3000)
    puppets[0].reports.emit((RunChanged(going),))
    qtbot.mouseClick(panel.stop_button, Qt.MouseButton.LeftButton)
    assert puppets[0].asked == ["start", "stop"]
    puppets[0].stopped.emit(None)
    assert panel.run.lines[lines[0].key].state is RunState.WAITING
    assert "Start goes on with the rest" in panel._note.text()
    panel.start()
    assert len(puppets) == 2


def test_a_scheduler_takes_the_place_of_workers_here(
    panel: StudiesPanel, puppets: list[Puppet]
) -> None:
    panel.scheduler.setText(" tcp://cluster:8786 ")
    assert not panel.workers.isEnabled()
    panel.start()
    assert puppets[0].job.place == Scheduler(address="tcp://cluster:8786")
    puppets[0].failed.emit("No scheduler answers at tcp://cluster:8786; start one.", "")
    assert "No scheduler answers" in panel._note.text()
    assert panel.start_button.isEnabled()


def test_results_of_earlier_sessions_are_there_with_curves_and_models(
    panel: StudiesPanel, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    study = panel.run.study
    assert study is not None
    folder = study_folder(study.name)
    open_folder(folder)
    steps = np.array([5.0, 10.0])
    for seed in (0, 1):
        curves = {f"{s}_{c}": steps for s in ("train", "heldout") for c in ("step", "elbo")}
        result = RunResult(
            f"k{seed}", {"model.latent_z": 2}, seed, {"heldout_elbo": 1.0}, dict(curves), 10, 2.0
        )
        write_result(folder, result, {"name": "the model"})
    panel._choose()
    assert "reading what earlier sessions found" in panel.status.text()
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2 and not panel.run.looking)
    assert "reading" not in panel.status.text()
    assert cells(panel, 0)[2] == "finished earlier"
    panel.tabs.setCurrentIndex(CURVES)
    qtbot.waitUntil(lambda: len(panel.curves._runs) == 2)
    assert [run.name for run in panel.curves._runs] == [
        "Dimensions of z 2, seed 0",
        "Dimensions of z 2, seed 1",
    ]
    assert {run.group for run in panel.curves._runs} == {"Dimensions of z 2"}
    assert not panel.model_button.isEnabled()
    panel.rows.selectRow(0)
    qtbot.mouseClick(panel.model_button, Qt.MouseButton.LeftButton)
    assert "the model, latent_z = 2, seed 0" in session.workspace.models
    panel.save_csv(tmp_path / "runs.csv")
    assert (tmp_path / "runs.csv").read_text().startswith("key,model.latent_z,seed,state")
    panel.save_csv(tmp_path / "nowhere" / "runs.csv")
    assert "could not be written" in panel._saved.text()


def test_a_reader_finds_words_and_units_above_the_table(panel: StudiesPanel) -> None:
    def heads(role: Qt.ItemDataRole) -> list[str]:
        columns = range(panel.table.columnCount())
        return [panel.table.headerData(c, Qt.Orientation.Horizontal, role) for c in columns]

    titles, tips = heads(Qt.ItemDataRole.DisplayRole), heads(Qt.ItemDataRole.ToolTipRole)
    assert titles[0] == panel.plot.axis.itemText(0) == "Dimensions of z"
    assert "model.latent_z" in tips[0]  # what a study's file calls it
    assert titles[4:6] == ["Held-out ELBO, nats", "Time, s"]
    assert "Eq. 3.4" in tips[4]
    assert all(tips)


def test_what_cannot_be_opened_or_started_is_said(panel: StudiesPanel, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('recipe = "vae"\n[space.axes]\n')
    panel.open_study(bad)
    assert "the space is empty" in panel._note.text()
    panel.run._session = Session()
    panel.start()
    assert "import meter readings" in panel._note.text()


def test_texts_lie_beside_each_other_and_decades_on_a_log_axis(panel: StudiesPanel) -> None:
    study = panel.run.study
    assert study is not None
    panel.plot.show_lines([ended(line, 1.0) for line in lines_of(panel)])
    places = panel.plot._places(study, "model.latent_z")
    assert places["64"] == pytest.approx(np.log10(64))
    named = [
        RunLine(n, {"model.latent_z": n}, 0, RunState.FINISHED, figures={"heldout_elbo": 1.0})
        for n in ("global", "local")
    ]
    panel.plot.show_lines(named)
    assert panel.plot._places(study, "model.latent_z") == {"'global'": 0.0, "'local'": 1.0}
