"""What is fitted behind the page: said in one line, cancelled together, begun again when asked."""

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot
from test_flow_fitter import request

from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.background_work import CANCELLED, Background, BackgroundWork
from lvm_studio.studio.widgets.tuning.background_line import AGAIN, BackgroundLine

HERE, THERE = request("A,B"), request("A,B,C")


class Fitter(QObject):
    """A worker that does nothing but say so."""

    status = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.at_work = False
        self.asked: list[object] = []

    def begin(self, sentence: str) -> None:
        self.at_work = True
        self.status.emit(sentence)

    def end(self, sentence: str = "") -> None:
        self.at_work = False
        self.status.emit(sentence)

    def cancel(self, request: StreetRequest) -> None:
        self.asked.append(request)
        self.end()

    def allow(self) -> None:
        self.asked.append("allow")

    def forget_streets(self) -> None:
        self.asked.append("forget")


@pytest.fixture
def two() -> tuple[Fitter, Fitter]:
    return Fitter(), Fitter()


@pytest.fixture
def work(two: tuple[Fitter, Fitter]) -> BackgroundWork:
    work = BackgroundWork(two, two[0])
    work.look_at(HERE)
    return work


def test_what_several_do_is_one_line(work: BackgroundWork, two: tuple[Fitter, Fitter]) -> None:
    told: list[Background] = []
    work.changed.connect(told.append)
    two[1].begin("SMC.")
    two[0].begin("Flow.")
    two[1].end()
    two[0].end("No flow for this street.")
    assert [one.sentence for one in told] == [
        "SMC.",
        "Flow. SMC.",
        "Flow.",
        "No flow for this street.",
    ]
    assert [one.running for one in told] == [True, True, True, False]


def test_cancelled_is_cancelled_for_this_street_alone(
    work: BackgroundWork, two: tuple[Fitter, Fitter]
) -> None:
    told: list[Background] = []
    two[0].begin("Flow.")
    work.changed.connect(told.append)
    work.cancel(HERE)
    assert [fitter.asked for fitter in two] == [[HERE], [HERE]]
    assert told[-1] == Background(CANCELLED, cancelled=True)
    work.look_at(THERE)
    assert told[-1] == Background()
    work.look_at(HERE)
    assert told[-1].cancelled
    work.allow()
    assert two[0].asked[-1] == two[1].asked[-1] == "allow"
    assert told[-1] == Background()


def test_the_line_waits_a_moment_and_offers_to_cancel_or_to_begin_again(qtbot: QtBot) -> None:
    line = BackgroundLine()
    qtbot.addWidget(line)
    line.show()
    line.show_background(Background("Flow.", running=True))
    assert line.label.text() == ""
    qtbot.waitUntil(line.button.isVisible)
    assert line.label.text() == "Flow."
    with qtbot.waitSignal(line.cancel_asked):
        qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    line.show_background(Background(CANCELLED, cancelled=True))
    assert (line.label.text(), line.button.text()) == (CANCELLED, AGAIN)
    with qtbot.waitSignal(line.again_asked):
        qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    line.show_background(Background())
    assert not line.button.isVisible()
    line.show_background(Background("Climbing.", running=True))
    line.show_background(Background())  # done before anybody could have read it
    assert not line._delay.isActive()
    assert line.label.text() == ""
