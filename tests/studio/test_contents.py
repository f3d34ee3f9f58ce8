"""Data sets and models as wholes: chosen, renamed, removed, brought in, and all of it undone."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from studio_fakes import FakeDialogs, households, workspace

from lvm_studio.storage.contents import Kind
from lvm_studio.storage.kept_tuning import KeptTuning
from lvm_studio.storage.workspace import RunEntry, load
from lvm_studio.studio.contents import Contents
from lvm_studio.studio.contents_dialog import ContentsDialog
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.open_choosers import FRAME, NARROW, OpenChoosers

MADE = {"recipe": "households", "seed": 3, "steps": 1400, "dataset": "Test street"}


@pytest.fixture
def session(qapp: object) -> Session:
    """A street with two models; a run became the first, and a tuning that used it was kept."""
    session = Session()
    first = {"name": "m", "kind": "compvae", "provenance": MADE}
    run = RunEntry(spec={"train": "", "dataset": "Test street"}, status="finished", model="m")
    held = replace(workspace(), models={"m": first, "n": {"name": "n"}}, runs={"r": run})
    session.restore(held, None)
    kept = KeptTuning(session.state, 50.0, 43.0, "kW", 2.3, "flow", 0.8, 0.2, True)
    session.keep_tuning("cold week", kept)
    return session


def complaints(session: Session) -> list[str]:
    said: list[str] = []
    session.failed.connect(lambda sentence, _details: said.append(sentence))
    return said


def test_a_renamed_model_keeps_its_place_its_run_and_its_tunings(session: Session) -> None:
    contents = Contents(session)
    contents.rename_model("m", " the good one ")
    assert list(session.workspace.models) == ["the good one", "n"]
    assert session.state.model == "the good one"
    assert session.workspace.runs["r"].model == "the good one"
    assert session.kept_tunings["cold week"].state.model == "the good one"
    session.undo_stack.undo()
    assert list(session.workspace.models) == ["m", "n"]
    assert session.workspace.runs["r"].model == session.state.model == "m"


@pytest.mark.parametrize(("name", "why"), [("n", "already"), ("  ", "needs a name")])
def test_a_name_that_is_taken_or_empty_is_refused(session: Session, name: str, why: str) -> None:
    said = complaints(session)
    Contents(session).rename_model("m", name)
    assert why in said[0]
    assert list(session.workspace.models) == ["m", "n"]


def test_what_used_a_removed_model_goes_on_with_another(session: Session) -> None:
    Contents(session).remove("model", "m")
    assert session.state.model == "n"
    said = complaints(session)
    session.recall_tuning("cold week")
    assert "“m”" in said[0]
    session.undo_stack.undo()
    assert session.state.model == "m"


def test_a_removed_data_set_leaves_the_page_to_another(session: Session) -> None:
    before = session.state
    session.add_dataset(households("Other street"))
    contents = Contents(session)
    contents.remove("data", "Other street")
    assert session.state.dataset == "Test street"
    contents.remove("data", "Test street")
    assert not session.has_households
    for _ in range(3):
        session.undo_stack.undo()
    assert session.state == before


def test_what_was_removed_comes_back_in_its_place(session: Session) -> None:
    session.add_dataset(households("Other street"))
    removed: tuple[tuple[Kind, str], ...] = (("model", "m"), ("data", "Test street"))
    for kind, name in removed:
        before = session.workspace
        Contents(session).remove(kind, name)
        session.add_model("new", {"name": "new"})
        session.undo_stack.undo()
        assert list(session.workspace.datasets) == list(before.datasets)
        assert [one for one in session.workspace.models if "new" not in one] == ["m", "n"]


@pytest.mark.parametrize("verb", ["remove", "rename"])
def test_a_trained_model_takes_no_name_that_undo_gives_back(session: Session, verb: str) -> None:
    contents, old, trained = Contents(session), session.workspace.models["m"], {"name": "m"}
    contents.remove("model", "m") if verb == "remove" else contents.rename_model("m", "mine")
    name = session.add_model("m", trained)
    session.undo_stack.undo()
    assert session.workspace.models["m"] is old
    assert session.workspace.models[name] is trained
    session.undo_stack.redo()
    assert session.workspace.models[name] is trained


def test_models_travel_in_files(session: Session, tmp_path: Path) -> None:
    file, contents = tmp_path / "m.lvms", Contents(session)
    done: list[str] = []
    session.done.connect(done.append)
    contents.save_model("m", file)
    assert done == ["Saved m to m.lvms."]
    assert list(load(file).models) == ["m"]
    contents.take_models(file)
    assert list(session.workspace.models) == ["m", "n", "m 2"]
    session.choose_model("m 2")
    session.undo_stack.undo()
    session.undo_stack.undo()
    assert list(session.workspace.models) == ["m", "n"]
    said = complaints(session)
    contents.take_models(tmp_path / "nowhere.lvms")
    assert "nowhere.lvms" in said[0]


def test_the_dialog_says_what_each_thing_is(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    file = tmp_path / "m.lvms"
    asked = FakeDialogs(path=file)
    window = OpenChoosers()
    qtbot.addWidget(window)
    dialog = ContentsDialog(session, Contents(session), asked, window)
    table = dialog.table
    rows = [[table.item(row, col).text() for col in (0, 1, 2)] for row in range(3)]
    assert rows[0] == ["data", "Test street", "5 households, 6 weeks"]
    assert rows[1][2] == (
        "CompVAE, recipe households, seed 3, 1,400 steps, learned from Test street"
    )
    table.selectRow(2)
    dialog.use.click()
    assert session.state.model == "n"
    table.item(2, 1).setText("m")  # taken: refused, and the table says so
    assert table.item(2, 1).text() == "n"
    dialog.export.click()
    assert list(load(file).models) == ["n"]
    dialog.remove.click()
    assert table.rowCount() == 2
    dialog.add.click()
    assert table.item(2, 1).text() == "n"


def test_the_dialog_takes_back_what_was_done_in_it(qtbot: QtBot, session: Session) -> None:
    window = OpenChoosers()
    qtbot.addWidget(window)
    dialog = ContentsDialog(session, Contents(session), FakeDialogs(), window)
    dialog.show()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.table.selectRow(2)
    dialog.remove.click()
    assert list(session.workspace.models) == ["m"]
    qtbot.keyClick(dialog.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(session.workspace.models) == ["m", "n"]


def test_a_chooser_is_as_wide_as_its_name(qtbot: QtBot) -> None:
    choosers = OpenChoosers()
    qtbot.addWidget(choosers)
    name = "Simulated street 60 × 40"  # it was cut to 60 × 4
    choosers.show_datasets({name: "", "b": ""}, name)
    text = choosers.dataset.fontMetrics().horizontalAdvance(name)
    assert choosers.dataset.width() - FRAME >= text
    choosers.show_datasets({name: "", "b": ""}, "b")
    assert choosers.dataset.width() == NARROW


def test_choosers_speak_for_the_person_only(qtbot: QtBot) -> None:
    choosers = OpenChoosers()
    qtbot.addWidget(choosers)
    chosen: list[str] = []
    choosers.model_chosen.connect(chosen.append)
    choosers.show_models({"m": "what m is", "n": "what n is"}, "n")
    assert choosers.model.currentText() == "n"
    assert chosen == []
    choosers.show_models({}, "")
    assert not choosers.model.isEnabled()
    choosers.show_models({"m": ""}, "m")
    choosers.show()
    choosers.model.setFocus()
    qtbot.keyClick(choosers.model, " ")
    qtbot.keyClick(choosers.model.view(), "\r")
    assert chosen == ["m"]
