"""The import assistant: roles, profiles, folders, progress, cancel, and the rejected rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot
from studio_fakes import FakeDialogs, workspace

from lvm_studio.data.importing.job import ImportProgress
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.readings import import_dialog
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.readings.rejected_list import RejectedList

PATIENCE = 10_000
Open = Callable[..., ImportDialog]


def stamps(weeks: int, minutes: int = 30) -> list[str]:
    first = np.datetime64("2014-03-03T00:00")
    count = weeks * 7 * 24 * 60 // minutes
    return [str(first + np.timedelta64(minutes * i, "m")).replace("T", " ") for i in range(count)]


def long_file(path: Path, weeks: int = 1) -> Path:
    rows = ["meter,other,stamp,kwh"]
    rows += [f"{m},7,{stamp},0.{i % 9}1" for m in "xyz" for i, stamp in enumerate(stamps(weeks))]
    rows += ["x,7,not a time,0.1", "x,7,2014-03-04 00:00,-1"]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Open]:
    thread = ComputeThread()
    thread.start()
    parents: list[QWidget] = []

    def open_dialog(path: Path, dialogs: FakeDialogs | None = None) -> ImportDialog:
        parent = QWidget()
        parents.append(parent)
        qtbot.addWidget(parent)
        session = Session(parent)
        session.restore(workspace(), None)
        mailbox = thread.open_mailbox(0)
        dialog = ImportDialog(session, mailbox, path, parent, dialogs or FakeDialogs())
        dialog.show()
        qtbot.waitUntil(dialog.profile.isEnabled, timeout=PATIENCE)
        return dialog

    yield open_dialog
    for parent in parents:
        for dialog in parent.findChildren(QDialog):
            dialog.close()
    thread.end()


def test_heads_say_what_a_column_is_taken_for_and_a_menu_changes_it(
    opened: Open, tmp_path: Path
) -> None:
    dialog = opened(long_file(tmp_path / "a.csv"))
    heads = [dialog.preview.horizontalHeaderItem(i).text() for i in range(4)]
    assert heads == ["meter\nhousehold", "other\n–", "stamp\ntime", "kwh\nvalue"]
    menu = dialog.preview.roles_menu("other")
    next(a for a in menu.actions() if a.objectName() == "role_temperature").trigger()
    assert dialog.form.mapping().temperature == "other"
    assert dialog.preview.horizontalHeaderItem(1).text() == "other\ntemperature"


def test_what_holds_no_readings_cannot_be_imported(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,city,age\nAnn,Paris,30\nBob,Lyon,41\n")
    dialog = opened(path)
    assert not dialog.accept_button.isEnabled()
    assert not dialog.form.isEnabled()
    assert "people.csv has no column of times" in dialog.message.text()


def test_rejected_rows_are_listed_and_saved(opened: Open, qtbot: QtBot, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    dialog = opened(long_file(tmp_path / "a.csv"), FakeDialogs(path=kept))
    dialog.accept_button.click()
    qtbot.waitUntil(dialog.rejected_button.isVisible, timeout=PATIENCE)
    assert "1 left out: negative value" in dialog.message.text()
    dialog.rejected_button.click()
    listed = dialog.findChild(RejectedList)
    assert listed.table.rowCount() == 2
    listed._save()
    assert kept.read_text().splitlines()[1:] == [
        "a.csv,1011,x,kwh,-1,negative value",
        "a.csv,1010,x,stamp,not a time,not a time",
    ]


def test_a_known_data_set_says_whose_it_is(opened: Open, tmp_path: Path) -> None:
    rows = ["LCLid,stdorToU,DateTime,KWH/hh (per half hour) "]
    rows += [f"MAC000002,Std,{stamp}:00.0000000, 0.1 " for stamp in stamps(1)]
    path = tmp_path / "lcl.csv"
    path.write_text("\n".join(rows))
    dialog = opened(path)
    assert dialog.profile.currentData() == "low-carbon-london"
    assert dialog.about.isVisible()
    mapping = dialog.form.mapping()
    assert (mapping.interval, mapping.lives_in) == ("end", "Europe/London")
    assert mapping.labels == {"tariff": "stdorToU"}


def test_a_folder_is_one_household_a_file(opened: Open, qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("north", "south"):
        rows = ["time;kWh", *(f"{stamp};0,2" for stamp in stamps(1))]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows))
    dialog = opened(tmp_path / "north.csv")
    dialog.whole_folder.setChecked(True)
    qtbot.waitUntil(lambda: dialog.form.layout_box.currentData() == "files", timeout=PATIENCE)
    qtbot.waitUntil(dialog.accept_button.isEnabled, timeout=PATIENCE)
    assert "2 files" in dialog.message.text()
    dialog.accept_button.click()
    qtbot.waitUntil(lambda: "taken over" in dialog.message.text(), timeout=PATIENCE)
    assert dialog._session.households.household_ids == ("north", "south")


def test_reading_shows_how_far_it_is_and_cancels_at_once(
    opened: Open, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    def endless(order: object) -> Generator[ImportProgress, None, None]:
        try:
            for rows in range(10**9):
                time.sleep(0.005)
                yield ImportProgress(0.25, rows, 1, "a.csv")
        finally:
            closed.append(True)

    monkeypatch.setattr(import_dialog, "read", endless)
    dialog = opened(long_file(tmp_path / "a.csv"))
    dialog.accept_button.click()
    qtbot.waitUntil(lambda: dialog.progress.value() == 250, timeout=PATIENCE)
    assert "25 % of a.csv" in dialog.message.text()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: bool(closed), timeout=PATIENCE)
    assert "Cancelled" in dialog.message.text()
    assert dialog.isVisible()
    assert dialog.accept_button.isEnabled()
    assert dialog._session.households.name == "Test street"
