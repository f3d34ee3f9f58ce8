"""What comes into the window and leaves it: exports, errors, what a crash left, imports."""

import json
import logging
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPlainTextEdit, QToolButton
from pytestqt.qtbot import QtBot
from studio_fakes import FakeDialogs, crashed_session, households, workspace
from window_hand import PATIENCE, Open, action, button

from lvm_studio.storage.recovery import AUTOSAVE, lost_sessions
from lvm_studio.storage.workspace import load
from lvm_studio.studio.app import Reporter
from lvm_studio.studio.dialogs import Choice
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import DARK, LIGHT, Scheme, theme

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
    about = json.loads((tmp_path / "curves-about.json").read_text())
    state = window.session.state
    assert (about["model"], about["week"], about["seed"]) == (state.model, state.week, state.seed)
    assert (about["criterion"], about["lam"], about["samples"]) == ("peak", 1.0, 4)


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


# Import ---------------------------------------------------------------------------------------


def readings(path: Path, weeks: int = 3) -> Path:

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
