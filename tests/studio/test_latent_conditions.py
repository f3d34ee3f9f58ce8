# ruff: noqa: F811 - fixtures are used by their names
"""Conditional models and chains on the latent page: what is told is shown, changed, undone."""

import numpy as np
import pytest
import torch
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

from lvm_studio.data.vectors.conditions import Condition, VectorColumns
from lvm_studio.data.vectors.sets import HELD_OUT, VectorSet
from lvm_studio.models.specs import LadderSpec, VectorVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.studio.latent import judging as latent_judging
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.latent.condition_bar import KindRow

TOLD = (
    Condition("load", unit="kW"),
    Condition("tariff", "kinds", ("flat", "night")),
    Condition("season", "season"),
)


def table() -> VectorSet:
    rng = np.random.default_rng(0)
    flags = np.eye(2)[rng.integers(2, size=40)]
    phase = rng.uniform(0, 2 * np.pi, 40)
    k = np.column_stack([rng.normal(5, 2, 40), flags, np.sin(phase), np.cos(phase)])
    held = np.repeat(["no", "yes"], [36, 4])
    names = VectorColumns(("a", "b", "c"), conditions=TOLD)
    return VectorSet("t", rng.normal(size=(40, 3)), k, {HELD_OUT: held}, columns=names)


@pytest.fixture
def told(panel: LatentPanel, session: Session, qtbot: QtBot) -> LatentPanel:
    """The page on a conditional model of a table."""
    spec = VectorVAESpec(dim=3, condition=5, latent_z=2, hidden=16)
    module = build_module(spec)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.Generator().manual_seed(parameter.numel())
            parameter += 0.2 * torch.randn(parameter.shape, generator=noise)
    rows, provenance = table(), {"dataset": "t"}
    model = TrainedModel("t", spec, module, None, None, provenance, columns=rows.columns)
    tree = model.to_tree()
    name = session.add_table_model(tree, rows)
    assert session.workspace.vectors[tree["provenance"]["rows"]] is rows
    session.choose_model(name)
    load(session, TrainedModel.from_tree(tree))
    qtbot.waitUntil(lambda: len(panel.walk.told.rows) == 3 and settled(panel), timeout=20_000)
    return panel


def decoded(panel: LatentPanel) -> np.ndarray:
    assert panel.walk.point is not None
    return panel.walk.point.shown.mean


def test_the_walk_decodes_under_what_is_told(told: LatentPanel, session, qtbot: QtBot):
    panel, bar = told, told.walk.told
    assert not bar.isHidden()
    assert bar.whose.text() == "as is usual"
    usual, steps = decoded(panel).copy(), session.undo_stack.count()
    load_row, kind_row = bar.rows[0], bar.rows[1]
    for position in (10, 20, 30):
        load_row.slider.setValue(position)  # one drag
    load_row.slider.sliderReleased.emit()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert not np.allclose(decoded(panel), usual)
    assert session.undo_stack.count() == steps + 1
    assert panel.conditions.k[0] == pytest.approx(load_row.field.value(), abs=0.01)
    module = session.trained_model().module
    k = torch.tensor(panel.conditions.k, dtype=torch.float32)
    with torch.no_grad():
        alone = module.decode(torch.zeros(1, 2), k).mean[0].numpy()
    np.testing.assert_allclose(decoded(panel), alone, atol=1e-5)
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    np.testing.assert_allclose(decoded(panel), usual, atol=1e-6)
    assert isinstance(kind_row, KindRow)
    kind_row.choice.setCurrentIndex(2)
    kind_row.choice.activated.emit(2)
    assert panel.conditions.k[1:3].tolist() == [0.0, 0.0]
    bar.middle.click()
    assert bar.whose.text() == "as is usual"
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_a_picked_example_brings_its_own_conditions(told: LatentPanel, session, qtbot: QtBot):
    panel = told
    panel.bar.snap.setChecked(True)
    for row in (3, 7):  # picks in a row are one step of undo
        panel.map.picked.emit(*map(float, panel.map._points.xy[row]))
    np.testing.assert_allclose(panel.conditions.k, panel.cloud.conditions[7], rtol=1e-6)
    assert "observation 8" in panel.walk.told.whose.text()
    session.undo_stack.undo()
    assert panel.walk.told.whose.text() == "as is usual"
    panel.walk.told.nearest.click()
    np.testing.assert_allclose(panel.conditions.k, panel.cloud.conditions[7], rtol=1e-6)
    panel.walk.between.real_asked.emit("B", "vector 2")
    np.testing.assert_allclose(panel.walk.u, panel.walk.pins["B"])  # who pins also goes there
    np.testing.assert_allclose(panel.conditions.k, panel.cloud.conditions[1], rtol=1e-6)
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)


def test_keys_pressed_after_a_rest_are_another_step_of_undo(told: LatentPanel, session):
    now = [100.0]
    told.conditions._sliding._clock = lambda: now[0]
    slider, steps = told.walk.told.rows[0].slider, session.undo_stack.count()
    for pause in (0.1, 0.1, 60.0, 0.1):
        now[0] += pause
        slider.triggerAction(slider.SliderAction.SliderSingleStepAdd)
    assert session.undo_stack.count() == steps + 2


def test_another_workspace_is_told_nothing_of_this_one(told: LatentPanel, session):
    load_row = told.walk.told.rows[0]
    load_row.slider.setValue(300)
    assert told.walk.told.whose.text() == "by hand"
    told.hide()
    session.restore(session.workspace, None)  # with models of the same names
    assert told.cloud is None
    assert told.conditions.k is None
    assert told.conditions._known == {}


def test_judging_tells_every_example_its_own(told, session, qtbot: QtBot, monkeypatch):
    monkeypatch.setattr(latent_judging, "HELD_OUT", 3)
    monkeypatch.setattr(latent_judging, "SAMPLES", 16)
    seen = []
    monkeypatch.setattr(told.judging, "show_examples", lambda _cloud, found, _n: seen.append(found))
    told.judging.judge.click()
    qtbot.waitUntil(lambda: not told._judging.running, timeout=20_000)
    rows, module = table(), session.trained_model().module
    x, k = (torch.from_numpy(a[36:39]) for a in (rows.x, rows.k))
    with torch.no_grad():
        expected = module.decode(module.posterior(x, k).mean, k).mean.numpy()
    np.testing.assert_allclose([e.mean for e in seen[-1]], expected, atol=1e-5)


def test_a_chain_shows_its_layers_and_is_walked(panel, session, qtbot: QtBot):
    spec = LadderSpec(dim=2, layers=(1, 2), hidden=8, blocks=0)
    model = TrainedModel("chain", spec, build_module(spec), None, None, {"dataset": "spiral"})
    session.choose_model("other")
    load(session, model)
    qtbot.waitUntil(lambda: len(panel.walk.sliders.rows) == 3 and settled(panel), timeout=20_000)
    assert panel.walk.told.isHidden()
    assert len(panel.judging.layers.bits) == 2
    assert "are dead" in panel._status.text()  # nothing was learned yet
    assert panel.walk.strips_shown.traversal.shape == (3, 5, 2)
    assert not panel.judging.layers.grab().isNull()
