"""The window: nothing unsaved is lost, a crash costs nothing, and closing leaves nothing behind."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pyqtgraph as pg
import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QAction, QColor, QDragEnterEvent, QDropEvent, QImage, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSplitter,
    QTabBar,
    QTableView,
    QTabWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from studio_fakes import (
    FakeDialogs,
    FakeStreets,
    FakeTunings,
    crashed_session,
    households,
    workspace,
)

from lvm_studio.models.specs import CompVAESpec
from lvm_studio.storage.recovery import AUTOSAVE, OWNER, LiveSession, log_path, lost_sessions
from lvm_studio.storage.workspace import Workspace, load, save
from lvm_studio.studio.app import Reporter, log_file
from lvm_studio.studio.dialogs import Choice
from lvm_studio.studio.help_pages import libraries
from lvm_studio.studio.help_windows import NO_LOG, LogDialog, PageDialog, end_of
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.selection import Selection
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.theme import DARK, LIGHT, Scheme, theme
from lvm_studio.studio.window import MainWindow, fitted
from lvm_studio.training.spec import TrainSpec

PATIENCE = 5000
SMALL = CompVAESpec(latent_w=2, latent_z=1, part_hidden=8, day_hidden=8)

Open = Callable[..., MainWindow]


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Open]:
    """Opens windows on the small street; ends those that the test has not closed."""
    windows: list[MainWindow] = []

    def open_window(dialogs: FakeDialogs | None = None, *, start: bool = False) -> MainWindow:
        session = Session()
        session.restore(workspace(), None)
        service = StreetService(session, FakeStreets(), FakeTunings())  # type: ignore[arg-type]
        window = MainWindow(session, service, LiveSession(), dialogs or FakeDialogs())
        windows.append(window)
        window.show()
        if start:
            window.start()
        return window

    yield open_window
    for window in windows:
        window.end()
        window.hide()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme().set_scheme(Scheme.SYSTEM)


def test_tab_leads_through_every_page_and_out_of_every_table(opened: Open, qtbot: QtBot) -> None:
    window = opened()
    holding = [
        *(one for one in window.findChildren(QTableView) if one.tabKeyNavigation()),
        *(one for one in window.findChildren(QPlainTextEdit) if typed_into(one)),
    ]
    assert holding == []
    library = window.findChild(QTableView, "library")
    assert library.model().rowCount() > 1
    window.activateWindow()
    library.setFocus()
    qtbot.waitUntil(library.hasFocus, timeout=PATIENCE)
    qtbot.keyClick(library, Qt.Key.Key_Tab)
    assert not library.hasFocus()


def test_every_control_that_takes_the_keyboard_has_a_name(opened: Open) -> None:
    window = opened()
    labelled = {label.buddy() for label in window.findChildren(QLabel)}
    nameless = [
        (type(control).__name__, control.objectName(), control.toolTip())
        for kind in (QAbstractSpinBox, QComboBox, QSlider, QTableView, QPlainTextEdit)
        for control in window.findChildren(kind)
        if not control.accessibleName() and control not in labelled
    ]
    assert nameless == []


def test_no_letter_leads_to_two_places_of_a_page(opened: Open) -> None:
    window = opened()
    pages = window.findChild(QTabWidget, "pages")
    twice: set[tuple[str, ...]] = set()
    for page in range(pages.count()):
        pages.setCurrentIndex(page)
        for inner in (pages, *pages.currentWidget().findChildren(QTabWidget)):
            for tab in range(inner.count()) if inner is not pages else (page,):
                inner.setCurrentIndex(tab)
                led = places_by_letter(window).values()
                twice |= {(pages.tabText(page), *texts) for texts in led if len(texts) > 1}
    assert twice == set()


def places_by_letter(window: MainWindow) -> dict[str, list[str]]:
    """Where Alt and a letter lead, in what is shown now; two places take turns and do nothing."""
    texts = [action.text() for action in window.menuBar().actions()]
    for shown in filter(QWidget.isVisible, window.findChildren(QWidget)):
        if isinstance(shown, QTabBar):
            texts += [shown.tabText(tab) for tab in range(shown.count())]
        elif isinstance(shown, QAbstractButton) or (isinstance(shown, QLabel) and shown.buddy()):
            texts.append(shown.text())
    led: dict[str, list[str]] = {}
    for text in texts:
        if letter := QKeySequence.mnemonic(text).toString():
            led.setdefault(letter, []).append(text)
    return led


def typed_into(field: QPlainTextEdit) -> bool:
    """Whether Tab would be one more letter of it."""
    return not field.isReadOnly() and not field.tabChangesFocus()


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert found is not None, name
    return found


def action(window: MainWindow, name: str) -> QAction:
    found = window.findChild(QAction, f"action_{name}")
    assert found is not None, name
    return found


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


def dropped_on(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, copy = QPoint(700, 400), Qt.DropAction.CopyAction
    told = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(place, copy, *told)
    QCoreApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QCoreApplication.sendEvent(window, QDropEvent(place.toPointF(), copy, *told))


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
    for name in ("tour", "keyboard", "data_quality", "log", "about_lvm_studio"):
        action(window, name).trigger()
    assert window.isEnabled()
    assert len(window.findChildren(PageDialog)) == 4


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


# Exports --------------------------------------------------------------------------------------


def test_curves_are_exported_in_watts(opened: Open, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    window = opened(FakeDialogs(path=path), start=True)
    qtbot.waitUntil(lambda: window.service.fan is not None, timeout=PATIENCE)
    action(window, "export_curves").trigger()
    lines = path.read_text().splitlines()
    assert lines[0] == "time,sample_1,sample_2,sample_3,sample_4"
    assert lines[1].startswith("2013-01-14T00:00:00Z,3000.0")
    assert len(lines) == 337


def test_tuned_curves_are_exported_with_their_weights(
    opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    window = opened(FakeDialogs(path=tmp_path / "curves.csv"), start=True)
    window.session.set_lam(1.0)
    qtbot.waitUntil(
        lambda: window.service.tuned is not None and window.service.tuned.lam == 1.0,
        timeout=PATIENCE,
    )
    action(window, "export_curves").trigger()
    header, *rows = (tmp_path / "curves-weights.csv").read_text().splitlines()
    names = (tmp_path / "curves.csv").read_text().splitlines()[0].split(",")[1:]
    assert header == "sample,weight"
    assert [row.split(",")[0] for row in rows] == names
    assert [float(row.split(",")[1]) for row in rows] == window.service.tuned.weights.tolist()


def test_there_may_be_nothing_to_export(opened: Open) -> None:
    window = opened()
    action(window, "export_curves").trigger()
    assert "no curves" in window.errors.sentence


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_figures_are_exported_light_though_the_window_is_dark(
    opened: Open, qtbot: QtBot, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"figure{suffix}"
    window = opened(FakeDialogs(path=path), start=True)
    window.set_scheme(Scheme.DARK)
    qtbot.waitUntil(lambda: window.service.fan is not None, timeout=PATIENCE)
    action(window, "export_figure").trigger()
    assert path.stat().st_size > 2000
    assert theme().colours is DARK
    if suffix == ".png":
        image = QImage(str(path))
        assert image.pixelColor(3, 3) == QColor(LIGHT.plot)
        canvas = window.tabs.currentWidget().fan.canvas
        assert image.height() > 2 * canvas.height()  # there is a caption below
    if suffix == ".svg":
        written = path.read_text()
        assert "UTC.<" in written  # the end of the caption
        assert "<image" not in written  # lines, not pictures of lines


def test_a_figure_of_an_unknown_kind_is_a_sentence(opened: Open, tmp_path: Path) -> None:
    window = opened(FakeDialogs(path=tmp_path / "figure.bmp"))
    pg.PlotWidget(window.tabs.currentWidget()).show()
    action(window, "export_figure").trigger()
    assert "figure.bmp" in window.errors.sentence


# Errors ---------------------------------------------------------------------------------------


def test_errors_are_a_sentence_with_details_on_demand(opened: Open) -> None:
    window = opened()
    window.session.failed.emit("The file is damaged; open another.", "Traceback …")
    details = window.findChild(QPlainTextEdit, "error_details")
    assert window.errors.isVisible()
    assert not details.isVisible()
    button(window, "error_details_toggle").click()
    assert details.isVisible()
    assert details.toPlainText() == "Traceback …"
    button(window, "error_close").click()
    assert not window.errors.isVisible()


def test_what_no_slot_catches_goes_to_the_log_and_becomes_a_sentence(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    window = opened()
    error = RuntimeError("the widget has gone")
    with caplog.at_level(logging.ERROR):
        Reporter(window)(RuntimeError, error, None)
    assert window.errors.sentence == "Something unexpected happened: the widget has gone."
    assert "the widget has gone" in caplog.text


def test_a_file_that_cannot_be_opened_is_a_sentence(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "letter.lvms"
    path.write_text("Dear reader")
    window = opened(FakeDialogs(path=path))
    action(window, "open").trigger()
    assert "letter.lvms" in window.errors.sentence
    assert window.session.households.name == "Test street"


def test_undo_reaches_the_street_from_a_number_field(opened: Open, qtbot: QtBot) -> None:
    window = opened()
    with qtbot.waitActive(window):
        window.activateWindow()
    field = window.findChild(QDoubleSpinBox, "temperature_shift")
    assert field is not None
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert window.session.state.own_temperature is not None
    field.selectAll()
    qtbot.keyClicks(field, "7")
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert field.value() == 0.5  # what was being typed went first
    assert window.session.state.own_temperature is not None
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.state.own_temperature is None
    qtbot.keyClick(field, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert window.session.state.own_temperature is not None


# Recovery -------------------------------------------------------------------------------------


def lost_street() -> Path:
    session = Session()
    session.restore(workspace(), None)
    session.set_lam(2.5)
    return crashed_session(session.workspace, Path("/data/street.lvms"))


def test_a_crash_is_offered_back_without_stopping_anything(opened: Open, qtbot: QtBot) -> None:
    folder = lost_street()
    window = opened(start=True)
    assert window.recovery.isVisible()
    assert "street.lvms" in window.recovery.sentence
    button(window, "recover_accept").click()
    assert window.session.state.lam == 2.5
    assert window.session.dirty
    assert window.session.path == Path("/data/street.lvms")
    assert not window.recovery.isVisible()
    assert not folder.exists()


def test_what_a_crash_left_does_not_replace_unsaved_work_unasked(opened: Open) -> None:
    folder = lost_street()
    dialogs = FakeDialogs(Choice.CANCEL)
    window = opened(dialogs, start=True)
    window.session.set_lam(1.0)  # worked on before the offer was answered
    button(window, "recover_accept").click()
    assert dialogs.asked == ["Untitled"]
    assert window.session.state.lam == 1.0
    assert folder.exists()
    assert window.recovery.isVisible()
    dialogs.choice = Choice.DISCARD
    button(window, "recover_accept").click()
    assert window.session.state.lam == 2.5


def test_what_was_recovered_survives_another_crash(opened: Open) -> None:
    lost_street()
    window = opened(start=True)
    button(window, "recover_accept").click()
    kept = load(window._live.folder / AUTOSAVE)
    assert kept.street["lam"] == 2.5


def test_what_is_discarded_is_not_offered_again(opened: Open) -> None:
    folder = lost_street()
    window = opened(start=True)
    button(window, "recover_discard").click()
    assert window.session.state.lam == 0.0
    assert not window.session.dirty
    assert not folder.exists()
    assert lost_sessions() == []


def test_two_crashes_are_offered_one_after_the_other(opened: Open) -> None:
    lost_street()
    lost_street()
    window = opened(start=True)
    button(window, "recover_discard").click()
    assert window.recovery.isVisible()
    button(window, "recover_discard").click()
    assert not window.recovery.isVisible()


def test_a_lost_session_that_is_damaged_is_a_sentence_and_stays(opened: Open) -> None:
    folder = lost_street()
    (folder / AUTOSAVE).write_bytes(b"\x00" * 100)
    window = opened(start=True)
    button(window, "recover_accept").click()
    assert window.errors.isVisible()
    assert folder.exists()


def test_unsaved_changes_are_autosaved_and_dropped_once_saved(
    opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    window = opened(start=True)
    autosave = window._live.folder / AUTOSAVE
    window._autosave.save()
    assert not window._autosave._mailbox.waiting  # nothing has changed
    window.session.set_lam(1.75)
    window._autosave.save()
    qtbot.waitUntil(lambda: not window._autosave._mailbox.waiting, timeout=PATIENCE)
    assert load(autosave).street["lam"] == 1.75
    window.session.save(tmp_path / "street.lvms")
    qtbot.waitUntil(lambda: not autosave.exists(), timeout=PATIENCE)


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


# Import ---------------------------------------------------------------------------------------


def readings(path: Path, weeks: int = 3) -> Path:
    import numpy as np

    first = np.datetime64("2014-03-03T00:00")
    rows = ["meter,stamp,kwh"]
    for name in ("x", "y", "z"):
        for step in range(weeks * 336):
            stamp = str(first + np.timedelta64(30 * step, "m")).replace("T", " ")
            rows.append(f"{name},{stamp}:00,{0.1 + (step % 48) / 100:.3f}")
    rows.append("x,not a time,0.1")
    path.write_text("\n".join(rows))
    return path


def test_readings_are_imported_beside_the_running_window(
    opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    path = readings(tmp_path / "meters.csv")
    window = opened(FakeDialogs(path=path), start=True)
    action(window, "import_readings").trigger()
    accept = button(window, "import_accept")
    message = window.findChild(QLabel, "import_message")
    qtbot.waitUntil(accept.isEnabled, timeout=PATIENCE)
    accept.click()
    qtbot.waitUntil(lambda: "taken over" in message.text(), timeout=PATIENCE)
    assert "1 left out" in message.text()
    assert window.session.households.household_ids == ("x", "y", "z")
    assert window.session.state.dataset == "meters"
    window.session.undo_stack.undo()
    assert window.session.state.dataset == "Test street"


def test_a_mapping_that_does_not_fit_is_a_sentence_in_the_dialog(
    opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    path = readings(tmp_path / "meters.csv", weeks=1)
    window = opened(FakeDialogs(path=path), start=True)
    action(window, "import_readings").trigger()
    dialog = window.findChild(object, "import_dialog")
    accept = button(window, "import_accept")
    qtbot.waitUntil(accept.isEnabled, timeout=PATIENCE)
    dialog.form.time_zone.setCurrentText("Middle/Earth")
    accept.click()
    assert "Middle/Earth" in dialog.message.text()
    assert window.session.households.name == "Test street"


def test_one_import_at_a_time_for_what_is_read_would_be_told_to_both(
    opened: Open, tmp_path: Path
) -> None:
    window = opened(FakeDialogs(path=readings(tmp_path / "meters.csv", weeks=1)))
    action(window, "import_readings").trigger()
    action(window, "import_readings").trigger()
    (dialog,) = window.findChildren(ImportDialog)
    assert "finish or close it" in window.errors.sentence
    dialog.close()
    action(window, "import_readings").trigger()
    assert sum(one.isVisible() for one in window.findChildren(ImportDialog)) == 1


def test_a_second_dataset_is_credited(opened: Open) -> None:
    window = opened()
    window.session.add_dataset(households("Mine", ("x", "y", "z")))
    assert window.findChild(QLabel, "status_attribution").text() == "Made up"
    assert window.findChild(QToolButton) is not None


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
    assert "winter" in window.statusBar().currentMessage()
    session.undo_stack.undo()
    assert session.state == before
    bar.clear.click()
    assert session.selection is None
    assert not bar.isVisible()
