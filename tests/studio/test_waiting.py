"""A large file is read or written beside the window; what comes meanwhile is not lost."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from studio_fakes import workspace

from lvm_studio.storage.workspace import load
from lvm_studio.studio import waiting
from lvm_studio.studio.session import Session
from lvm_studio.studio.waiting import GivenUp, wait_for


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    monkeypatch.setattr(waiting, "AT_ONCE_SECONDS", 0.01)
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


def soon(act: Callable[[QProgressDialog], None], window: QWidget) -> None:
    """Do this to the dialog once it waits."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QProgressDialog):
            act(dialog)
        else:
            QTimer.singleShot(10, window, look)

    QTimer.singleShot(10, window, look)


def test_a_quick_errand_shows_nothing(window: QWidget) -> None:
    assert wait_for(window, "Reading …", lambda: 42) == 42
    assert window.findChildren(QProgressDialog) == []


def test_the_window_lives_while_it_waits(window: QWidget) -> None:
    gate, said = threading.Event(), list[str]()

    def work() -> int:
        gate.wait(5.0)
        return 42

    def let_go(dialog: QProgressDialog) -> None:
        said.append(dialog.labelText())
        assert dialog.findChild(QPushButton) is None  # a file is written whole
        gate.set()

    soon(let_go, window)
    assert wait_for(window, "Saving …", work) == 42
    assert said == ["Saving …"]


def test_who_gives_up_waiting_hears_no_more(window: QWidget, qtbot: QtBot) -> None:
    gate = threading.Event()

    def cancel(dialog: QProgressDialog) -> None:
        qtbot.mouseClick(dialog.findChild(QPushButton), Qt.MouseButton.LeftButton)

    soon(cancel, window)
    with pytest.raises(GivenUp):
        wait_for(window, "Opening …", lambda: gate.wait(5.0), cancel=True)
    gate.set()


def test_what_the_errand_raises_is_raised(window: QWidget) -> None:
    with pytest.raises(ZeroDivisionError):
        wait_for(window, "Dividing …", lambda: 1 // 0)


def test_a_model_that_comes_while_the_file_is_written_is_unsaved(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session, path = Session(), tmp_path / "street.lvms"
    session.restore(workspace(), None)
    session.set_lam(1.0)

    def save_slowly(write: Callable[[], None]) -> None:
        session.add_model("theirs", {"name": "theirs"})
        write()

    session.write(path, save_slowly)
    assert session.dirty
    assert "theirs" not in load(path).models
    session.save(path)
    assert not session.dirty
