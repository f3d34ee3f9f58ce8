"""What a job said just before it was given up arrives all the same, and must change nothing."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from test_flow_fitter import request

from lvm_studio.analysis.latent.embedding import Embedding, EmbeddingSpec
from lvm_studio.studio.jobs import resting_job
from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.latent import embedding as embedding_module
from lvm_studio.studio.latent.embedding import EmbeddingMaker
from lvm_studio.studio.runs.laboratory_run import LaboratoryRun
from lvm_studio.studio.street.reference_runner import ReferenceRunner
from lvm_studio.training.reports import TrainReport


class Puppet(PuppetThread):
    """A stand-in that knows states; its jobs are ended by the test alone."""

    state_changed = Signal(object)

    def __init__(self, job: Any, parent: QObject, **_kwargs: object) -> None:
        super().__init__(job, parent)

    def kill(self) -> None:
        self.killed += 1


def from_its_thread(say: Callable[[], None]) -> None:
    """Say it as a JobThread does, from another thread: it waits in the queue of this one."""
    speaker = threading.Thread(target=say)
    speaker.start()
    speaker.join()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Puppet]:
    """The stand-ins for the threads of the street's resting jobs."""
    puppets: list[Puppet] = []

    def make(job: object, parent: QObject, niceness: int) -> Puppet:
        puppets.append(Puppet(job, parent))
        return puppets[-1]

    monkeypatch.setattr(resting_job, "JobThread", make)
    return puppets


def test_a_reference_of_the_street_before_is_not_taken_for_the_page(
    qapp: QApplication, made: list[Puppet]
) -> None:
    runner, found = ReferenceRunner(rest_seconds=60.0), []
    runner.found.connect(lambda *answer: found.append(answer))
    for street in ("A", "A,B"):
        runner.consider(request(street))
        runner.run(request(street), object())  # type: ignore[arg-type]
        if street == "A":
            from_its_thread(lambda: made[0].completed.emit("of A"))
    qapp.processEvents()
    assert found == []
    assert runner.busy  # with the reference of A,B
    made[1].completed.emit("of A,B")
    assert [answer for _, answer in found] == ["of A,B"]
    runner.forget()


def test_a_street_is_remembered_until_its_workspace_is_closed(
    qtbot: QtBot, made: list[Puppet]
) -> None:
    runner = ReferenceRunner(rest_seconds=0.0)
    runner.consider(request("A"))
    runner.run(request("A"), object())  # type: ignore[arg-type]
    made[0].completed.emit("of A")
    for elsewhere in (request("A,B"), request("A")):
        runner.consider(elsewhere)
    with qtbot.assertNotEmitted(runner.wanted, wait=20):
        pass
    runner.forget_streets()
    with qtbot.waitSignal(runner.wanted):
        runner.consider(request("A"))
    runner.forget()


def test_a_run_that_begins_anew_shows_nothing_of_the_one_before(qapp: QApplication) -> None:
    made: list[Puppet] = []

    def make(job: object, parent: QObject) -> Puppet:
        made.append(Puppet(job, parent))
        return made[-1]

    def report(step: int) -> TrainReport:
        return TrainReport(step, 100, 0.1, "train", -1.0, -0.5, 0.0, 0.5, 0.2, 1e-3, 1.0)

    run, failures = LaboratoryRun(make), []  # type: ignore[arg-type]
    run.failed.connect(lambda *words: failures.append(words))
    run.start("first")  # type: ignore[arg-type]
    from_its_thread(lambda: made[0].reports.emit((report(50),)))
    from_its_thread(lambda: made[0].state_changed.emit(JobState.FAILED))
    from_its_thread(lambda: made[0].failed.emit("It fell over.", ""))
    run.start("second")  # type: ignore[arg-type]
    qapp.processEvents()
    assert (run.state, failures) == (JobState.STARTING, [])
    made[1].reports.emit((report(1),))
    assert run.history("").train.step.tolist() == [1.0]
    run.forget()


def test_an_embedding_of_points_that_are_gone_is_not_shown(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Puppet] = []

    def make(job: object, _path: None, parent: QObject) -> Puppet:
        made.append(Puppet(job, parent))
        return made[-1]

    monkeypatch.setattr(embedding_module, "JobThread", make)
    maker, spec = EmbeddingMaker(), EmbeddingSpec()
    maker.start(np.zeros((3, 2)), spec)
    old = Embedding(spec, np.arange(3), np.zeros((3, 2)), np.zeros((3, 2)), 1, 2, 0.5)
    from_its_thread(lambda: made[0].reports.emit((old,)))
    from_its_thread(lambda: made[0].stopped.emit(None))
    maker.forget()
    assert not maker.running
    maker.start(np.ones((4, 2)), spec)
    qapp.processEvents()
    assert maker.embedding is None
    assert maker.running  # the second one still is
    maker.forget()
    assert [thread.killed for thread in made] == [1, 1]
