"""The window: nothing unsaved is lost, closing leaves nothing behind, and it looks as it did."""

import json
import logging
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QLabel, QSplitter
from pytestqt.qtbot import QtBot
from studio_fakes import FakeDialogs
from window_hand import PATIENCE, Open, action

from lvm_studio.models.specs import CompVAESpec
from lvm_studio.storage.recovery import OWNER, LiveSession, log_path
from lvm_studio.storage.workspace import Workspace, load, save
from lvm_studio.studio.app import log_file
from lvm_studio.studio.dialogs import Choice
from lvm_studio.studio.help_pages import libraries
from lvm_studio.studio.help_windows import NO_LOG, LogDialog, PageDialog, end_of
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.selection import Selection
from lvm_studio.studio.theme import DARK, LIGHT, Scheme, theme
from lvm_studio.studio.window import MainWindow, fitted
from lvm_studio.training.spec import TrainSpec

SMALL = CompVAESpec(latent_w=2, latent_z=1, part_hidden=8, day_hidden=8)


# The title and the end ------------------------------------------------------------------------


def test_the_title_names_the_file_and_marks_what_is_unsaved(opened: Open, tmp_path: Path) -> None:
    window = opened()
    assert window.windowTitle() == "Untitled[*] — LVM Studio"
    assert not window.isWindowModified()
    window.session.set_lam(1.0)
    assert window.isWindowModified()
    window.session.save(tmp_path / "street.lvms")
    assert window.windowTitle() == "street[*] — LVM Studio"
    assert not window.isWindowModified()


def test_a_clean_window_closes_without_a_question_and_leaves_nothing(
    opened: Open, own_state_folder: Path
) -> None:
    dialogs = FakeDialogs()
    window = opened(dialogs, start=True)
    assert window.close()
    assert dialogs.asked == []
    assert not window.service._thread.isRunning()
    assert not window._files.isRunning()
    assert list((own_state_folder / "sessions").iterdir()) == []


@pytest.mark.parametrize("choice", Choice)
def test_closing_with_something_unsaved_asks(opened: Open, tmp_path: Path, choice: Choice) -> None:
    path = tmp_path / "street.lvms"
    dialogs = FakeDialogs(choice, path)
    window = opened(dialogs)
    window.session.set_lam(1.0)
    assert window.close() is (choice is not Choice.CANCEL)
    assert dialogs.asked[0] == "Untitled"
    assert path.exists() is (choice is Choice.SAVE)
    assert window.isVisible() is (choice is Choice.CANCEL)


