"""The report card page, with a puppet where it counts clicks and real processes where it counts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from card_jobs import FakeCardJob
from made_up_card import card, figure
from page_hand import press, shown
from puppet_thread import PuppetThread
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot
from studio_fakes import households, workspace

from lvm_studio.analysis.report_card.card import CARD_KEY
from lvm_studio.analysis.report_card.job import CardJob
from lvm_studio.analysis.report_card.spec import CardProgress
from lvm_studio.analysis.report_card.verdicts import Verdict
from lvm_studio.studio.jobs.job_thread import JobThread, end_jobs
from lvm_studio.studio.judging.card_maker import CardMaker
from lvm_studio.studio.panels.report_card import HINT, MAKING, NO_MODEL, ReportCardPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.theme import DARK, LIGHT, Scheme, theme
from lvm_studio.studio.widgets.judging.card_plot import CardPlot
from lvm_studio.studio.widgets.judging.verdict_table import disc

SECOND = 1000


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    session = Session()
    session.restore(workspace(), None)
    return session


@pytest.fixture
def puppets() -> list[PuppetThread]:
    return []


@pytest.fixture
def panel(session: Session, puppets: list[PuppetThread], qtbot: QtBot) -> ReportCardPanel:
    def make(job: CardJob, parent: QObject) -> PuppetThread:
        puppets.append(PuppetThread(job, parent))
        return puppets[-1]

    return shown(ReportCardPanel(session, CardMaker(session, make)), qtbot)  # type: ignore[arg-type]


def lines(panel: ReportCardPanel) -> list[QTreeWidgetItem]:
    tops = [panel.table.topLevelItem(i) for i in range(panel.table.topLevelItemCount())]
    return [top.child(i) for top in tops for i in range(top.childCount())]


def test_an_empty_page_says_what_to_do(panel: ReportCardPanel) -> None:
    assert panel._hint.isVisible()
    assert panel._hint.text() == HINT
    assert not panel.table.isVisible()
    assert not panel.export_button.isEnabled()
    assert not panel.cancel_button.isEnabled()
    assert not panel.progress.isVisible()


def test_without_a_model_nothing_can_start(qtbot: QtBot) -> None:
    session = Session()
    session.restore(workspace(model=False), None)
    panel = shown(ReportCardPanel(session), qtbot)
    assert panel._hint.text() == NO_MODEL
    assert not panel.start_button.isEnabled()
    panel.start()
    assert not panel.maker.running


def test_start_judges_the_model_in_use_with_the_seed_that_is_set(
    panel: ReportCardPanel, puppets: list[PuppetThread], session: Session, qtbot: QtBot
) -> None:
    panel.seed.setValue(7)
    press(qtbot, panel.start_button)
    job = puppets[0].job
    assert job.spec.seed == 7
    assert job.model is session.model_tree()
    assert job.households is session.households
    assert not panel.start_button.isEnabled()
    assert panel.cancel_button.isEnabled()
    panel.start()
    assert len(puppets) == 1


def test_progress_with_time_left(panel: ReportCardPanel, puppets: list[PuppetThread]) -> None:
    panel.start()
    assert panel.status.text() == "Starting…"
    assert panel._hint.text() == MAKING
    puppets[0].reports.emit((CardProgress("scores", 25.0, 100.0, 10.0),))
    assert panel.progress.value() == 250
    assert panel.status.text() == "Scores · 25 % · about 30 s left"


def test_a_card_fills_the_table_and_the_plots(
    panel: ReportCardPanel, puppets: list[PuppetThread]
) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    assert panel.table.isVisible()
    assert [line.text(1) for line in lines(panel)] == [
        "falls short",
        "as good as real",
        "cannot be told",
    ]
    first = lines(panel)[0]
    assert [first.text(i) for i in range(2, 7)] == [
        "1.20 kW",
        "1.00 kW",
        "0.200 kW",
        "0.100 kW",
        "0.150 kW",
    ]
    assert "The highest half-hour" in first.toolTip(0)
    assert "Because." in first.toolTip(0)
    assert [plot.accessibleName() for plot in panel.plots] == ["peak", "admd"]
    assert panel.status.text() == f"{card().dataset}: {card().summary()}"
    assert not panel.progress.isVisible()
    assert panel.start_button.isEnabled()


def test_the_chosen_line_is_told_in_full(
    panel: ReportCardPanel, puppets: list[PuppetThread]
) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    assert "Choose a line" in panel.detail.text()
    panel.table.setCurrentItem(lines(panel)[0])
    assert "Peaks 20.0 % too high." in panel.detail.text()
    assert "Limit 0.150 kW: Because." in panel.detail.text()
    panel.table.setCurrentItem(panel.table.topLevelItem(0))
    assert "Choose a line" in panel.detail.text()


def test_a_card_belongs_to_its_model_and_data(
    panel: ReportCardPanel, puppets: list[PuppetThread], session: Session
) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    changed = replace(workspace(), models={"m": {"name": "trained anew"}})
    session.restore(changed, None)
    assert panel._hint.isVisible()
    assert not panel.export_button.isEnabled()


def test_a_card_that_the_model_carries_is_shown(panel: ReportCardPanel, session: Session) -> None:
    model = {"name": "m", "provenance": {CARD_KEY: card("carried").to_json()}}
    session.restore(replace(workspace(), models={"m": model}), None)
    assert panel.table.isVisible()
    assert panel.export_button.isEnabled()


def test_the_model_carries_its_card_into_the_file(
    panel: ReportCardPanel, puppets: list[PuppetThread], session: Session, tmp_path: Path
) -> None:
    loaded = session.model_tree()
    panel.start()
    puppets[0].completed.emit(card("kept"))
    assert session.model_tree() is loaded  # nobody has to load it again
    assert session.dirty
    assert session.save(tmp_path / "w.h5")
    again = Session()
    assert again.open(tmp_path / "w.h5")
    assert CardMaker(again).card() == card("kept")


def test_a_card_stays_as_it_is_looked_at_while_a_training_saves(
    panel: ReportCardPanel, session: Session
) -> None:
    model = {"name": "m", "provenance": {CARD_KEY: card("carried").to_json()}}
    session.restore(replace(workspace(), models={"m": model}), None)
    first = lines(panel)[0]
    panel.table.setCurrentItem(first)
    session.workspace_changed.emit()  # as whenever a run is kept
    assert panel.table.currentItem() is first


def test_a_card_that_comes_late_does_not_touch_another_workspace(
    panel: ReportCardPanel, puppets: list[PuppetThread], session: Session
) -> None:
    panel.start()
    session.restore(workspace(), None)
    puppets[0].completed.emit(card("late"))
    assert not session.dirty
    assert not panel.export_button.isEnabled()


def test_cancel_keeps_the_last_card(
    panel: ReportCardPanel, puppets: list[PuppetThread], qtbot: QtBot
) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    panel.start()
    press(qtbot, panel.cancel_button)
    assert not panel.maker.running
    assert panel.table.isVisible()
    assert panel.status.text() == f"{card().dataset}: {card().summary()}"


def test_a_failure_is_one_sentence_with_details(
    panel: ReportCardPanel, puppets: list[PuppetThread]
) -> None:
    panel.start()
    puppets[0].failed.emit("m sees no households.", "Traceback …")
    assert panel.banner.isVisible()
    assert panel.banner.sentence.text() == "m sees no households."
    assert panel.start_button.isEnabled()
    panel.start()
    assert not panel.banner.isVisible()


def test_the_card_is_exported_as_html(
    panel: ReportCardPanel, puppets: list[PuppetThread], tmp_path: Path
) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    panel.export(tmp_path / "card.html")
    assert (tmp_path / "card.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "Wrote" in panel.status.text()
    panel.export(tmp_path / "nowhere" / "card.html")
    assert "could not be written (No such file" in panel.banner.sentence.text()


def test_plots_follow_the_theme(panel: ReportCardPanel, puppets: list[PuppetThread]) -> None:
    panel.start()
    puppets[0].completed.emit(card())
    before = theme().scheme
    try:
        for scheme, colours in ((Scheme.DARK, DARK), (Scheme.LIGHT, LIGHT)):
            theme().set_scheme(scheme)
            pen = panel.plots[0]._lines["generated"].opts["pen"]
            assert pen.color().name().lower() == colours.base.lower()
    finally:
        theme().set_scheme(before)


def test_steps_bands_and_gaps_are_drawn(qtbot: QtBot) -> None:
    plot = CardPlot(LIGHT)
    qtbot.addWidget(plot)
    plot.set_figure(figure("peak", 4))
    x, y = plot._lines["real"].getData()
    assert x.tolist() == [0, 1, 1, 2, 2, 3]
    np.testing.assert_array_equal(y, [1, 1, np.nan, np.nan, 3, 3])
    plot.set_figure(figure("admd", 3))
    x, y = plot._lines["generated"].getData()
    assert (x.tolist(), y.tolist()) == ([0, 1, 2], [1, 2, 2.5])
    assert len(plot._band._polygon) == 4  # the unknown place in the middle is left out


def test_verdicts_differ_in_shape_and_not_in_colour_alone(qtbot: QtBot) -> None:
    shapes = {
        verdict: disc(verdict).pixmap(28, 28).toImage().convertToFormat(_alpha())
        for verdict in (Verdict.AS_REAL, Verdict.GOOD, Verdict.SHORT)
    }
    filled = [_opaque(image) for image in shapes.values()]
    assert filled == sorted(filled, reverse=True)
    assert len(set(filled)) == 3


def _alpha():  # type: ignore[no-untyped-def]
    from PySide6.QtGui import QImage

    return QImage.Format.Format_ARGB32


def _opaque(image) -> int:  # type: ignore[no-untyped-def]
    return sum(
        image.pixelColor(x, y).alpha() > 128
        for x in range(image.width())
        for y in range(image.height())
    )


@pytest.fixture
def real_panel(session: Session, qtbot: QtBot) -> Iterator[ReportCardPanel]:
    """Worker processes that run the stand-in; the seed is how many milliseconds a step takes."""

    def make(job: CardJob, parent: QObject) -> JobThread:
        fake = FakeCardJob(step_seconds=job.spec.seed / 1000, fails=job.spec.seed == 0)
        return JobThread(fake, None, parent)

    panel = shown(ReportCardPanel(session, CardMaker(session, make)), qtbot)
    yield panel
    end_jobs(panel.maker)


def test_a_real_process_makes_a_card_and_another_is_cancelled(
    real_panel: ReportCardPanel, qtbot: QtBot
) -> None:
    panel = real_panel
    panel.seed.setValue(1)
    press(qtbot, panel.start_button)
    qtbot.waitUntil(lambda: "left" in panel.status.text(), timeout=30 * SECOND)
    qtbot.waitUntil(lambda: panel.table.isVisible(), timeout=30 * SECOND)
    panel.seed.setValue(1000)
    press(qtbot, panel.start_button)
    qtbot.waitUntil(lambda: panel.progress.value() > 0, timeout=30 * SECOND)
    press(qtbot, panel.cancel_button)
    qtbot.waitUntil(lambda: not panel.maker.running, timeout=2 * SECOND)
    assert panel.status.text() == f"{card().dataset}: {card().summary()}"


def test_a_judge_that_falls_over_leaves_a_sentence(
    real_panel: ReportCardPanel, qtbot: QtBot
) -> None:
    press(qtbot, real_panel.start_button)
    qtbot.waitUntil(lambda: real_panel.banner.isVisible(), timeout=30 * SECOND)
    said = real_panel.banner.sentence.text() + real_panel.banner.details.toPlainText()
    assert "fell over" in said


def test_the_job_can_be_sent_to_a_process() -> None:
    import pickle

    from lvm_studio.analysis.report_card.spec import CardSpec

    job = pickle.loads(pickle.dumps(CardJob({"name": "m"}, households(), CardSpec(seed=2))))
    assert job.spec == CardSpec(seed=2)
