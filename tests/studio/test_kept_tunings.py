"""The history of tunings: kept in the workspace, gone back to, forgotten; each with undo."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from street_fakes import tuned_answer

from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.tuning.tuning_history import TuningHistory, kept_of, tuning_name


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    return Session()


def test_a_tuning_is_kept_saved_and_gone_back_to(session: Session, tmp_path: Path) -> None:
    session.set_lam(1.5)
    kept = kept_of(tuned_answer(session.state))
    session.keep_tuning(tuning_name(kept), kept)
    session.keep_tuning(tuning_name(kept), kept)  # another of the same name
    assert list(session.kept_tunings) == ["Peak, 0 households, ", "Peak, 0 households,  2"]
    assert session.save(tmp_path / "w.h5")
    session.set_lam(0.0)
    session.recall_tuning("Peak, 0 households, ")
    assert session.state.lam == 1.5
    session.undo_stack.undo()
    assert session.state.lam == 0.0
    later = Session()
    assert later.open(tmp_path / "w.h5")
    assert later.kept_tunings == session.kept_tunings


def test_keeping_and_forgetting_are_undone(session: Session) -> None:
    kept = kept_of(tuned_answer(StreetState(lam=1.0)))
    session.keep_tuning("a", kept)
    session.forget_tuning("a")
    assert session.kept_tunings == {}
    session.undo_stack.undo()
    assert session.kept_tunings == {"a": kept}
    session.undo_stack.undo()
    assert session.kept_tunings == {}
    for name in "abc":
        session.keep_tuning(name, kept)
    session.forget_tuning("b")
    session.undo_stack.undo()
    assert list(session.kept_tunings) == ["a", "b", "c"]


def test_the_chosen_tuning_stays_chosen_as_another_is_kept(qtbot: QtBot) -> None:
    history = TuningHistory()
    qtbot.addWidget(history)
    kept = kept_of(tuned_answer(StreetState(lam=1.0)))
    history.show_tunings({"old": kept})
    history.table.selectRow(0)
    history.show_tunings({"old": kept, "new": kept})
    assert history.table.currentRow() == 1


def test_keys_in_the_table(qtbot: QtBot) -> None:
    table = TuningHistory()
    qtbot.addWidget(table)
    kept = kept_of(tuned_answer(StreetState(lam=1.0)))
    table.show_tunings({"old": kept, "new": kept})
    table.table.setCurrentCell(0, 0)
    with qtbot.waitSignal(table.recall_asked) as asked:
        qtbot.keyClick(table.table, Qt.Key.Key_Return)
    assert asked.args == ["new"]
    with qtbot.waitSignal(table.forget_asked) as asked:
        qtbot.keyClick(table.table, Qt.Key.Key_Delete)
    assert asked.args == ["new"]
    with qtbot.waitSignal(table.keep_asked):
        table.keep_button.click()
