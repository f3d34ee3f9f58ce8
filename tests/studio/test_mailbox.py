"""The mailbox of one slot: what is late is dropped, what is urgent goes first."""

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from lvm_studio.data.errors import DataError
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.jobs.mailbox import Mailbox

PATIENCE = 5000


class Heard:
    """What a mailbox said."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.answers: list[object] = []
        self.failures: list[str] = []
        self.rests = 0
        mailbox.answered.connect(self.answer)
        mailbox.failed.connect(self.fail)
        mailbox.rested.connect(self.rest)

    def answer(self, value: object) -> None:
        self.answers.append(value)

    def fail(self, sentence: str, _details: str) -> None:
        self.failures.append(sentence)

    def rest(self) -> None:
        self.rests += 1


@pytest.fixture
def compute(qapp: object) -> Iterator[ComputeThread]:
    thread = ComputeThread()
    yield thread
    thread.end()


def yielding(*values: object) -> Callable[[], Generator[object, None, None]]:
    def work() -> Generator[object, None, None]:
        yield from values

    return work


def test_each_answer_of_a_wish_is_told_and_a_pause_is_not(qtbot: QtBot, compute: Any) -> None:
    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)
    compute.start()
    with qtbot.waitSignal(mailbox.rested, timeout=PATIENCE):
        mailbox.post(yielding(1, None, 2))
        assert mailbox.waiting
    assert heard.answers == [1, 2]
    assert not mailbox.waiting


@pytest.mark.parametrize(("error", "logged"), [(DataError("Too few."), 0), (KeyError("x"), 1)])
def test_only_what_nobody_foresaw_goes_to_the_log(
    qtbot: QtBot,
    compute: Any,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    logged: int,
) -> None:
    def work() -> Generator[object, None, None]:
        raise error
        yield

    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)
    compute.start()
    with qtbot.waitSignal(mailbox.rested, timeout=PATIENCE):
        mailbox.post(work)
    assert len(heard.failures) == 1
    assert len(caplog.records) == logged


def test_the_last_wish_posted_before_the_thread_looks_is_the_only_one_done(
    qtbot: QtBot, compute: Any
) -> None:
    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)
    for value in range(50):
        mailbox.post(yielding(value))
    compute.start()
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    assert heard.answers == [49]
    assert heard.rests == 1


def test_an_answer_that_was_on_its_way_when_a_newer_wish_came_is_dropped(
    qtbot: QtBot, compute: Any
) -> None:
    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)
    emitted = threading.Event()

    def late() -> Generator[object, None, None]:
        yield "late"
        emitted.set()
        yield "later"

    compute.start()
    mailbox.post(late)
    assert emitted.wait(5)  # "late" is in the event queue, not yet delivered
    mailbox.post(yielding("newest"))
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    assert heard.answers == ["newest"]


def test_a_newer_wish_closes_the_older_work_between_two_slices(qtbot: QtBot, compute: Any) -> None:
    mailbox = compute.open_mailbox(0)
    closed, started = threading.Event(), threading.Event()

    def endless() -> Generator[object, None, None]:
        try:
            while True:
                started.set()
                yield None
        finally:
            closed.set()

    compute.start()
    mailbox.post(endless)
    assert started.wait(5)
    mailbox.post(yielding("done"))
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    assert closed.is_set()


def test_urgent_work_goes_between_the_slices_of_patient_work(qtbot: QtBot, compute: Any) -> None:
    urgent, patient = compute.open_mailbox(0), compute.open_mailbox(9)
    order: list[str] = []

    def background() -> Generator[object, None, None]:
        for _ in range(3):
            order.append("patient")
            if len(order) == 1:
                urgent.post(foreground)
            yield None

    def foreground() -> Generator[object, None, None]:
        order.append("urgent")
        yield None

    patient.post(background)
    compute.start()
    qtbot.waitUntil(lambda: not (patient.waiting or urgent.waiting), timeout=PATIENCE)
    assert order == ["patient", "urgent", "patient", "patient"]


def test_a_withdrawn_wish_answers_nothing(qtbot: QtBot, compute: Any) -> None:
    mailbox, other = compute.open_mailbox(0), compute.open_mailbox(1)
    heard = Heard(mailbox)
    mailbox.post(yielding("unwanted"))
    mailbox.withdraw()
    compute.start()
    other.post(yielding("end"))
    qtbot.waitUntil(lambda: not other.waiting, timeout=PATIENCE)
    assert heard.answers == []
    assert heard.rests == 1


@pytest.mark.parametrize("error", [RuntimeError("the shapes do not fit"), MemoryError()])
def test_a_failing_wish_is_one_sentence_and_the_thread_lives_on(
    qtbot: QtBot, compute: Any, error: Exception
) -> None:
    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)

    def failing() -> Generator[object, None, None]:
        yield None
        raise error

    compute.start()
    mailbox.post(failing)
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    mailbox.post(yielding("alive"))
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    assert len(heard.failures) == 1
    assert "Traceback" not in heard.failures[0]
    assert heard.answers == ["alive"]


def test_a_wish_that_fails_before_its_first_slice_is_told_too(qtbot: QtBot, compute: Any) -> None:
    mailbox = compute.open_mailbox(0)
    heard = Heard(mailbox)

    def unfit() -> Generator[object, None, None]:
        raise TypeError("an argument is missing")

    compute.start()
    mailbox.post(unfit)
    qtbot.waitUntil(lambda: not mailbox.waiting, timeout=PATIENCE)
    assert len(heard.failures) == 1


def test_work_in_hand_is_closed_when_the_thread_ends(qtbot: QtBot, compute: Any) -> None:
    mailbox = compute.open_mailbox(0)
    closed, started = threading.Event(), threading.Event()

    def endless() -> Generator[object, None, None]:
        try:
            while True:
                started.set()
                yield None
        finally:
            closed.set()

    compute.start()
    mailbox.post(endless)
    assert started.wait(5)
    compute.end()
    assert closed.is_set()
    assert compute.isFinished()
