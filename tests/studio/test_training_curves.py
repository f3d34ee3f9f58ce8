"""The training curves: what is drawn, read off, hidden, exported."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lvm_studio.studio.theme import LIGHT, Scheme, theme
from lvm_studio.studio.widgets.curve_line import nearest
from lvm_studio.studio.widgets.scaled_axis import ScaledAxis, nice_values
from lvm_studio.studio.widgets.series import Scale
from lvm_studio.studio.widgets.training_curves import TrainingCurves, history_csv
from lvm_studio.studio.widgets.training_terms import TERMS, RunHistory, SplitHistory


def history(name: str = "run 1", steps: int = 200) -> RunHistory:
    """ELBO = step − 100, KLs constant, σ falling; held-out every 50 steps, 5 nats lower."""

    def split(step: np.ndarray, gap: float) -> SplitHistory:
        ones = np.ones(len(step))
        terms = {
            "elbo": step - 100.0 - gap,
            "reconstruction": step - 88.0 - gap,
            "kl_w": 2.0 * ones,
            "kl_z": 10.0 * ones,
            "sigma": 1.0 / step,
        }
        return SplitHistory(step, step * 0.5, terms)

    return RunHistory(
        name, split(np.arange(1.0, steps + 1), 0.0), split(np.arange(50.0, steps + 1, 50), 5.0)
    )


@pytest.fixture
def curves(qtbot: QtBot) -> TrainingCurves:
    widget = TrainingCurves()
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def reading(curves: TrainingCurves, term: str, split: str) -> float:
    found = [r for r in curves.panes.readings() if r.term.name == term and r.split == split]
    return found[0].value if found else float("nan")


def test_without_runs_a_hint_and_nothing_to_export(curves: TrainingCurves) -> None:
    assert "press Start" in curves._hint.text()
    assert curves._hint.isVisible()
    assert not curves._export.isEnabled()


def test_the_cursor_reads_the_nearest_sample_of_every_line(curves: TrainingCurves) -> None:
    curves.smoothing.setValue(0)
    curves.set_runs([history()])
    curves.panes.set_cursor(98.7)
    assert reading(curves, "elbo", "train") == pytest.approx(-1.0)
    assert reading(curves, "elbo", "heldout") == pytest.approx(-5.0)
    assert reading(curves, "sigma", "train") == pytest.approx(1 / 99)
    assert "step 99" in curves._readout.text()
    curves.panes.set_cursor(None)
    assert curves._readout.text() == ""


def test_bits_change_information_but_not_sigma(curves: TrainingCurves) -> None:
    curves.set_runs([history()])
    curves.panes.set_cursor(100.0)
    sigma = reading(curves, "sigma", "heldout")
    curves.unit.setCurrentText("bits")
    assert reading(curves, "kl_z", "train") == pytest.approx(10.0 / np.log(2.0))
    assert reading(curves, "sigma", "heldout") == sigma


def test_smoothing_moves_the_train_line_only_and_keeps_the_raw_value(
    curves: TrainingCurves,
) -> None:
    curves.set_runs([history()])
    curves.smoothing.setValue(90)
    curves.panes.set_cursor(200.0)
    (train,) = [r for r in curves.panes.readings() if (r.term.name, r.split) == ("elbo", "train")]
    assert train.raw == pytest.approx(100.0)
    assert train.value == pytest.approx(91.0, abs=0.1)  # lags by 0.9 / 0.1 steps of one nat
    assert reading(curves, "elbo", "heldout") == pytest.approx(95.0)


def test_minutes_on_the_x_axis(curves: TrainingCurves) -> None:
    curves.smoothing.setValue(0)
    curves.set_runs([history()])
    curves.x_axis.setCurrentText("minutes")
    curves.panes.set_cursor(0.5)
    assert reading(curves, "elbo", "train") == pytest.approx(-40.0)  # 30 s = step 60
    assert "0.50 min" in curves._readout.text()


def test_a_click_hides_a_double_click_shows_alone(curves: TrainingCurves, qtbot: QtBot) -> None:
    curves.set_runs([history()])
    qtbot.mouseClick(curves.chips["elbo"], Qt.MouseButton.LeftButton)
    assert curves.options.hidden == {"elbo"}
    qtbot.mouseDClick(curves.chips["kl_z"], Qt.MouseButton.LeftButton)
    assert curves.options.hidden == {term.name for term in TERMS} - {"kl_z"}
    assert not curves.chips["sigma"].isChecked()
    curves.solo("kl_z")
    assert curves.options.hidden == frozenset()
    assert all(chip.isChecked() for chip in curves.chips.values())


def test_a_split_can_be_hidden(curves: TrainingCurves) -> None:
    curves.set_runs([history()])
    curves.split_chips["heldout"].click()
    curves.panes.set_cursor(100.0)
    assert np.isnan(reading(curves, "elbo", "heldout"))
    assert not np.isnan(reading(curves, "elbo", "train"))


def test_log_y_is_symmetric_where_a_line_crosses_zero(curves: TrainingCurves) -> None:
    curves.set_runs([history()])
    curves.log_y.setChecked(True)
    assert curves.panes.y_scale("bound") == Scale("symlog")
    assert curves.panes.y_scale("divergence") == Scale("log")
    assert curves.panes.y_scale("sigma") == Scale("log")


def test_the_view_follows_a_growing_run_until_somebody_zooms(curves: TrainingCurves) -> None:
    curves.set_runs([history(steps=100)])
    assert curves.panes.bound.vb.viewRange()[0][1] == pytest.approx(101, abs=1)
    curves.set_runs([history(steps=200)])
    assert curves.panes.bound.vb.viewRange()[0][1] == pytest.approx(202, abs=1)
    curves.panes.bound.vb.sigRangeChangedManually.emit([True, True])
    curves.panes.bound.vb.setXRange(10, 20, padding=0)
    curves.set_runs([history(steps=300)])
    assert curves.panes.bound.vb.viewRange()[0] == [10, 20]
    curves.fit.click()
    assert curves.panes.bound.vb.viewRange()[0][1] == pytest.approx(303, abs=1)


def test_a_long_run_is_drawn_with_few_points_and_keeps_its_spikes(curves: TrainingCurves) -> None:
    long = history(steps=100_000)
    long.train.terms["kl_w"][77_777] = 99.0
    curves.smoothing.setValue(0)
    curves.set_runs([long])
    line = curves.panes._lines["run 1", "kl_w", "train"]
    x, y = line.item.getData()
    assert len(x) < 4 * curves.width()
    assert y.max() == 99.0


def test_arrow_keys_move_the_cursor(curves: TrainingCurves, qtbot: QtBot) -> None:
    curves.set_runs([history()])
    qtbot.keyClick(curves.panes, Qt.Key.Key_Left)
    assert curves.panes.readings()[0].x == 200
    qtbot.keyClick(curves.panes, Qt.Key.Key_Left)
    assert curves.panes.readings()[0].x == 199
    qtbot.keyClick(curves.panes, Qt.Key.Key_Escape)
    assert curves.panes.readings() == []


def test_two_runs_lie_over_each_other_and_one_can_go(curves: TrainingCurves) -> None:
    curves.set_runs([history("a"), history("b")])
    curves.panes.set_cursor(1.0)
    assert {r.run for r in curves.panes.readings()} == {"a", "b"}
    assert {r.run for r in curves.panes.readings() if r.focus} == {"a"}
    curves.set_runs([history("b")])
    assert {r.run for r in curves.panes.readings()} == {"b"}


def test_csv_holds_every_report_of_both_splits() -> None:
    lines = history_csv([history(steps=100)]).splitlines()
    assert lines[0] == "run,split,step,seconds,elbo,reconstruction,kl_w,kl_z,sigma"
    assert len(lines) == 1 + 100 + 2
    assert lines[1] == "run 1,train,1,0.5,-99.0,-87.0,2.0,10.0,1.0"
    assert lines[-1] == "run 1,heldout,100,50.0,-5.0,7.0,2.0,10.0,0.01"


def test_figures_leave_in_light_colours_with_lines_as_lines(
    curves: TrainingCurves, tmp_path: Path, qtbot: QtBot
) -> None:
    theme().set_scheme(Scheme.DARK)
    try:
        curves.set_runs([history()])
        with qtbot.waitSignal(curves.saved):
            curves.save_figure(tmp_path / "curves.svg")
        svg = (tmp_path / "curves.svg").read_text()
        assert LIGHT.plot.lower() in svg.lower()
        assert "polyline" in svg or "<path" in svg
        assert "<image" not in svg
        curves.copy_image()
        image = QApplication.clipboard().image()
        assert image.pixelColor(2, image.height() // 2).name().upper() == LIGHT.plot
    finally:
        theme().set_scheme(Scheme.SYSTEM)


def test_a_folder_that_is_not_there_is_one_sentence(
    curves: TrainingCurves, tmp_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(curves.failed) as failed:
        curves.save_csv(tmp_path / "nowhere" / "curves.csv")
    assert "could not be written" in failed.args[0]
    with qtbot.waitSignal(curves.failed):
        curves.save_figure(tmp_path / "nowhere" / "curves.svg")


def test_log_ticks_are_round_values_even_in_a_narrow_range(qtbot: QtBot) -> None:
    axis = ScaledAxis("left")
    axis.set_scale(Scale("log"))
    for low, high in ((1e-3, 1e4), (0.31, 0.37), (20.0, 45.0)):
        bottom, top = np.log10([low, high])
        heights = [h for _, level in axis.tickValues(bottom, top, 300) for h in level]
        texts = axis.tickStrings(heights, 1.0, 1.0)
        assert 2 <= len(texts) <= 8
        assert len(set(texts)) == len(texts)
    assert 0.0 in nice_values(-5, 5)


def test_nearest_at_the_ends_and_with_one_sample() -> None:
    x = np.array([1.0, 2.0, 10.0])
    assert [nearest(x, at) for at in (-5.0, 1.4, 1.6, 99.0)] == [0, 0, 1, 2]
    assert nearest(np.array([3.0]), 7.0) == 0