def test_what_another_program_wrote_is_not_replaced_unasked(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "street.lvms"
    dialogs = FakeDialogs(Choice.CANCEL, path)
    window = opened(dialogs)
    action(window, "save").trigger()
    save(path, Workspace())
    window.session.set_lam(1.0)
    action(window, "save").trigger()
    assert dialogs.asked == ["Save workspace", "street.lvms"]
    assert load(path).datasets == {}
    dialogs.choice = Choice.SAVE
    action(window, "save").trigger()
    assert load(path).datasets
    action(window, "save").trigger()  # one's own version is replaced without a question
    assert len(dialogs.asked) == 3


def test_a_file_that_another_studio_shows_is_told_once_it_is_opened(
    opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "street.lvms"
    window = opened(FakeDialogs(Choice.SAVE, path))
    action(window, "save").trigger()
    assert not window.errors.isVisible()
    action(window, "new").trigger()
    theirs = LiveSession()
    theirs.shows(path)
    owner = theirs.folder / OWNER
    parent = psutil.Process().parent()
    assert parent is not None
    another = {"pid": parent.pid, "started": parent.create_time()}
    owner.write_text(json.dumps(json.loads(owner.read_text()) | another))
    action(window, "open").trigger()
    assert window.errors.isVisible()
    assert "open in another window" in window.errors.sentence
    window.errors.hide()
    theirs.close()
    action(window, "open").trigger()
    assert not window.errors.isVisible()


def test_a_save_that_is_given_up_keeps_the_window_open(opened: Open) -> None:
    window = opened(FakeDialogs(Choice.SAVE, path=None))
    window.session.set_lam(1.0)
    assert not window.close()


def test_a_training_that_runs_is_unsaved_work_and_its_checkpoint_is_saved(
    opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "street.lvms"
    dialogs = FakeDialogs(Choice.CANCEL, path)
    window = opened(dialogs)
    spec = TrainSpec(recipe="households", seed=7, batch=2, model=SMALL)
    name = window._registry.start(spec)
    window.session.save(path)
    run = window._registry.runs[name]
    qtbot.waitUntil(lambda: run.record.step > 0, timeout=60_000)
    assert not window.close()
    assert not run.record.state.ended
    dialogs.choice = Choice.SAVE
    assert window.close()
    kept = load(path).runs[name]
    assert kept.checkpoint is not None
    assert kept.step == run.record.step > 0


# The menus ------------------------------------------------------------------------------------


def test_what_is_at_work_is_named_before_it_ends(opened: Open) -> None:
    dialogs = FakeDialogs(Choice.CANCEL)
    window = opened(dialogs)
    simulation = SimulateDialog(window.session, window, PuppetThread)
    simulation.start()
    assert not window.close()
    assert dialogs.asked == ["the simulation of a street"]
    dialogs.choice = Choice.DISCARD
    assert window.close()


def test_files_are_taken_where_they_are_dropped(opened: Open, tmp_path: Path) -> None:
    window = opened()
    street, readings, study = (tmp_path / f"one.{end}" for end in ("lvms", "csv", "toml"))
    save(street, Workspace())
    readings.write_text("id;time;kWh\nA;2013-01-07 00:00;1\n")
    study.write_text('recipe = "vae"\n[space.axes]\n"model.latent_z" = [2, 4]\n')
    dropped_on(window, study)
    assert window.tabs.tabText(window.tabs.currentIndex()) == "Studies"
    dropped_on(window, readings)
    assert window.findChild(ImportDialog).path == readings
    dropped_on(window, street)
    assert window.session.path == street
    dropped_on(window, tmp_path / "one.png")
    assert "one.png cannot be opened here" in window.errors.sentence
    dropped_on(window, street, readings)
    assert "one file at a time" in window.errors.sentence


def test_a_drop_is_over_before_anything_is_asked(opened: Open, tmp_path: Path) -> None:
    dialogs = FakeDialogs(Choice.CANCEL)
    window = opened(dialogs)
    window.session.set_lam(1.0)
    dropped_on(window, tmp_path / "one.lvms", heard=False)
    assert dialogs.asked == []
    QCoreApplication.processEvents()
    assert dialogs.asked == ["Untitled"]


def dropped_on(window: MainWindow, *paths: Path, heard: bool = True) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, copy = QPoint(700, 400), Qt.DropAction.CopyAction
    told = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(place, copy, *told)
    QCoreApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QCoreApplication.sendEvent(window, QDropEvent(place.toPointF(), copy, *told))
    if heard:
        QCoreApplication.processEvents()


def test_new_and_open_ask_before_anything_is_lost(opened: Open, tmp_path: Path) -> None:
    dialogs = FakeDialogs(Choice.CANCEL, tmp_path / "other.lvms")
    window = opened(dialogs)
    window.session.set_lam(1.0)
    action(window, "open").trigger()
    action(window, "new").trigger()
    assert dialogs.asked == ["Untitled", "Untitled"]
    assert window.session.state.lam == 1.0


def test_what_is_saved_is_opened_again_and_is_recent(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "street.lvms"
    window = opened(FakeDialogs(Choice.DISCARD, path))
    window.session.set_lam(1.25)
    action(window, "save").trigger()
    window.session.set_lam(0.0)
    action(window, "open").trigger()
    assert window.session.state.lam == 1.25
    assert window._recent.paths() == [path]
    path.unlink()
    assert window._recent.paths() == []


def test_the_edit_menu_says_what_it_undoes(opened: Open) -> None:
    window = opened()
    window.session.set_lam(1.0)
    assert action(window, "undo").text() == "&Undo λ = 1.00"
    action(window, "undo").trigger()
    assert window.session.state.lam == 0.0
    assert action(window, "redo").text() == "&Redo λ = 1.00"
    assert not action(window, "undo").isEnabled()


def test_common_actions_have_their_usual_keys(opened: Open) -> None:
    window = opened()
    keys = {name: action(window, name).shortcut().toString() for name in ("open", "save", "undo")}
    assert keys == {"open": "Ctrl+O", "save": "Ctrl+S", "undo": "Ctrl+Z"}


def test_pages_have_keys(opened: Open) -> None:
    window = opened()
    assert window.page_titles() == [
        "Compose",
        "Train",
        "Studies",
        "Laboratory",
        "Latent space",
        "Anomalies",
        "Report card",
    ]
    action(window, "train").trigger()
    assert window.tabs.currentIndex() == 1


def test_help_opens_beside_the_window(opened: Open, qtbot: QtBot) -> None:
    window = opened()
    for name in ("tour", "tour", "keyboard", "data_quality", "log", "about_lvm_studio"):
        action(window, name).trigger()
    assert window.isEnabled()
    pages = [page.windowTitle() for page in window.findChildren(PageDialog) if page.isVisible()]
    assert sorted(pages) == ["About LVM Studio", "Data quality", "Keyboard", "Tour"]


def test_a_dialog_that_is_open_comes_forward_and_is_not_doubled(opened: Open) -> None:
    window = opened()
    for name in ("what_the_workspace_holds", "simulate_a_street", "inference_graphs"):
        for _ in range(2):
            action(window, name).trigger()
        (dialog,) = window.findChildren(QDialog)
        dialog.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_log_is_read_from_the_help_menu(opened: Open) -> None:
    window = opened()
    action(window, "log").trigger()
    shown = window.findChild(LogDialog)
    assert shown.text.toPlainText() == NO_LOG
    shown.close()
    with log_file():
        logging.getLogger("lvm_studio").warning("the disk is full")
    assert str(log_path()).startswith(os.environ["LVM_STUDIO_STATE"])
    assert "the disk is full" in end_of(log_path())
    assert end_of(log_path(), most=12) == NO_LOG  # half a line tells nothing


def test_every_library_is_named_with_its_licence() -> None:
    known = libraries()
    assert {"torch", "PySide6-Essentials".lower()} <= {name.lower() for name, _, _ in known}
    assert all(number and licence for _, number, licence in known)


# Layout and theme -----------------------------------------------------------------------------


def library_share(splitter: QSplitter) -> float:
    """How much of the page the library takes (the screen of the tests may be small)."""
    return splitter.sizes()[0] / sum(splitter.sizes())


def test_the_layout_is_kept_between_starts_and_can_be_reset(opened: Open, qtbot: QtBot) -> None:
    window = opened()
    splitter = window.findChild(QSplitter, "compose_columns")
    assert library_share(splitter) < 0.25
    splitter.setSizes([600, 200, 560])
    window.tabs.setCurrentIndex(2)
    window.close()
    again = opened()
    kept = again.findChild(QSplitter, "compose_columns")
    assert again.tabs.currentIndex() == 2
    again.tabs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: library_share(kept) > 0.3)
    again.reset_layout()
    qtbot.waitUntil(lambda: library_share(kept) < 0.25)


def test_the_room_of_a_pad_is_not_kept(opened: Open) -> None:
    window = opened()
    rows = window.findChild(QSplitter, "compose_rows")
    usual = rows.sizes()
    window.session.set_second("flexibility")
    assert rows.sizes() != usual
    window.close()
    assert opened().findChild(QSplitter, "compose_rows").sizes() == usual


def test_no_page_is_wider_than_a_small_screen(opened: Open) -> None:
    assert opened().minimumSizeHint().width() <= 1280


def test_the_window_fits_the_screen_whatever_was_remembered(opened: Open) -> None:
    window = opened()
    room = window.screen().availableGeometry()
    window.setGeometry(300, 200, 4000, 3000)
    window.close()
    again = opened()
    assert again.height() <= room.height()
    assert again.width() <= max(room.width(), again.minimumSizeHint().width())


@pytest.mark.parametrize(
    ("remembered", "shown"),
    [
        (QRect(100, 90, 900, 600), QRect(100, 90, 900, 600)),  # it fits: left alone
        (QRect(0, 0, 1360, 860), QRect(0, 40, 1280, 760)),  # too large: room for its title bar
        (QRect(1200, 500, 600, 400), QRect(680, 400, 600, 400)),  # half outside: moved
        (QRect(3000, -900, 600, 400), QRect(680, 0, 600, 400)),  # on a screen that has gone
    ],
)
def test_windows_are_brought_back_into_the_screen(remembered: QRect, shown: QRect) -> None:
    assert fitted(remembered, QRect(0, 0, 1280, 800), title_bar=40) == shown


def test_the_view_menu_changes_the_theme(opened: Open) -> None:
    window = opened()
    choices = {a.text(): a for a in window.findChildren(QAction)}
    choices["Dark"].trigger()
    assert theme().colours is DARK
    choices["Light"].trigger()
    assert theme().colours is LIGHT


def test_the_theme_is_kept_between_starts(opened: Open) -> None:
    window = opened()
    window.set_scheme(Scheme.DARK)
    window.close()
    theme().set_scheme(Scheme.LIGHT)
    opened()
    assert theme().scheme is Scheme.DARK
    assert theme().colours is DARK


# The status bar -------------------------------------------------------------------------------


def test_the_status_bar_names_model_device_and_data(opened: Open, qtbot: QtBot) -> None:
    window = opened(start=True)
    texts = {
        name: window.findChild(QLabel, f"status_{name}")
        for name in ("model", "device", "attribution")
    }
    qtbot.waitUntil(lambda: texts["model"].text() == "Model: m", timeout=PATIENCE)
    assert texts["device"].text() == "CPU, 1 thread"
    assert texts["attribution"].text() == "Made up"
    assert texts["attribution"].toolTip() == "Made up; by nobody."


# The selection ---------------------------------------------------------------------------------


def test_a_selection_stands_above_every_page_until_it_is_cleared(opened: Open) -> None:
    window = opened()
    session, bar = window.session, window.selected
    first = session.households.household_ids[0]
    session.select(
        Selection("winter", np.ones((1, 336)), members=((first,),), weeks=(session.state.week,))
    )
    assert bar.isVisible()
    bar.show_it.click()
    page = window.tabs.currentWidget()
    assert isinstance(page, LatentPanel)
    assert page.walk.tabs.currentWidget() is page.selection
    assert bar.isVisible()
    before = session.state
    bar.compose.click()
    assert session.state.composition.households == (first,)
    assert "Composed 1 household of" in window.statusBar().currentMessage()
    session.undo_stack.undo()
    assert session.state == before
    bar.clear.click()
    assert session.selection is None
    assert not bar.isVisible()
