"""The window by keyboard and by ear: Tab leaves every table, letters lead to one place, names."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QTabBar,
    QTableView,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from window_hand import PATIENCE, Open

from lvm_studio.studio.window import MainWindow


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


class Greedy(QLineEdit):
    """A field that claims every key, as Qt's claim some on some systems."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


@pytest.mark.parametrize(("key", "passes"), [("E", True), ("Z", True), ("A", False)])
def test_a_field_leaves_their_keys_to_the_menus(
    opened: Open, qtbot: QtBot, key: str, passes: bool
) -> None:
    window = opened()
    field = Greedy(window)
    field.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus, timeout=PATIENCE)
    code = getattr(Qt.Key, f"Key_{key}")
    event = QKeyEvent(QEvent.Type.ShortcutOverride, code, Qt.KeyboardModifier.ControlModifier)
    QApplication.sendEvent(field, event)
    assert event.isAccepted() is not passes
