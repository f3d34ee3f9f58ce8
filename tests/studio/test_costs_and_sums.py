"""What the page has measured in processes of their own: costs of the methods, rare sums."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QTabWidget
from pytestqt.qtbot import QtBot
from street_fakes import FakeService
from studio_fakes import households, small_model

from lvm_studio.analysis.boltzmann import cost_job
from lvm_studio.analysis.boltzmann.bands import BandSpec, RealSums
from lvm_studio.analysis.boltzmann.cost_job import CostJob, CostProgress, Costs
from lvm_studio.analysis.boltzmann.costs import MethodCost
from lvm_studio.analysis.boltzmann.sums_job import SumsJob, SumsProgress
from lvm_studio.data.composition import Composition
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.panels.tuning_pictures import TuningPictures
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.answers import MeasuredAnswer, StreetRequest
from lvm_studio.studio.street.cost_service import CostService, MeasuredCosts
from lvm_studio.studio.street.picture_service import CANCELLED, NOT_FORMED, PictureService
from lvm_studio.studio.street.picture_work import PictureWork
from lvm_studio.studio.street.sums_service import SumsService
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.studio.theme import LIGHT
from lvm_studio.studio.widgets.tuning.cost_table import CostTable, cells, said
from lvm_studio.studio.widgets.tuning.levels_plot import LevelsPlot, measured_text

DATA = households()
STATE = StreetState(composition=Composition.parse("A,B"), week="2013-W03", samples=64)


def cost(method: str, setup: float, each: float, caveat: str = "") -> MethodCost:
    return MethodCost(method, setup, 1.0, each, each * 1e-4, 48.2, 0.05, caveat)


MEASURED = MeasuredCosts(
    STATE,
    Costs(
        (
            cost("rejection", 0.0, 1000.0, "Cut off at a level."),
            cost("SMC", 0.0, 6.0),
            cost("mixture", 40_000.0, 1.5),
            cost("flow", 400_000.0, 1.25),
        ),
        "kW",
    ),
)


def test_a_row_tells_cost_and_error() -> None:
    first, *_, last = MEASURED.costs.methods
    assert cells(first, "kW") == ("rejection *", "–", "1,000", "100 ms", "48.20 ± 0.05 kW")
    assert cells(last, "kW") == ("flow", "400,000", "1.25", "0.125 ms", "48.20 ± 0.05 kW")


def test_break_even_points_are_told() -> None:
    told = said(MEASURED)
    assert "KL 6.91, peak, 2 households, 2013-W03" in told
    assert "after 401 than rejection, after 84,211 than SMC, after 1,440,000 than mixture" in told


def test_costs_are_measured_when_asked_for_and_can_be_cancelled(qtbot: QtBot) -> None:
    tabs, service = QTabWidget(), FakeService()
    qtbot.addWidget(tabs)
    levels = LevelsPlot(LIGHT, tabs)
    tabs.addTab(levels, "Weeks")
    pictures = TuningPictures(Session(), service, tabs, levels, LIGHT)  # type: ignore[arg-type]
    table = pictures.costs
    assert not table.table.isVisibleTo(table)
    table.button.click()
    service.costs.progressed.emit(CostProgress("cost of SMC", 0.5, 21.0))
    assert table.status.text() == "Measuring: cost of SMC; about 25 s left."
    assert not table.button.isEnabled()
    table.cancel.click()
    assert service.costs.cancelled == 1
    service.found = MEASURED
    service.costs.measured.emit(MEASURED)
    service.costs.ended.emit()
    assert table.table.rowCount() == 4
    assert table.button.isEnabled()
    assert "after 401 than rejection" in table.words.text()


def test_a_measurement_is_cancelled_before_it_has_begun(qtbot: QtBot) -> None:
    owner = QObject()
    idle = ComputeThread(owner)  # never started: the measurement stays in preparation
    costs = CostService(idle, 1, TunedWork(StreetWork()), owner)
    costs.measure(StreetRequest(STATE, DATA, small_model(DATA)))
    assert costs._preparing.waiting
    with qtbot.waitSignal(costs.ended):
        costs.cancel()
    assert not costs._preparing.waiting
    assert not costs.running


@pytest.mark.usefixtures("qapp")
def test_an_unmeasured_street_has_no_table() -> None:
    table = CostTable()
    table.show_costs(MEASURED)
    table.show_costs(None)
    assert table.table.rowCount() == 0
    assert not table.table.isVisibleTo(table)


def test_the_job_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_stages(*_: object) -> Generator[str, None, tuple[MethodCost, ...]]:
        yield "peak: where KL is 6.91"
        yield "peak: cost of the flow, step 300 of 600"
        return MEASURED.costs.methods

    monkeypatch.setattr(cost_job, "costs", two_stages)
    work = CostJob(NoSpace(), "peak", "kW").run()  # type: ignore[arg-type]
    first, second = next(work), next(work)
    assert first.sentence == "where KL is 6.91"
    assert first.share == 0.0
    assert 0.4 < second.share < 0.6  # a flow for one λ comes after it
    with pytest.raises(StopIteration) as end:
        next(work)
    assert end.value.value.methods == MEASURED.costs.methods


class NoSpace:
    """Stands where nothing is decoded."""


# Rare sums ---------------------------------------------------------------------------------------


def last(work: Generator[Any, None, None]) -> MeasuredAnswer:
    *_, answer = [value for value in work if value is not None]
    assert isinstance(answer, MeasuredAnswer)
    return answer


def test_rare_weeks_ask_for_more_sums_and_are_read_off_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lvm_studio.studio.street.picture_work.SUMS", 240)
    monkeypatch.setattr("lvm_studio.studio.street.picture_work.RESAMPLES", 3)
    tunings = TunedWork(StreetWork())
    pictures = PictureWork(tunings)
    near = StreetRequest(STATE.with_changes(lam=0.1), DATA, small_model(DATA))
    *_, lam = tunings.solve(near, "one_in_n", 60.0)
    request = replace(near, state=STATE.with_changes(lam=lam))
    first = last(pictures.answer(request, "measured"))
    assert first.wants_more
    assert "more sums" in first.why
    job = SumsJob(DATA, 2, first.criterion, BandSpec(4000, 3))
    reports = job.run()
    shares: list[float] = []
    while True:
        try:
            progress = next(reports)
            assert isinstance(progress, SumsProgress)
            shares.append(progress.share)
        except StopIteration as end:
            sums: RealSums = end.value
            break
    assert shares == sorted(shares)
    assert len(sums.f) >= 4000
    list(pictures.learn_sums((DATA, 2, first.criterion), sums))
    found = last(pictures.answer(request, "measured"))
    assert found.figures is not None
    assert found.sums == len(sums.f)
    assert found.figures.quantile_band is not None
    assert f"{found.sums:,} sums" in measured_text(found)
    assert np.isfinite(found.figures.tilted_mean)
    beyond = replace(request, state=STATE.with_changes(lam=6.0))
    hopeless = last(pictures.answer(beyond, "measured"))
    assert not hopeless.wants_more
    assert "no more than" in hopeless.why


@pytest.mark.usefixtures("qapp")
def test_sums_of_another_street_are_formed_once_the_first_are_given_up() -> None:
    made: list[PuppetThread] = []

    def make(job: SumsJob, parent: QObject) -> PuppetThread:
        made.append(PuppetThread(job, parent))
        return made[-1]

    owner = QObject()
    pictures = PictureWork(TunedWork(StreetWork()))
    sums = SumsService(ComputeThread(owner), 1, pictures, owner, make)  # type: ignore[arg-type]
    for households_in_a_sum in (2, 2, 3):
        sums.form(DATA, households_in_a_sum, "peak")
    assert [thread.job.k for thread in made] == [2, 3]
    assert [thread.killed for thread in made] == [1, 0]
    made[1].completed.emit(None)
    assert not sums.running
    sums.form(DATA, 3, "peak")
    sums.stop()
    assert not sums.running
    assert len(made) == 3


def test_a_picture_does_not_wait_for_sums_that_failed(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    wanted: list[tuple[int, str]] = []
    monkeypatch.setattr(
        SumsService, "form", lambda _self, _data, k, criterion: wanted.append((k, criterion))
    )
    request = StreetRequest(STATE, DATA, small_model(DATA))
    owner = QObject()
    pictures = PictureService(
        ComputeThread(owner), 1, 1, TunedWork(StreetWork()), lambda: request, owner
    )
    shown: list[MeasuredAnswer] = []
    pictures.ready.connect(shown.append)
    rare = MeasuredAnswer(STATE, "kW", 1000.0, None, "rare", "peak", wants_more=True)
    pictures._mailbox.answered.emit(rare)
    assert wanted == [(2, "peak")]
    pictures._sums.progressed.emit(SumsProgress(0.25))
    assert "25 %" in shown[-1].why
    with qtbot.waitSignal(pictures.failed):
        pictures._sums.failed.emit("The process ended.", "")
    assert shown[-1].why == NOT_FORMED
    pictures.cancel_sums()
    assert shown[-1].why == CANCELLED
    pictures._mailbox.answered.emit(rare)
    assert shown[-1].cancelled
    assert len(wanted) == 1
    pictures.form_sums()
    pictures._mailbox.answered.emit(rare)
    assert len(wanted) == 2


def test_the_picture_offers_to_cancel_its_sums_or_to_form_them(qtbot: QtBot) -> None:
    plot = LevelsPlot(LIGHT)
    qtbot.addWidget(plot)
    plot.show()
    rare = MeasuredAnswer(STATE, "kW", 1000.0, None, "rare", "peak", wants_more=True)
    for answer, asked in (
        (rare, plot.cancel_asked),
        (replace(rare, cancelled=True), plot.form_asked),
    ):
        plot.show_measured(answer)
        with qtbot.waitSignal(asked):
            qtbot.mouseClick(plot.sums_button, Qt.MouseButton.LeftButton)
    plot.show_measured(replace(rare, wants_more=False))
    assert not plot.sums_button.isVisible()
