"""The session: every verb is one step of undo, drags merge, and nothing unsaved goes unnoticed."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from studio_fakes import IDS, households

from lvm_studio.data.composition import Composition
from lvm_studio.storage.workspace import RunEntry, Workspace
from lvm_studio.studio.session import Session


@pytest.fixture
def session(qapp: object) -> Session:
    made = Session()
    made.restore(Workspace(datasets={"Test street": households()}), None)
    made.clear_composition()
    made.set_composition(Composition.parse("A*2,B"))
    made.undo_stack.clear()
    return made


def counts(session: Session) -> dict[str, int]:
    return dict(session.state.composition.counts)


VERBS = {
    "add": lambda s: s.add_households(["C", "A"]),
    "add many": lambda s: s.add_households(["D"], 7),
    "add like": lambda s: s.add_like(["C", "D"], 5),
    "remove": lambda s: s.remove_households(["A"]),
    "count": lambda s: s.set_count("B", 4),
    "duplicate": lambda s: s.duplicate(["A"]),
    "clear": lambda s: s.clear_composition(),
    "week": lambda s: s.set_week("2013-W04"),
    "temperature": lambda s: s.set_own_temperature([1.0] * 7),
    "criterion": lambda s: s.set_criterion("flexibility"),
    "lam": lambda s: s.set_lam(1.25),
    "samples": lambda s: s.set_samples(50),
    "seed": lambda s: s.set_seed(3),
    "curves": lambda s: s.set_show_curves(3),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_each_verb_is_one_named_step_of_undo(session: Session, verb: object) -> None:
    before = session.state
    verb(session)  # type: ignore[operator]
    after = session.state
    assert after != before
    assert session.undo_stack.count() == 1
    assert session.undo_stack.undoText()
    session.undo_stack.undo()
    assert session.state == before
    session.undo_stack.redo()
    assert session.state == after


def test_adding_counts_multiplicities(session: Session) -> None:
    session.add_households(["A", "C"], 2)
    assert counts(session) == {"A": 4, "B": 1, "C": 2}


def test_adding_like_spreads_evenly_over_the_rows_given(session: Session) -> None:
    session.clear_composition()
    session.add_like(["A", "B", "C"], 7)
    assert session.state.composition.size == 7
    assert set(counts(session)) == {"A", "B", "C"}
    assert max(counts(session).values()) - min(counts(session).values()) <= 1


def test_adding_like_one_household_takes_it_and_its_neighbours(session: Session) -> None:
    session.clear_composition()
    session.add_like(["D"], 3)
    assert counts(session)["D"] == 1
    assert len(counts(session)) == 3


def test_state_changed_tells_new_and_old(session: Session, qtbot: QtBot) -> None:
    before = session.state
    with qtbot.waitSignal(session.state_changed) as told:
        session.set_lam(2.0)
    new, old = told.args
    assert new is session.state
    assert old is before


def test_a_verb_that_changes_nothing_leaves_no_step(session: Session) -> None:
    session.set_lam(session.state.lam)
    session.set_week(session.state.week)
    assert session.undo_stack.count() == 0
    assert not session.dirty


@pytest.mark.parametrize(
    "verb",
    [
        lambda s: s.add_households(["nobody"]),
        lambda s: s.set_count("A", -1),
        lambda s: s.set_lam(float("nan")),
        lambda s: s.set_own_temperature([1.0, 2.0]),
        lambda s: s.add_like([], 3),
        lambda s: s.add_like(["A"], 0),
        lambda s: s.duplicate(["nobody"]),
        lambda s: s.choose_dataset("nowhere"),
    ],
)
def test_a_wish_that_cannot_be_met_is_a_sentence_and_changes_nothing(
    session: Session, qtbot: QtBot, verb: object
) -> None:
    before = session.state
    with qtbot.waitSignal(session.failed) as told:
        verb(session)  # type: ignore[operator]
    assert told.args[0].endswith(".")
    assert session.state == before
    assert session.undo_stack.count() == 0


def test_changes_of_one_gesture_merge_into_one_step(session: Session) -> None:
    gesture = session.new_gesture()
    for lam in (0.1, 0.5, 1.0):
        session.set_lam(lam, gesture)
    assert session.undo_stack.count() == 1
    assert session.undo_stack.undoText() == "λ = 1.00"
    session.undo_stack.undo()
    assert session.state.lam == 0.0
    session.undo_stack.redo()
    assert session.state.lam == 1.0


def test_two_gestures_are_two_steps_and_typed_values_never_merge(session: Session) -> None:
    session.set_lam(0.5, session.new_gesture())
    session.set_lam(1.0, session.new_gesture())
    session.set_lam(1.5)
    session.set_lam(2.0)
    assert session.undo_stack.count() == 4


def test_a_gesture_that_ends_where_it_began_leaves_no_step(session: Session) -> None:
    gesture = session.new_gesture()
    for lam in (0.5, 1.0, 0.0):
        session.set_lam(lam, gesture)
    assert session.undo_stack.count() == 0
    assert not session.dirty


def test_saving_makes_clean_and_undoing_past_the_save_makes_dirty(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    session.set_lam(1.0)
    assert session.dirty
    with qtbot.waitSignal(session.dirty_changed) as told:
        assert session.save(tmp_path / "street.lvms")
    assert told.args == [False]
    assert session.path == tmp_path / "street.lvms"
    session.undo_stack.undo()
    assert session.dirty
    session.undo_stack.redo()
    assert not session.dirty


def test_what_was_saved_is_what_opens(session: Session, tmp_path: Path) -> None:
    session.set_own_temperature([float(day) for day in range(7)])
    session.set_lam(1.75)
    session.put_run("first", RunEntry(spec={"recipe": "households"}, step=12))
    assert session.save(tmp_path / "street.lvms")
    other = Session()
    assert other.open(tmp_path / "street.lvms")
    assert other.state == session.state
    assert other.households.household_ids == IDS
    assert other.workspace.runs["first"].step == 12
    assert not other.dirty
    assert other.undo_stack.count() == 0


def test_a_file_that_is_none_is_a_sentence_and_what_is_open_stays(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "letter.lvms"
    path.write_text("Dear reader")
    before = session.state
    with qtbot.waitSignal(session.failed) as told:
        assert not session.open(path)
    assert "letter.lvms" in told.args[0]
    assert session.state == before


def test_a_place_that_cannot_be_written_is_a_sentence(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    session.set_lam(1.0)
    with qtbot.waitSignal(session.failed):
        assert not session.save(tmp_path / "no such folder" / "street.lvms")
    assert session.dirty
    assert session.path is None


def test_an_imported_dataset_can_be_undone_and_what_came_meanwhile_stays(
    session: Session,
) -> None:
    before = session.state
    session.add_dataset(households("Mine", ("X", "Y", "Z")))
    assert session.state.dataset == "Mine"
    assert set(counts(session)) <= {"X", "Y", "Z"}
    session.put_run("meanwhile", RunEntry(spec={}))
    session.undo_stack.undo()
    assert session.state == before
    assert list(session.workspace.datasets) == ["Test street"]
    assert "meanwhile" in session.workspace.runs
    session.undo_stack.redo()
    assert session.households.household_ids == ("X", "Y", "Z")


def test_a_second_dataset_of_the_same_name_gets_a_name_of_its_own(session: Session) -> None:
    session.add_dataset(households())
    assert list(session.workspace.datasets) == ["Test street", "Test street 2"]


def test_a_trained_model_is_kept_whatever_is_undone(session: Session) -> None:
    session.set_lam(1.0)
    name = session.add_model("Mine", {"name": "Mine"})
    session.undo_stack.undo()
    assert name in session.workspace.models
    assert session.dirty


def test_a_model_that_is_loaded_too_late_leaves_the_chosen_one_alone(session: Session) -> None:
    """Another was chosen, and taken back before it was loaded."""
    mine, other = (session.add_model(name, {"name": name}) for name in ("Mine", "Other"))
    session.choose_model(mine)
    models = session.workspace.models
    session.set_trained_model(models[mine], "loaded")  # type: ignore[arg-type]
    session.set_trained_model(models[other], "late")  # type: ignore[arg-type]
    assert session.trained_model() == "loaded"
    session.choose_model(other)
    assert session.trained_model() is None


def test_a_workspace_that_names_what_it_does_not_hold_is_mended(session: Session) -> None:
    state = session.state.with_changes(
        model="gone", composition=Composition.parse("A,Stranger*3"), week=""
    )
    session.restore(replace(session.workspace, street=state.to_tree()), None)
    assert counts(session) == {"A": 1}
    assert session.state.model == ""
    assert session.state.week in session.households.weeks.ids


def test_a_recovered_workspace_is_dirty(session: Session) -> None:
    session.restore(session.workspace, Path("street.lvms"), dirty=True)
    assert session.dirty
