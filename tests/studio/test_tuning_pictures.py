"""The picture tabs beside λ: theory, difficulty, and "1 in N" of measured sums."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QTabWidget
from pytestqt.qtbot import QtBot
from street_fakes import FakeService
from studio_fakes import households, small_model

from lvm_studio.data.composition import Composition
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.panels.tuning_pictures import TuningPictures
from lvm_studio.studio.session import Session
from lvm_studio.studio.street import picture_work
from lvm_studio.studio.street.answers import (
    DifficultyAnswer,
    MeasuredAnswer,
    Picture,
    StreetRequest,
    TheoryAnswer,
    TheoryCurve,
)
from lvm_studio.studio.street.picture_work import PictureWork
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.studio.theme import DARK, LIGHT
from lvm_studio.studio.widgets.tuning.levels_plot import LevelsPlot, measured_text
from lvm_studio.studio.widgets.tuning.theory_plot import theory_text
from lvm_studio.studio.widgets.worded_plot import WordedPlot
from lvm_studio.tuning.criteria.difficulty import difficulty_of
from lvm_studio.tuning.extremes import OneInN

DATA = households()


@pytest.fixture(scope="module")
def tunings() -> TunedWork:
    return TunedWork(StreetWork())


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return small_model(DATA)


def asked(model: TrainedModel, lam: float) -> StreetRequest:
    composition = Composition.parse("A,B")
    state = StreetState(composition=composition, week="2013-W03", samples=64, lam=lam)
    return StreetRequest(state, DATA, model)


def told(tunings: TunedWork, model: TrainedModel, picture: Picture, lam: float) -> Any:
    answers: Iterator[object] = PictureWork(tunings).answer(asked(model, lam), picture)
    *pauses, answer = answers
    early = [pause for pause in pauses if pause is not None]
    assert all("being formed" in each.why for each in early if isinstance(each, MeasuredAnswer))
    assert len(early) == (picture == "measured" and lam != 0.0)
    return answer


def test_theory_is_told_by_the_base_law_near_zero_and_not_beyond(
    tunings: TunedWork, model: TrainedModel
) -> None:
    theory = told(tunings, model, "theory", 4.9)
    assert isinstance(theory, TheoryAnswer)
    assert theory.lam[-1] == pytest.approx(4.9)
    assert theory.by_base[0]
    assert theory.known[0]
    assert not theory.known[-1]
    near = theory.known & (theory.lam > 0.0)
    assert (np.diff(theory.kl.value[near]) > 0.0).all()
    for curve in (theory.expectation, theory.kl, theory.variance):
        assert (curve.band[0] <= curve.value + 1e-9).all()
        assert (curve.band[1] >= curve.value - 1e-9).all()
    slope = np.gradient(theory.kl.value, theory.lam)[1:4]  # dKL/dλ = λ Var f̃, one at λ = 0
    shape = theory.variance.value[1:4] / theory.variance.value[0]
    assert slope == pytest.approx(theory.lam[1:4] * shape, rel=0.15)


def test_the_quiet_side_is_told_with_negative_lam(tunings: TunedWork, model: TrainedModel) -> None:
    theory = told(tunings, model, "theory", -0.5)
    assert theory.lam[-1] < 0.0
    assert theory.expectation.value[5] < theory.expectation.value[0]


def test_difficulty_is_judged_on_base_draws(
    tunings: TunedWork, model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_work, "GRADIENTS", 96)
    found = told(tunings, model, "difficulty", 0.5)
    assert isinstance(found, DifficultyAnswer)
    assert len(found.difficulty.norms) == 96
    assert found.difficulty.sentence


def test_measured_sums_have_three_figures_with_bands_where_the_tail_is_seen(
    tunings: TunedWork, model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_work, "SUMS", 300)
    monkeypatch.setattr(picture_work, "RESAMPLES", 5)
    *_, lam = tunings.solve(asked(model, 0.1), "one_in_n", 5.0)
    found = told(tunings, model, "measured", lam)
    figures = found.figures
    assert figures.n == found.one_in_n
    assert figures.quantile < figures.mean_beyond
    assert figures.quantile_band[0] < figures.quantile_band[1]
    *_, lam = tunings.solve(asked(model, -0.1), "one_in_n", 5.0)
    quiet = told(tunings, model, "measured", lam).figures
    assert quiet.mean_beyond < quiet.quantile < figures.quantile
    assert quiet.quantile_band[0] < quiet.quantile_band[1]
    assert told(tunings, model, "measured", 0.0).figures is None
    assert told(tunings, model, "measured", 4.9).wants_more


# The tabs ------------------------------------------------------------------------------------


@pytest.fixture
def tabs(qtbot: QtBot) -> QTabWidget:
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    return tabs


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    return Session()


@pytest.fixture
def pictures(tabs: QTabWidget, service: FakeService, session: Session) -> TuningPictures:
    levels = LevelsPlot(LIGHT, tabs)
    tabs.addTab(levels, "Weeks")
    return TuningPictures(session, service, tabs, levels, LIGHT)  # type: ignore[arg-type]


def some_theory(state: StreetState) -> TheoryAnswer:
    lam = np.linspace(0.0, 2.0, 5)
    curve = TheoryCurve(lam, np.stack([lam - 0.1, lam + 0.1]))
    by_base = lam < 1.0
    return TheoryAnswer(state, "kW", lam, curve, curve, curve, by_base, lam < 2.0, "SMC")


def test_only_the_picture_in_sight_is_asked_for(
    tabs: QTabWidget, pictures: TuningPictures, service: FakeService
) -> None:
    assert service.pictures == []
    tabs.show()
    assert service.pictures[-1] == "measured"
    tabs.setCurrentWidget(pictures.theory)
    assert service.pictures[-1] == "theory"
    tabs.setCurrentWidget(pictures.difficulty)
    assert service.pictures[-1] == "difficulty"
    tabs.hide()
    assert service.pictures[-1] is None


def test_theory_is_drawn_until_another_street_is_composed(
    pictures: TuningPictures, service: FakeService, session: Session
) -> None:
    plot = pictures.theory
    assert plot.plot.isHidden()
    assert "stands still" in plot.words.text()
    service.picture_ready.emit(some_theory(session.state))
    assert theory_text(some_theory(session.state)) == plot.words.text()
    assert "0.50, then SMC (orange) up to 1.50" in plot.words.text()
    plot.figure_box.setCurrentIndex(2)
    assert "Var f (kW²)" in plot.plot.getAxis("left").labelString()
    session.set_lam(3.0)
    assert plot.plot.getViewBox().viewRange()[0][1] > 3.0
    assert not plot.plot.isHidden()
    session.set_criterion("energy")
    assert plot.plot.isHidden()


def test_difficulty_and_measured_figures_are_shown_in_words(
    pictures: TuningPictures, service: FakeService, session: Session
) -> None:
    pictures.set_colours(DARK)
    hard = difficulty_of(np.append(np.zeros(90), np.full(10, 9.0)))
    service.picture_ready.emit(DifficultyAnswer(session.state, hard))
    assert pictures.difficulty.words.text().startswith("Hard. Plateaus on 90 %")
    figures = OneInN(1000.0, 25.4, 27.4, 29.8, (24.0, 26.0), (26.0, 28.0), (28.0, 31.0))
    measured = MeasuredAnswer(session.state, "kW", 1000.0, figures, "", sums=60_000)
    assert measured_text(measured) == (
        "Measured, 60,000 sums: level exceeded 25.4 (24.0 to 26.0), mean beyond it 27.4 "
        "(26.0 to 28.0), tuned mean 29.8 (28.0 to 31.0) kW."
    )
    none = MeasuredAnswer(session.state, "kW", 9e9, None, "too few.")
    assert measured_text(none) == "Measured: too few."


@pytest.mark.parametrize(("height", "beside"), [(140, True), (300, False)])
def test_words_stand_beside_a_low_plot(qtbot: QtBot, height: int, beside: bool) -> None:
    plot = WordedPlot("a plot", "no plot yet")
    qtbot.addWidget(plot)
    plot.show_words("A sentence that says what the plot shows.")
    plot.resize(540, height)
    plot.show()
    qtbot.waitUntil(lambda: (plot.words.x() >= plot.plot.width()) == beside)
    assert (plot.words.y() >= plot.plot.height()) != beside
