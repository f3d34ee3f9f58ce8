"""A label that changes often must not have its surroundings laid out again."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lvm_studio.studio.widgets.steady_page import SteadyPage
from lvm_studio.studio.widgets.steady_room import SteadyRoom


class Layouts(QObject):
    """Counts how often a widget is asked to lay itself out."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def shown(qtbot: QtBot, label: QLabel) -> tuple[QWidget, SteadyRoom]:
    around = QWidget()
    room = SteadyRoom(label)
    layout = QVBoxLayout(around)
    layout.addWidget(room)
    layout.addStretch(1)
    qtbot.addWidget(around)
    around.resize(200, 200)
    around.show()
    qtbot.waitExposed(around)
    return around, room


def test_a_text_of_the_same_size_moves_nothing(qtbot: QtBot) -> None:
    label = QLabel("E peak 50.1 → 63.7 kW")
    around, _ = shown(qtbot, label)
    qtbot.wait(20)
    layouts = Layouts(around)
    label.setText("E peak 50.1 → 63.1 kW")
    qtbot.wait(20)
    assert layouts.count == 0


def test_a_text_that_room_was_reserved_for_moves_nothing(qtbot: QtBot) -> None:
    label = QLabel("–")
    around, room = shown(qtbot, label)
    room.reserve("1,234 (1,100–1,400)")
    qtbot.wait(20)
    layouts = Layouts(around)
    label.setText("1,234 (1,100–1,400)")
    qtbot.wait(20)
    assert layouts.count == 0


def test_a_longer_text_gets_more_room_and_keeps_it(qtbot: QtBot) -> None:
    label = QLabel("short")
    label.setWordWrap(True)
    _, room = shown(qtbot, label)
    before = room.height()
    label.setText("a sentence that goes on and on " * 5)
    qtbot.waitUntil(lambda: room.height() >= label.heightForWidth(room.width()) > before)
    high = room.minimumHeight()
    label.setText("short")
    qtbot.wait(20)
    assert room.minimumHeight() == high


def test_requests_for_a_layout_end_at_a_steady_page_unless_it_must_grow(qtbot: QtBot) -> None:
    window, page, inside = QWidget(), SteadyPage(), QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(page)
    label = QLabel("a label of some length")
    QVBoxLayout(inside).addWidget(label)
    page.hold(inside)
    window.resize(400, 200)
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(1)
    requests, least = Layouts(window), page.minimumWidth()
    label.setText("short")
    qtbot.wait(1)
    assert (requests.count, page.minimumWidth()) == (0, least)
    label.setText("a label that has become longer than ever before")
    qtbot.wait(1)
    assert requests.count > 0
    assert page.minimumWidth() > least
    assert page.rect().contains(inside.geometry())
