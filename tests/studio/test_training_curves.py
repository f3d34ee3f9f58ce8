"""The training curves: what is drawn, read off, hidden, exported."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lvm_studio.studio.theme import LIGHT, Scheme, theme
from lvm_studio.studio.widgets.scaled_axis import ScaledAxis, nice_values
from lvm_studio.studio.widgets.training.curve_line import nearest
from lvm_studio.studio.widgets.training.history_csv import history_csv
from lvm_studio.studio.widgets.training.seed_bands import band_of
from lvm_studio.studio.widgets.training.series import Scale
from lvm_studio.studio.widgets.training.settings_difference import differences
from lvm_studio.studio.widgets.training.training_curves import TrainingCurves
from lvm_studio.studio.widgets.training.training_terms import TERMS, RunHistory, SplitHistory
from lvm_studio.training.recipes import RECIPES, with_overrides


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
    curves.controls.smoothing.setValue(0)
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
    curves.controls.unit.setCurrentText("bits")
    assert reading(curves, "kl_z", "train") == pytest.approx(10.0 / np.log(2.0))
    assert reading(curves, "sigma", "heldout") == sigma


def test_smoothing_moves_the_train_line_only_and_keeps_the_raw_value(
    curves: TrainingCurves,
) -> None:
    curves.set_runs([history()])
    curves.controls.smoothing.setValue(90)
    curves.panes.set_cursor(200.0)
    (train,) = [r for r in curves.panes.readings() if (r.term.name, r.split) == ("elbo", "train")]
    assert train.raw == pytest.approx(100.0)
    assert train.value == pytest.approx(91.0, abs=0.1)  # lags by 0.9 / 0.1 steps of one nat
    assert reading(curves, "elbo", "heldout") == pytest.approx(95.0)


def test_minutes_on_the_x_axis(curves: TrainingCurves) -> None:
    curves.controls.smoothing.setValue(0)
    curves.set_runs([history()])
    curves.controls.x_axis.setCurrentText("minutes")
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
    curves.controls.log_y.setChecked(True)
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
    curves.controls.fit.click()
    assert curves.panes.bound.vb.viewRange()[0][1] == pytest.approx(303, abs=1)


def test_a_long_run_is_drawn_with_few_points_and_keeps_its_spikes(curves: TrainingCurves) -> None:
    long = history(steps=100_000)
    long.train.terms["kl_w"][77_777] = 99.0
    curves.controls.smoothing.setValue(0)
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


def test_labels_of_decades_do_not_crowd(qtbot: QtBot) -> None:
    axis = ScaledAxis("left")
    axis.setLogMode(True)
    ((_, heights),) = axis.tickValues(-1.15, 0.3, 220.0)
    assert axis.tickStrings(heights, 1.0, 1.0) == ["0.1", "0.2", "0.5", "1"]


def test_nearest_at_the_ends_and_with_one_sample() -> None:
    x = np.array([1.0, 2.0, 10.0])
    assert [nearest(x, at) for at in (-5.0, 1.4, 1.6, 99.0)] == [0, 0, 1, 2]
    assert nearest(np.array([3.0]), 7.0) == 0


def crowd(count: int, steps: int = 300, groups: int = 2) -> list[RunHistory]:
    """Runs whose ELBO is step − 100 + 10 · number, in groups of neighbours."""
    found = []
    for number in range(count):
        base = history(f"run {number}", steps)
        base.train.terms["elbo"][:] += 10.0 * number
        group = f"group {number * groups // count}"
        found.append(replace(base, group=group, epoch_steps=100.0))
    return found


def settled(curves: TrainingCurves, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not curves.panes.crowd.busy)


def drawn(curves: TrainingCurves, term: str = "elbo") -> int:
    """Points of all bundles and bands of a term on the training split."""
    layers = curves.panes.crowd._layers
    wanted = [layers[key] for key in layers if (key.term, key.split) == (term, "train")]
    return sum(len(layer.line.getData()[0]) for layer in wanted)


def test_many_runs_stand_behind_as_one_item_a_quantity(
    curves: TrainingCurves, qtbot: QtBot
) -> None:
    curves.controls.smoothing.setValue(0)
    curves.set_runs(crowd(20), pinned=["run 7"])
    settled(curves, qtbot)
    assert {key[0] for key in curves.panes._lines} == {"run 0", "run 7"}
    assert len(curves.panes.crowd._layers) == 2 * len(TERMS)
    assert drawn(curves) > 0
    _, high = curves.panes.bound.vb.viewRange()[1]
    assert high > 300 - 100 + 10 * 19  # the highest run is in view


def test_a_spike_of_a_run_behind_survives_at_every_zoom(
    curves: TrainingCurves, qtbot: QtBot
) -> None:
    runs = crowd(12, steps=20_000)
    runs[5].train.terms["kl_w"][7_777] = 99.0
    curves.controls.smoothing.setValue(0)
    curves.set_runs(runs)
    settled(curves, qtbot)
    (layer,) = [
        layer
        for key, layer in curves.panes.crowd._layers.items()
        if (key.term, key.split) == ("kl_w", "train")
    ]
    for edges in ((1.0, 20_000.0), (7_000.0, 9_000.0), (7_770.0, 7_790.0)):
        x, y, joined = layer.stack.path((Scale(), Scale()), edges, 200)
        assert y.max() == 99.0
        assert len(x) == len(y) == len(joined)
        assert (np.diff(x)[joined[:-1] == 1] >= 0).all()  # no line runs back to the next run
    assert abs(x[np.argmax(y)] - 7_778) <= 1


def test_seeds_become_a_band_with_its_mean(curves: TrainingCurves, qtbot: QtBot) -> None:
    curves.controls.smoothing.setValue(0)
    curves.set_runs(crowd(6))
    curves.controls.bands.setChecked(True)
    settled(curves, qtbot)
    layers = curves.panes.crowd._layers
    assert {key.group for key in layers} == {"group 0", "group 1"}
    (key,) = [k for k in layers if (k.term, k.split, k.group) == ("elbo", "train", "group 0")]
    x, mean, low, high = band_of(layers[key].stack.blocks.values())
    np.testing.assert_allclose(mean, x - 100 + 10)
    np.testing.assert_allclose(high - low, 20.0)
    assert layers[key].band is not None
    assert {name for name, _, _ in curves.panes._lines} == {"run 0"}


def test_epochs_on_the_x_axis(curves: TrainingCurves) -> None:
    curves.controls.smoothing.setValue(0)
    curves.set_runs(crowd(1))
    curves.controls.x_axis.setCurrentText("epoch")
    curves.panes.set_cursor(1.5)
    assert reading(curves, "elbo", "train") == pytest.approx(50.0)
    assert "epoch 1.50" in curves._readout.text()


def test_the_nearest_line_is_named_and_a_click_chooses_its_run(
    curves: TrainingCurves, qtbot: QtBot
) -> None:
    curves.controls.smoothing.setValue(0)
    curves.set_runs(crowd(20))
    curves.solo("elbo")
    settled(curves, qtbot)
    view = curves.panes.bound.vb
    place = view.mapViewToScene(QPointF(150.0, 50.0 + 10.0 * 13 + 1.0))
    curves.panes._mouse_moved(place)
    near = curves.panes.nearest_reading()
    assert near is not None
    assert (near.run, near.term.name) == ("run 13", "elbo")
    assert near.value == pytest.approx(50.0 + 130.0, abs=1.5)
    assert "run 13" in curves._readout.text()
    with qtbot.waitSignal(curves.run_clicked) as clicked:
        qtbot.mouseClick(
            curves.panes.viewport(),
            Qt.MouseButton.LeftButton,
            pos=curves.panes.mapFromScene(place),
        )
    assert clicked.args == ["run 13"]


def test_what_is_not_a_number_is_marked(curves: TrainingCurves) -> None:
    broken = history()
    broken.train.terms["elbo"][100:103] = np.nan
    curves.controls.smoothing.setValue(0)
    curves.set_runs([broken])
    x, y = curves.panes._lines["run 1", "elbo", "train"].gaps.getData()
    assert x.tolist() == [101.0]
    assert y.tolist() == [0.0]  # the height of step 100
    assert "NaN" in history_csv([broken])
    curves.panes.set_cursor(102.0)
    assert "–" in curves._readout.text()


def test_a_pane_without_quantities_gives_way(curves: TrainingCurves) -> None:
    curves.set_runs([history()])
    curves.solo("elbo")
    assert not curves.panes.divergence.isVisible()
    assert curves.panes.bound.getAxis("bottom").labelText == "step"
    curves.solo("kl_z")
    assert curves.panes.divergence.isVisible()
    assert not curves.panes.bound.isVisible()
    curves.solo("kl_z")
    assert curves.panes.bound.isVisible()


def test_colours_tell_runs_apart_and_stay_with_them(curves: TrainingCurves) -> None:
    runs = crowd(3)
    curves.set_runs(runs)
    curves.controls.colour_by.setCurrentText("run")
    colours = {run.name: curves.panes.run_colour(run.name) for run in runs}
    assert len(set(colours.values())) == 3
    curves.set_runs(runs[::-1])
    assert {run.name: curves.panes.run_colour(run.name) for run in runs} == colours


def test_one_csv_of_everything(curves: TrainingCurves, tmp_path: Path) -> None:
    runs = crowd(3)
    curves.set_runs(runs[:1])
    curves.all_runs = lambda: runs
    curves.save_csv(tmp_path / "all.csv", curves.all_runs())
    text = (tmp_path / "all.csv").read_text()
    assert all(f"run {n}," in text for n in range(3))
    assert len(text.splitlines()) == 1 + 3 * (300 + 6)


def test_settings_that_differ_side_by_side() -> None:
    specs = [
        RECIPES["vae"].spec.model_dump(),
        with_overrides(RECIPES["vae"], {"lr": 0.1, "model.latent_z": 3}).spec.model_dump(),
    ]
    found = differences(dict(zip("ab", specs, strict=True)))
    assert found == {"lr": ["0.002", "0.1"], "model.latent_z": ["12", "3"]}
    assert differences({"a": specs[0], "b": specs[0]}) == {}


def test_a_pane_that_comes_back_is_painted_before_it_has_room(curves: TrainingCurves) -> None:
    curves.set_runs([history(steps=100)])
    curves.panes.divergence.setMaximumHeight(0)
    curves.panes.ci.layout.activate()
    assert curves.panes.divergence.getAxis("left").size().height() == 0
    curves.panes.divergence.show()
    assert not curves.panes.grab().isNull()
