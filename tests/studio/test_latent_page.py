# ruff: noqa: F811 - fixtures are used by their names
"""The latent page beyond the walk: selection, density, locks, effects, judging, export, digits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pytestqt.qtbot import QtBot
from test_latent_panel import (  # noqa: F401 - fixtures
    compvae,
    few_points,
    load,
    london,
    panel,
    service,
    session,
    settled,
)

from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.studio.latent import judging as latent_judging
from lvm_studio.studio.latent.selection import telling_titles
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.session import Session


def select_half(panel: LatentPanel) -> np.ndarray:
    xy = panel.map._points.xy  # type: ignore[union-attr]
    rows = np.flatnonzero(xy[:, 0] > np.median(xy[:, 0]))
    x0, x1 = np.median(xy[:, 0]), xy[:, 0].max() + 1
    y0, y1 = xy[:, 1].min() - 1, xy[:, 1].max() + 1
    panel.map.view.outlined.emit(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), True)
    return rows


def test_a_lasso_is_a_selection_of_the_session(panel, session, qtbot: QtBot):
    rows = select_half(panel)
    chosen = session.selection
    assert chosen is not None
    np.testing.assert_array_equal(chosen.x, panel.cloud.x[rows])
    assert "30 sums" in panel.selection.about.text()
    assert panel.walk.tabs.currentWidget() is panel.selection
    assert panel.walk.differences.isHidden()
    with qtbot.waitSignal(session.done) as told:
        panel.selection.compose.click()
    middle = chosen.middle
    assert told.args == [
        f"Composed {len(chosen.members[middle])} households of {chosen.weeks[middle]}."
    ]
    assert set(session.state.composition.households) == set(chosen.members[middle])
    assert session.state.week == chosen.weeks[middle]
    session.undo_stack.undo()
    assert session.state.composition.size == 12
    panel.selection.clear.click()
    assert session.selection is None
    assert panel.map._chosen is None
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_a_column_that_is_the_same_everywhere_is_no_colour(panel):
    known = panel.cloud.metadata
    assumed = {**known, "temperature_c": np.full_like(known["temperature_c"], 11.0)}
    told = telling_titles(replace(panel.cloud, metadata=assumed))
    assert set(telling_titles(panel.cloud)) - set(told) == {"temperature_c"}


def test_density_shows_holes_and_goes(panel, qtbot: QtBot):
    panel.bar.density.setChecked(True)
    qtbot.waitUntil(panel.map.density.isVisible, timeout=5000)
    assert "holes" in panel._status.text()
    panel.bar.density.setChecked(False)
    assert not panel.map.density.isVisible()


def test_a_locked_dimension_stays(panel, qtbot: QtBot):
    row = panel.walk.sliders.rows[0]
    row.field.setValue(1.5)
    row.lock.setChecked(True)
    panel.walk.sliders._reset.click()
    assert panel.walk.u[row.dimension.index] == 1.5
    assert np.count_nonzero(panel.walk.u) == 1
    row.lock.setChecked(False)
    panel.walk.sliders._reset.click()
    assert (panel.walk.u == 0).all()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_a_swinging_dimension_moves_the_curve(panel, qtbot: QtBot):
    row = panel.walk.sliders.rows[0]
    before = panel.walk.decoded._mean.getData()[1].copy()
    row.play.setChecked(True)
    qtbot.waitUntil(lambda: abs(panel.walk.u[row.dimension.index]) > 0.3, timeout=5000)
    row.play.setChecked(False)
    assert not panel.walk.sliders._clock.isActive()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert not np.allclose(panel.walk.decoded._mean.getData()[1], before)


def test_between_two_real_weeks(panel, qtbot: QtBot):
    first, last = next(iter(panel._real)), list(panel._real)[-1]
    panel.walk.between.real_asked.emit("A", first)
    panel.walk.between.real_asked.emit("B", last)
    np.testing.assert_allclose(panel.walk.pins["A"], panel.cloud.u[panel._real[first]])
    assert panel.cloud.metadata["week"][panel._real[last]] == last
    panel.walk.between.play.setChecked(True)
    qtbot.waitUntil(lambda: panel.walk.between.slider.value() > 5, timeout=5000)
    panel.walk.between.play.setChecked(False)
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_effects_name_every_dimension(panel):
    table = panel.walk.effects
    assert table.rowCount() == len(panel.cloud.names)
    heads = [table.horizontalHeaderItem(i).text() for i in range(table.columnCount())]
    assert heads[0].startswith("Peak\n")
    assert table.item(0, 0).text().endswith("kW")


def test_one_household_moves_the_street_by_its_share(panel, session, qtbot: QtBot):
    whose = panel.walk.whose
    assert whose.count() == 1 + len(session.state.composition.counts)
    place = panel.walk._strip_rows.index(panel.cloud.names.index("w1"))
    whole = np.ptp(panel.walk.strips_shown.traversal[place], axis=0).max()
    whose.setCurrentIndex(1)
    whose.activated.emit(1)
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    own = np.ptp(panel.walk.strips_shown.traversal[place], axis=0).max()
    assert 0.0 < own < whole
    row = next(r for r in panel.walk.sliders.rows if r.dimension.name == "w1")
    row.field.setValue(1.0)
    assert 0.0 < panel.walk.u[row.dimension.index] < 1.0
    assert row.field.value() == 1.0
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_judging_fills_the_page(panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latent_judging, "HELD_OUT", 3)
    monkeypatch.setattr(latent_judging, "SAMPLES", 16)
    panel.judging.judge.click()
    assert panel.judging.cancel.isVisibleTo(panel.judging)
    qtbot.waitUntil(lambda: not panel._judging.running, timeout=20_000)
    assert panel.judging.strip.columns == 3
    assert panel.judging.table.rowCount() == len(panel.cloud.names)
    assert "3 held out: log p(x)" in panel.judging.about.text()
    assert panel.judging.judge.isVisibleTo(panel.judging)


def test_tables_hold_what_the_page_shows(
    panel,
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    paths = iter([tmp_path / "c.parquet", tmp_path / "d.csv", tmp_path / "s.csv"])
    monkeypatch.setattr(panel._export._dialogs, "save_path", lambda *_: next(paths))
    panel._export.coordinates(panel.cloud)
    table = pl.read_parquet(tmp_path / "c.parquet")
    np.testing.assert_allclose(table["u w1"].to_numpy(), panel.cloud.u[:, 0])
    panel._export.decoded(panel.walk, panel.cloud)
    curves = pl.read_csv(tmp_path / "d.csv")
    assert len(curves) == 336
    np.testing.assert_allclose(curves["mean (kW)"].to_numpy(), panel.walk.point.shown.mean)
    select_half(panel)
    panel._export_selection()
    assert len(pl.read_csv(tmp_path / "s.csv")) == len(session.selection)  # type: ignore[arg-type]


def test_digits_are_shown_as_images(panel, session, qtbot: QtBot):
    spec = VectorVAESpec(dim=784, latent_z=3, hidden=16)
    model = TrainedModel("digits", spec, build_module(spec), None, None, {"dataset": "Digits"})
    session.choose_model("other")
    load(session, model)
    qtbot.waitUntil(lambda: len(panel.walk.sliders.rows) == 3 and settled(panel), timeout=20_000)
    assert panel.walk.shown.currentWidget() is panel.walk.vector
    assert panel.walk.vector.image._values.shape == (28, 28)
    assert panel.walk.strip._cells.side == 28
    assert "digit" in [panel.bar.colour.itemData(i) for i in range(panel.bar.colour.count())]
    assert "3" in panel._real
    assert not panel.grab().isNull()
