"""The latent page on a small untrained model: everything it shows is decoded for the street."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import CompVAESpec, VAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.jobs.mailbox import Mailbox
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.latent import map_bar
from lvm_studio.studio.widgets.latent.map_bar import AXES
from lvm_studio.studio.widgets.time_axis import DAY_SECONDS


class Service(QObject):
    """The compute thread of a street service, without the service."""

    def __init__(self) -> None:
        super().__init__()
        self.thread_ = ComputeThread(self)
        self.thread_.start()

    def open_mailbox(self) -> Mailbox:
        return self.thread_.open_mailbox(priority=5)


@pytest.fixture(scope="module")
def london() -> HouseholdSet:
    return load_london()


@pytest.fixture(scope="module")
def compvae(london: HouseholdSet) -> TrainedModel:
    labels, context = LabelEncoder.fit(london), ContextEncoder()
    spec = CompVAESpec(latent_w=4, latent_z=1, part_hidden=16, day_hidden=16)
    module = build_module(spec, labels=len(labels.names), context=len(context.names))
    with torch.no_grad():
        for parameter in module.parameters():  # away from q = p, where nothing is encoded
            noise = torch.Generator().manual_seed(parameter.numel())
            parameter += 0.05 * torch.randn(parameter.shape, generator=noise)
    return TrainedModel("small", spec, module, labels, context)


@pytest.fixture(scope="module")
def vae() -> TrainedModel:
    spec = VAESpec(latent_z=3, hidden=16)
    return TrainedModel(
        "plain", spec, build_module(spec, labels=0, context=0), None, ContextEncoder()
    )


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_bar, "SIZES", (60, 90))


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.thread_.end()


@pytest.fixture
def session(london: HouseholdSet, qtbot: QtBot) -> Session:
    session = Session()
    state = starting_state(london.name, london, "model")
    models = {"model": {"name": "model"}, "other": {"name": "other"}}
    session.restore(
        Workspace(datasets={london.name: london}, models=models, street=state.to_tree()), None
    )
    return session


def load(session: Session, model: TrainedModel) -> None:
    tree = session.model_tree()
    assert tree is not None
    session.set_trained_model(tree, model)


def settled(panel: LatentPanel) -> bool:
    return panel.walk.settled and not panel._cloud_box.waiting


@pytest.fixture
def panel(session: Session, service: Service, compvae: TrainedModel, qtbot: QtBot) -> LatentPanel:
    panel = LatentPanel(session, service)  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.resize(1200, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    load(session, compvae)
    qtbot.waitUntil(lambda: panel.walk.strip.columns > 0 and settled(panel), timeout=20_000)
    return panel


def mean_kw(panel: LatentPanel) -> np.ndarray:
    return np.asarray(panel.walk.decoded._mean.getData()[1])


def test_the_street_is_decoded_at_zero_first(panel: LatentPanel) -> None:
    assert len(panel.walk.sliders.rows) == 4 + 7
    assert (panel.walk.u == 0).all()
    np.testing.assert_allclose(mean_kw(panel), panel.walk.decoded._middle.getData()[1])
    assert panel.walk.decoded._about.text().startswith("12 households")
    bits = [row.dimension.bits for row in panel.walk.sliders.rows]
    assert bits == sorted(bits, reverse=True)


def test_a_pick_moves_two_coordinates_and_bends_the_curve(panel: LatentPanel, qtbot: QtBot) -> None:
    panel.bar.kind.setCurrentIndex(panel.bar.kind.findData(AXES))
    x, y = panel.bar.dimensions
    before = mean_kw(panel)
    panel.map.picked.emit(1.5, -1.0)
    assert panel.walk.u[x] == pytest.approx(1.5)
    assert panel.walk.u[y] == pytest.approx(-1.0)
    assert np.count_nonzero(panel.walk.u) == 2
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert panel.walk.sliders.rows[0].field.value() == pytest.approx(1.5)
    assert not np.allclose(mean_kw(panel), before)


def test_a_slider_moves_the_marker_and_reset_goes_home(panel: LatentPanel, qtbot: QtBot) -> None:
    row = panel.walk.sliders.rows[2]
    row.field.setValue(2.0)
    assert panel.walk.u[row.dimension.index] == 2.0
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    panel.walk.sliders._reset.click()
    assert (panel.walk.u == 0).all()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert row.field.value() == 0.0


def test_snapping_takes_all_coordinates_of_a_real_sum(panel: LatentPanel) -> None:
    panel.bar.snap.setChecked(True)
    panel.map.picked.emit(0.3, 0.1)
    cloud = panel.cloud.u  # type: ignore[union-attr]
    assert (np.abs(cloud - panel.walk.u).max(axis=1) < 1e-6).sum() == 1


def test_traversals_go_where_they_say(panel: LatentPanel, qtbot: QtBot) -> None:
    assert panel.walk.differences.isVisible()
    assert panel.walk.differences.isChecked()
    np.testing.assert_allclose(panel.walk.strip._cells.curves[:, 2], 0.0)  # type: ignore[union-attr]
    panel.walk.differences.setChecked(False)
    panel.walk.strip.cell_asked.emit(1, 4)
    order = panel.cloud.order  # type: ignore[union-attr]
    assert panel.walk.u[order[1]] == 2.0
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    strip = panel.walk.strip._cells
    assert strip is not None
    np.testing.assert_allclose(strip.curves[1, 4], mean_kw(panel), rtol=1e-5)
    assert strip.row_titles[0].endswith("bits")


@pytest.mark.parametrize("kind", ["straight", "spherical"])
def test_from_a_to_b(panel: LatentPanel, qtbot: QtBot, kind: str) -> None:
    a, b = np.zeros(11), np.zeros(11)
    a[0], b[1] = 2.0, 2.0
    panel.walk.stand_at(a)
    panel.walk.between.buttons["A"].click()
    panel.walk.stand_at(b)
    panel.walk.pin("B")
    panel.walk.between.kind.setCurrentText(kind)
    panel.walk.between.slider.setValue(50)
    panel.walk.differences.setChecked(False)
    length = 2.0 if kind == "spherical" else np.sqrt(2.0)
    assert np.linalg.norm(panel.walk.u) == pytest.approx(length)
    qtbot.waitUntil(lambda: panel.walk.between.strip.columns == 9 and settled(panel), timeout=5000)
    cells = panel.walk.between.strip._cells
    assert cells is not None
    np.testing.assert_allclose(cells.curves[0, 4], mean_kw(panel), rtol=1e-5)
    panel.walk.between.clear.click()
    assert panel.walk.pins == {}
    assert not panel.walk.between.slider.isEnabled()


def test_the_map_can_be_coloured_by_every_column(panel: LatentPanel) -> None:
    titles = []
    for index in range(panel.bar.colour.count()):
        panel.bar.colour.setCurrentIndex(index)
        assert panel.colour_bar._scale is not None
        titles.append(panel.colour_bar._scale.title)
    assert len(set(titles)) == len(titles) >= 6
    assert {"week", "households", "anomaly, type B: KL(q(u|x) ‖ p), nats"} <= set(titles)


def test_another_household_or_week_is_another_curve(
    panel: LatentPanel, session: Session, qtbot: QtBot
) -> None:
    before = mean_kw(panel)
    session.add_households([session.households.household_ids[0]], 10)
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert panel.walk.decoded._about.text().startswith("22 households")
    assert mean_kw(panel).sum() > before.sum()
    axis = panel.walk.decoded.canvas.getAxis("bottom")
    day = axis.tickStrings([0.0], 1.0, DAY_SECONDS)
    session.set_week(session.households.split.train_weeks[0])
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert axis.tickStrings([0.0], 1.0, DAY_SECONDS) != day


def test_an_empty_composition_says_what_to_do(
    panel: LatentPanel, session: Session, qtbot: QtBot
) -> None:
    session.clear_composition()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert "add a household" in panel.walk.decoded._hint.text()
    assert panel.walk.decoded._hint.isVisible()
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: settled(panel), timeout=5000)
    assert not panel.walk.decoded._hint.isVisible()


def test_a_plain_vae_has_its_map_too(
    panel: LatentPanel, session: Session, vae: TrainedModel, qtbot: QtBot
) -> None:
    panel.walk.pin("A")
    session.choose_model("other")
    assert not panel.map.canvas.isVisible()
    load(session, vae)
    qtbot.waitUntil(lambda: len(panel.walk.sliders.rows) == 3 and settled(panel), timeout=20_000)
    assert panel.walk.u.shape == (3,)
    assert panel.walk.pins == {}
    assert panel.map.canvas.isVisible()
    assert panel.walk.decoded._about.text().startswith("10 households")
    assert panel.bar.axes[0].count() == 3


def test_a_map_on_its_way_is_dropped_with_its_model(panel: LatentPanel, session: Session) -> None:
    panel._encode()
    panel.walk.stand_at(np.ones_like(panel.walk.u))
    assert not panel.walk.settled
    session.choose_model("other")
    assert not panel._cloud_box.waiting
    assert not panel.encoding.isVisible()
    assert panel.cloud is None
    assert not any(box.waiting for box in panel.walk._boxes)


def test_an_encoding_is_cancelled_and_begun_again(panel: LatentPanel, qtbot: QtBot) -> None:
    before = panel.cloud
    panel._encode()
    qtbot.mouseClick(panel.encoding.button, Qt.MouseButton.LeftButton)
    assert not panel._cloud_box.waiting
    assert panel.cloud is before  # the map that was there stays
    assert panel.encoding.button.text() == "Encode"
    qtbot.mouseClick(panel.encoding.button, Qt.MouseButton.LeftButton)
    assert panel.encoding.button.text() == "Cancel"
    qtbot.waitUntil(lambda: panel.cloud is not before and settled(panel), timeout=20_000)
    assert not panel.encoding.isVisible()


def test_nothing_is_computed_while_the_page_is_hidden(
    session: Session, service: Service, compvae: TrainedModel, qtbot: QtBot
) -> None:
    panel = LatentPanel(session, service)  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    load(session, compvae)
    session.add_households([session.households.household_ids[0]])
    assert not panel._cloud_box.waiting
    assert not panel.walk._settle.isActive()
    with qtbot.waitExposed(panel):
        panel.show()
    assert panel._cloud_box.waiting
    qtbot.waitUntil(lambda: panel.walk.strip.columns > 0 and settled(panel), timeout=20_000)
