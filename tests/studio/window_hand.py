"""The window of the small street, for the tests of the window, and how to press what is in it."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from studio_fakes import FakeDialogs, FakeStreets, FakeTunings, workspace

from lvm_studio.storage.recovery import LiveSession
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.theme import Scheme, theme
from lvm_studio.studio.window import MainWindow

PATIENCE = 5000

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


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert found is not None, name
    return found


def action(window: MainWindow, name: str) -> QAction:
    found = window.findChild(QAction, f"action_{name}")
    assert found is not None, name
    return found
