"""Redraws of the laboratory: one a turn, once each, and after the hand."""

from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from lvm_studio.studio.widgets.laboratory.turns import LONGEST_WAIT_MS, Turns


def test_what_is_asked_for_twice_is_drawn_once_and_in_order(qtbot: QtBot) -> None:
    owner, drawn = QObject(), list[str]()
    turns = Turns(owner)
    draws = {name: lambda name=name: drawn.append(name) for name in "abc"}
    for name in "abacab":
        turns.ask(draws[name])
    assert drawn == []
    qtbot.waitUntil(lambda: len(drawn) == 3)
    turns.ask(draws["a"])
    qtbot.waitUntil(lambda: len(drawn) == 4)
    assert drawn == ["a", "b", "c", "a"]


def test_a_hand_that_never_rests_does_not_stop_the_drawing(qtbot: QtBot) -> None:
    owner, drawn = QObject(), list[int]()
    turns = Turns(owner)
    hand = QTimer(owner, interval=0)
    hand.timeout.connect(turns.hand_moved)
    hand.start()
    turns.ask(lambda: drawn.append(1))
    qtbot.waitUntil(lambda: drawn == [1], timeout=40 * LONGEST_WAIT_MS)
    hand.stop()


def test_a_failing_redraw_does_not_stop_the_others(qtbot: QtBot) -> None:
    owner, drawn = QObject(), list[int]()
    turns = Turns(owner)

    def fail() -> None:
        raise ValueError

    with qtbot.captureExceptions() as caught:
        turns.ask(fail)
        turns.ask(lambda: drawn.append(1))
        qtbot.waitUntil(lambda: drawn == [1])
    assert [kind for kind, *_ in caught] == [ValueError]
