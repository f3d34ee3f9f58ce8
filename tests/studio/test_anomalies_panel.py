"""The anomalies page with a puppet for the search."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot
from studio_fakes import workspace

from lvm_studio.analysis.anomalies.fault_library import FaultLibrary
from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob, TableOnDisk
from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.week_vectors import CONDITIONS
from lvm_studio.studio.judging.anomaly_search import AnomalySearch
from lvm_studio.studio.panels.anomalies import AnomaliesPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import Scheme, theme


def findings(rows: int = 6) -> Findings:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 3, rows), rng.uniform(1, 3, rows)
    a[4], b[2] = 40.0, 20.0
    values = rng.normal(size=(rows, 336)).astype(np.float32)
    marked = np.zeros((rows, 336), bool)
    marked[4, 100] = True
    return Findings(
        title="weeks of somewhere",
        names=tuple(f"h{n} 2013-W02" for n in range(rows)),
        a=a,
        b=b,
        quarter=np.array(["usual", "usual", "type B", "usual", "type A", "usual"]),
        type=np.where(a > b, "A", "B"),
        margin=np.maximum(a, b),
        guilty=("Mon 00:00-02:00",) * rows,
        when=("Wed 02:00-02:30",) * rows,
        looks_like=("shifted clock (97 %)",) + ("",) * (rows - 1),
        marked=marked,
        values=values,
        band=np.stack([values - 1, values, values + 1]),
        limit_a=4.0,
        limit_b=5.0,
        percentile=98.0,
        axis="kW",
        model={},
        notes=(),
    )


@pytest.fixture
def puppets() -> list[PuppetThread]:
    return []


@pytest.fixture
def panel(puppets: list[PuppetThread], qtbot: QtBot) -> AnomaliesPanel:
    def make(job: AnomalyJob, parent: QObject) -> PuppetThread:
        puppets.append(PuppetThread(job, parent))
        return puppets[-1]

    session = Session()
    session.restore(workspace(), None)
    panel = AnomaliesPanel(session, AnomalySearch(make))  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.resize(1200, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def test_a_search_is_started_watched_and_shown(
    panel: AnomaliesPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    assert panel._hint.isVisible()
    qtbot.mouseClick(panel.weeks_button, Qt.MouseButton.LeftButton)
    assert not panel.weeks_button.isEnabled()
    assert panel.progress.isVisible()
    puppets[0].reports.emit((Step(0.25, "training, step 20"),))
    assert "25 %" in panel.status.text()
    puppets[0].completed.emit(findings())
    assert panel.table.item(0, 1).text() == "h4 2013-W02"
    assert "A 40.0 σ" in panel.detail.text()
    assert "Wed 02:00" in panel.detail.text()
    assert panel.weeks_button.isEnabled()
    assert not panel.progress.isVisible()


def test_the_model_of_a_search_is_kept_and_measures_the_next(
    panel: AnomaliesPanel, puppets: list[PuppetThread]
) -> None:
    assert panel.model.currentText() == "fit anew"
    panel.search_weeks()
    assert puppets[0].job.model is None
    told = {"dataset": "weeks of somewhere", "steps": 50, "recipe": "anomalies"}
    tree = {"name": "weeks anomalies", "kind": "vector_vae", "provenance": told}
    learned = FaultLibrary(("dead meter",), np.zeros(1), np.ones(1), ())
    puppets[0].completed.emit(replace(findings(), model=tree, library=learned))
    assert panel.model.currentText() == "weeks anomalies"
    assert "weeks of somewhere" in panel.model.currentData(Qt.ItemDataRole.ToolTipRole)
    panel.search_weeks()
    assert puppets[1].job.model is tree
    assert puppets[1].job.library is learned
    puppets[1].completed.emit(replace(findings(), model=tree, fresh=False))
    assert panel.model.count() == 2
    panel.search_table(Path("t.csv"))  # a model of weeks does not measure a table
    assert puppets[2].job.model is None
    rows = VectorSet("t", np.zeros((3, 2)))
    table = {**tree, "name": "t anomalies", "provenance": {**told, "dataset": "t"}}
    puppets[2].completed.emit(replace(findings(), model=table, rows=rows))
    assert panel.model.currentText() == "t anomalies"
    assert panel._session.workspace.vectors[table["provenance"]["rows"]] is rows


def test_a_search_that_outlives_its_workspace_leaves_the_next_one_alone(
    panel: AnomaliesPanel, puppets: list[PuppetThread]
) -> None:
    panel.search_weeks()
    panel._session.restore(workspace(), None)
    held = dict(panel._session.workspace.models)
    puppets[0].completed.emit(replace(findings(), model={"name": "late", "kind": "vector_vae"}))
    assert panel._session.workspace.models == held
    assert panel._hint.isVisible()  # found among weeks that are no longer open


def test_what_was_found_is_shown_as_long_as_its_weeks_are_open(
    panel: AnomaliesPanel, puppets: list[PuppetThread]
) -> None:
    panel.search_weeks()
    puppets[0].completed.emit(findings())
    assert panel.table.isVisible()
    panel._session.restore(workspace(), None)
    assert panel._hint.isVisible()
    assert not panel.export_button.isEnabled()
    assert panel.status.text() == ""


def test_what_is_checked_is_told_to_a_model_of_weeks(
    panel: AnomaliesPanel, puppets: list[PuppetThread]
) -> None:
    assert panel.told.told == CONDITIONS
    panel.told.tell("season", told=False)
    panel.told.tell("highest temperature", told=True)
    panel.search_weeks()
    assert "season" not in puppets[0].job.told
    assert "highest temperature" in puppets[0].job.told
    assert panel.told.text() == f"Told &k: {len(CONDITIONS)}"


def test_columns_of_a_file_can_be_told(panel: AnomaliesPanel, tmp_path: Path) -> None:
    session, path = panel._session, tmp_path / "more.csv"
    ids = session.households.household_ids
    path.write_text("\n".join(["who,floor", *(f"{who},{n}" for n, who in enumerate(ids))]))
    panel.told.take_file(path)
    panel.told.tell("floor", told=True)
    assert panel.told.told[-1] == "floor"
    session.undo_stack.undo()
    assert "floor" not in session.households.metadata
    assert "floor" not in panel.told.told


def test_cancel_keeps_what_was_found(
    panel: AnomaliesPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.show_findings(findings())
    panel.search_weeks()
    qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    assert not panel.search.running
    assert panel.table.rowCount() == 6


def test_the_keyboard_walks_through_the_ranking(panel: AnomaliesPanel, qtbot: QtBot) -> None:
    panel.show_findings(findings())
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert panel.detail.text().startswith("h2 ")
    panel.scatter.chosen.emit(4)
    assert panel.table.currentRow() == 0
    assert panel.detail.text().startswith("h4 ")


def test_a_table_is_read_by_the_job_and_a_failure_is_said_in_a_sentence(
    panel: AnomaliesPanel, puppets: list[PuppetThread], tmp_path: Path
) -> None:
    bad = tmp_path / "words.csv"
    bad.write_text("name\nfirst\nsecond\n")
    panel.condition.setText("cause, time")
    panel.search_table(bad)
    assert puppets[0].job.data == TableOnDisk(bad, ("cause", "time"))
    with pytest.raises(DataError, match="no column of numbers"):
        list(puppets[0].job.run())
    puppets[0].failed.emit("It fell over.", "details")
    assert panel.banner.sentence.text() == "It fell over."
    assert not panel.search.running


def test_the_ranking_is_exported_whole_and_in_both_themes(
    panel: AnomaliesPanel, tmp_path: Path
) -> None:
    panel.show_findings(findings())
    theme().set_scheme(Scheme.DARK)
    assert panel.suspect.getPlotItem().titleLabel.opts["color"] == theme().colours.text
    panel.export(tmp_path / "ranked.csv")
    lines = (tmp_path / "ranked.csv").read_text().splitlines()
    theme().set_scheme(Scheme.SYSTEM)
    assert lines[0].startswith("rank,name,a,b")
    assert len(lines) == 7
    assert lines[1].startswith("1,h4 2013-W02,40.0")
